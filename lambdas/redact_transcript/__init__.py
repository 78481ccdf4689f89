"""Stores the masked transcript."""
