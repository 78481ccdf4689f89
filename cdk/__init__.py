"""Switchboard's infrastructure: it imports nothing that runs in production, and nothing of that imports it."""
