"""Keeps events, incidents and deliveries through crashes, in SQLite or PostgreSQL."""

from detector.store.records import (
    ClipRecord,
    ClipState,
    Counts,
    EventQuery,
    IncidentQuery,
    IncidentRecord,
    OperatorMove,
    Pruned,
    SinkStatus,
    StoredEvent,
)
from detector.store.settings import StoreSettings
from detector.store.store import Store, open_store

__all__ = [
    "ClipRecord",
    "ClipState",
    "Counts",
    "EventQuery",
    "IncidentQuery",
    "IncidentRecord",
    "OperatorMove",
    "Pruned",
    "SinkStatus",
    "Store",
    "StoreSettings",
    "StoredEvent",
    "open_store",
]
