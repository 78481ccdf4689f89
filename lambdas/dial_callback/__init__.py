"""Places the call of one attempt."""
