"""Use cases, one verb phrase per file; ports come as keyword arguments."""
