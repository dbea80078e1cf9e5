"""The tables. A change here needs a migration; a test compares the two.

``events.body`` and ``incidents.body`` hold the JSON that is sent; the other columns exist to find
rows. Times are UTC epoch seconds.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMES)

BigId = BigInteger().with_variant(Integer, "sqlite")
"""SQLite's own row number is 64 bits wide, but only a column named INTEGER is one."""

counters = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""``event_seq``: the last number given out. It outlives deleted events: no number comes twice.
``probes``: how often it was tried whether the database can be written."""

incidents = Table(
    "incidents",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("camera", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("severity", SmallInteger, nullable=False),
    Column("started_at", Double),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("operator_state", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "camera", "phase"),
    Index(None, "last_seq"),
    Index(None, "updated_at"),
)

operator_moves = Table(
    "operator_moves",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("incident_id", ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False),
    Column("state_from", Text, nullable=False),
    Column("state_to", Text, nullable=False),
    Column("moved_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("moved_at", Double, nullable=False),
    Index(None, "incident_id", "id"),
)

events = Table(
    "events",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=False),
    Column("id", Uuid, nullable=False, unique=True),
    Column("incident_id", ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False),
    Column("camera", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("severity", SmallInteger, nullable=False),
    Column("happened_at", Double),
    Column("recorded_at", Double, nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "camera", "seq"),
    Index(None, "rule", "seq"),
    Index(None, "incident_id", "seq"),
    Index(None, "happened_at"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("sink", Text, nullable=False),
    Column("seq", ForeignKey("events.seq", ondelete="CASCADE"), nullable=False),
    Column("incident_id", Uuid, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("queued_at", Double, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("last_attempt_at", Double),
    Column("last_answer", Text),
    Column("last_status", Integer),
    Column("last_detail", Text, nullable=False),
    UniqueConstraint("sink", "seq"),
    Index(None, "seq"),
    Index(None, "state", "sink"),
    Index(
        "ix_deliveries_pending_turn",
        "sink",
        "attempts",
        "seq",
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
    Index(
        "ix_deliveries_pending_order",
        "sink",
        "incident_id",
        "seq",
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
    sqlite_autoincrement=True,
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("delivery_id", ForeignKey("deliveries.id", ondelete="CASCADE"), nullable=False),
    Column("ended_at", Double, nullable=False),
    Column("took_s", Double, nullable=False),
    Column("answer", Text, nullable=False),
    Column("status", Integer),
    Column("detail", Text, nullable=False),
    Index(None, "delivery_id", "id"),
)

sinks = Table(
    "sinks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("hold_until", Double, nullable=False),
    Column("disabled_at", Double),
    Column("disabled_why", Text, nullable=False),
)
"""Only sinks that asked for a pause or said 410 have a row."""

camera_states = Table(
    "camera_states",
    metadata,
    Column("camera", Text, primary_key=True),
    Column("body", Text, nullable=False),
    Column("saved_at", Double, nullable=False),
)
"""What a camera's analysis needs to go on after a restart; opaque here."""

clips = Table(
    "clips",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("incident_id", ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("camera", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("begin_at", Double, nullable=False),
    Column("end_at", Double, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("incident_id", "number"),
    Index(None, "state", "due_at"),
)
"""Pieces of video: wanted with the event that asks for them, ready once the file is verified, or
missing. ``begin_at`` and ``end_at`` are by this machine's clock."""

watch_spans = Table(
    "watch_spans",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("camera", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("began_at", Double, nullable=False),
    Column("ended_at", Double, nullable=False),
    Index(None, "camera", "began_at"),
)
"""When a camera watched, watched badly or was blind; time in no span was not watched at all."""

custody_log = Table(
    "custody_log",
    metadata,
    Column("number", BigId, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("action", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index(None, "object"),
)
"""Who did what with evidence; each entry holds the hash of the one before it."""

holds = Table(
    "holds",
    metadata,
    Column("incident_id", ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("held_by", Text, nullable=False),
    Column("held_at", Double, nullable=False),
    Column("expires_at", Double),
)
"""Incidents whose evidence must not be deleted."""
