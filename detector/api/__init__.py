"""The HTTP interface: events, incidents, cameras, deliveries, health, and the status page."""
