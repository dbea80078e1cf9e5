"""Watches fixed cameras along a barrier and reports what happens at the line."""

__version__ = "0.1.0"
