"""Speech and language without keys or network, for demo and tests."""
