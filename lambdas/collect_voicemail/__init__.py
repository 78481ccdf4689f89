"""Moves a message from the carrier to the archive."""
