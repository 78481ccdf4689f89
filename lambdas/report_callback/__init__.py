"""Twilio's webhook for the calls of callbacks."""
