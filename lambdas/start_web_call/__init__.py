"""The browser softphone: its page and the one-time tokens of its calls."""
