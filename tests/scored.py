"""True events and alarms for tests of the scorer, with everything unimportant filled in."""

from typing import Any
from uuid import UUID, uuid5

from detector.benchmark.alarms import Alarm
from detector.benchmark.scoring import Heard
from detector.benchmark.truth import TrueEvent, Truth
from detector.types import Severity

FENCE = "fence"
INCIDENT = UUID(int=1)


def event(kind: str, start_s: float, end_s: float, **more: Any) -> TrueEvent:
    """Something happens at the fence."""
    given = {"kind": kind, "start_s": start_s, "end_s": end_s, "where": FENCE}
    return TrueEvent.model_validate(given | more)


def alarm(kind: str, at_s: float, **more: Any) -> Alarm:
    """The service says so."""
    given: dict[str, Any] = {
        "kind": kind,
        "at_s": at_s,
        "where": FENCE,
        "score": 0.8,
        "severity": Severity.DETECTION,
        "incident_id": INCIDENT,
        "track_ids": (1,),
        "count": 1,
        "direction": "",
        "distance_m": None,
        "xyxy": (10.0, 10.0, 30.0, 60.0),
        "foot": (20.0, 60.0),
    }
    return Alarm(**given | more)


def truth(*events: TrueEvent, duration_s: float = 3600.0, **more: Any) -> Truth:
    """A recording of an hour."""
    given = {"schema": "barrier-truth/1", "media": "clip.mp4", "duration_s": duration_s}
    return Truth.model_validate({**given, "events": events, **more})


def heard(real: Truth, *alarms: Alarm, name: str = "gate") -> Heard:
    """A recording and what was told about it."""
    return Heard(name, real, alarms, {})


def incident(number: int) -> UUID:
    """Another incident."""
    return uuid5(INCIDENT, str(number))
