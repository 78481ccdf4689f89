"""The conversation core: events and time in, actions out."""
