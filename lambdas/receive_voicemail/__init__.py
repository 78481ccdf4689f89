"""Twilio's webhook for recorded messages."""
