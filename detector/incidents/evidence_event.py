"""The event that says whether an incident's clip is there."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid5

from detector.events import Clock, Event, EventKind, EventReason, Incident, wrapped
from detector.types import ClockSource, Phase, Severity


def evidence_event(
    site: str,
    incident: Incident,
    number: int,
    reasons: Sequence[EventReason],
    now: float | None,
    *,
    ready: bool,
) -> Event | None:
    """Say that the ``number``-th clip of an incident is verified, or will never be there.

    The payload is that of the incident's gravest event. The id derives from incident, number and
    kind, so saying it again is harmless. None where the incident never said anything.

    Args:
        site: name of the site.
        incident: as it is now.
        number: of the clip.
        reasons: what was measured, or why there is none.
        now: UTC epoch seconds; the event's time. None for a recording without a date.
        ready: whether it is there.
    """
    if incident.gravest is None:
        return None
    rule = EventKind.EVIDENCE_READY if ready else EventKind.EVIDENCE_MISSING
    changes: dict[str, object] = {
        "incident_phase": Phase.END if incident.phase is Phase.END else Phase.UPDATE,
        "phase": Phase.NEW,
        "rule": rule,
        "rule_name": "",
        "severity": Severity.INFO if ready else Severity.DETECTION,
        "latency": None,
        "has_snapshot": False,
        "has_clip": ready,
        "direction": "",
        "side_from": "",
        "side_to": "",
        "eta_s": None,
        "outcome": "",
        "reasons": tuple(reasons),
    }
    if not incident.gravest.recording:  # a recording's own dates stay
        changes["clock"] = Clock(source=ClockSource.ARRIVAL)
    data = incident.gravest.model_copy(update=changes)
    event_id = uuid5(incident.incident_id, f"clip/{number}/{rule}")
    at = None if now is None else datetime.fromtimestamp(now, UTC)
    return wrapped(data, event_id, site, at)
