"""Concludes what a call was about."""
