"""Tells the platform what came of it."""
