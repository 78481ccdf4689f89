"""The media gateway: accepts media WebSockets and drives one conversation per call."""
