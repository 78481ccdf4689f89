"""Says what happens next with a callback."""
