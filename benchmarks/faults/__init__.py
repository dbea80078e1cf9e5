"""Real cameras on the loopback that fail on demand, and what the service makes of it."""
