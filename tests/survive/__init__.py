"""Calls that outlive their gateways: many at once, over real sockets, while gateways are drained and killed."""
