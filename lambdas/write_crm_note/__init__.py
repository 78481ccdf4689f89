"""Tells the tenant's customer system."""
