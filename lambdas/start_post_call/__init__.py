"""Starts the post-call workflow of finished calls."""
