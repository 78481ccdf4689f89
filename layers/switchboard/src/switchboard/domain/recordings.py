"""What can be wrong with a recording for good: trying again cannot help."""


class RecordingTooLong(Exception):
    """More audio than a call can have."""


class VoicemailLost(Exception):
    """The carrier no longer has the message, and we never had it."""
