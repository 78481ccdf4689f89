"""Files a message and agrees its callback."""
