"""ElevenLabs: text to speech over a WebSocket."""
