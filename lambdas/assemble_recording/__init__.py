"""Makes one recording of a call's segments."""
