"""Pictures and clips that show what an event says."""
