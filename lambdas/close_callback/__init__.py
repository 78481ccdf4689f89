"""Stores a callback's one outcome."""
