"""Transitions become events and incidents: one happening is one incident with updates."""

from detector.incidents.book import IncidentBook, IncidentSettings, Outcome

__all__ = ["IncidentBook", "IncidentSettings", "Outcome"]
