"""Ports implemented: one folder per vendor. The only place where vendor SDKs appear."""
