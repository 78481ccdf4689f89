"""Asks how far a transcription is."""
