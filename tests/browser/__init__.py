"""The softphone in a real Chromium, against a gateway that only plays its part of the protocol."""
