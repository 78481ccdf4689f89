"""Starts the transcription of a recording."""
