"""What the platform tells of itself: metrics, traces, and the one sink that its lines leave by."""
