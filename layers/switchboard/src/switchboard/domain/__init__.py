"""Values and rules, one module per concept. Pure: no I/O, no clock, no randomness."""
