"""Switchboard: an enterprise voice-agent platform, without a channel or vendor in its centre."""
