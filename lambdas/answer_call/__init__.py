"""The telephony webhooks."""
