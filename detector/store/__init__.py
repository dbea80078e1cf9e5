"""Keeps events, incidents and deliveries through crashes, in SQLite or PostgreSQL."""

from detector.store.custody_records import (
    CustodyAction,
    CustodyEntry,
    CustodyReport,
    NewCustody,
    incident_object,
)
from detector.store.disposal import Disposal, Oldest, Standing
from detector.store.dossier import Dossier, Receipt
from detector.store.holds import Hold
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
    "CustodyAction",
    "CustodyEntry",
    "CustodyReport",
    "Disposal",
    "Dossier",
    "EventQuery",
    "Hold",
    "IncidentQuery",
    "IncidentRecord",
    "NewCustody",
    "Oldest",
    "OperatorMove",
    "Pruned",
    "Receipt",
    "SinkStatus",
    "Standing",
    "Store",
    "StoreSettings",
    "StoredEvent",
    "incident_object",
    "open_store",
]
