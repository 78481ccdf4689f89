"""The embedded stores: one SQLite file, for one machine."""
