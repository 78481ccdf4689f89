"""Publishes tenants' configuration."""
