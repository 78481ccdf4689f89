"""Anthropic behind our ports."""
