"""Twilio: webhook signatures, TwiML and the Calls API. Its media messages are in `channels.twilio`."""
