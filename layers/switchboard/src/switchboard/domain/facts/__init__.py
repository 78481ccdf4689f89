"""What has happened, as the rest of the world is told: one versioned struct per kind, ids and counts, nothing personal."""
