"""The conversation core, as its tests specify it."""
