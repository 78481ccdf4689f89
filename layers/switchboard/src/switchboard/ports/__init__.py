"""What the application needs from outside: one Protocol per file."""
