"""Incidents in one neutral line: what was seen, never what somebody is or wants."""

from collections.abc import Callable, Mapping

from detector.events import EventKind, Incident
from detector.types import Phase


def headline(incident: Incident) -> str:
    """Say what an incident comes to: the gravest thing that was seen, who took part, and where."""
    gravest = next((kind for kind in _WORDS if kind in incident.rules), EventKind.ZONE_INTRUSION)
    words = _WORDS[gravest](_who(gravest, incident), incident)
    words = words[0].upper() + words[1:]
    return f"{words} · {', '.join(incident.places)}" if incident.places else words


def _who(kind: EventKind, incident: Incident) -> str:
    # The incident's count is of all who were there; how many did this, only its event can say.
    event = incident.gravest
    count = event.count if event is not None and event.rule is kind else 1
    return "person" if count <= 1 else f"{count} persons"


def _crossing(who: str, incident: Incident) -> str:
    event = incident.gravest
    if event is None or event.rule is not EventKind.BARRIER_CROSSING or not event.side_to:
        return f"{who} crossed the line"
    return f"{who} crossed the line from {event.side_from} to {event.side_to}"


def _climbing(who: str, incident: Incident) -> str:
    endings = {
        "over": "climbed over the barrier",
        "down_same_side": "climbed at the barrier and came down on the same side",
        "lost": "climbed at the barrier, then out of view",
    }
    return f"{who} {endings.get(incident.outcome, 'climbing at the barrier')}"


def _approach(who: str, incident: Incident) -> str:
    endings = {
        "crossed": "approached and crossed",
        "turned_back": "approached and turned back",
        "lost": "approached, then out of view",
    }
    ongoing = "approaching the barrier" if incident.phase is not Phase.END else "approached"
    return f"{who} {endings.get(incident.outcome, ongoing)}"


def _working(who: str, incident: Incident) -> str:
    return f"{who} {'working' if incident.phase is not Phase.END else 'worked'} at the barrier"


def _in_water(who: str, incident: Incident) -> str:
    if incident.outcome == "lost_in_water":
        return f"{who} last seen in the water"
    return f"{who} {'in' if incident.phase is not Phase.END else 'was in'} the water"


def _down(who: str, incident: Incident) -> str:
    return f"{who} {'lying' if incident.phase is not Phase.END else 'was lying'} down"


def _staying(who: str, incident: Incident) -> str:
    return f"{who} {'staying' if incident.phase is not Phase.END else 'stayed'} in one place"


def _in_zone(who: str, incident: Incident) -> str:
    return f"{who} {'in' if incident.phase is not Phase.END else 'was in'} the zone"


def _camera(open_: str, over: str) -> Callable[[str, Incident], str]:
    return lambda _who, incident: over if incident.phase is Phase.END else open_


# Gravest first.
_WORDS: Mapping[EventKind, Callable[[str, Incident], str]] = {
    EventKind.PERSON_IN_WATER: _in_water,
    EventKind.PERSON_DOWN: _down,
    EventKind.BARRIER_CROSSING: _crossing,
    EventKind.CLIMBING: _climbing,
    EventKind.FENCE_WORK: _working,
    EventKind.LADDER_AT_BARRIER: lambda _who, _incident: "Ladder at the barrier",
    EventKind.LADDER_CARRIED: lambda who, _incident: f"{who} with a ladder",
    EventKind.LADDER_LEFT: lambda _who, _incident: "Ladder without a person beside it",
    EventKind.ARRIVAL_FROM_WATER: lambda who, _incident: f"{who} came ashore",
    EventKind.GROUP_SIZE: lambda _who, incident: f"Group of {incident.count}",
    EventKind.LOITERING: _staying,
    EventKind.APPROACH: _approach,
    EventKind.ZONE_INTRUSION: _in_zone,
    EventKind.CAMERA_OFFLINE: _camera("camera gives no picture", "camera gave no picture"),
    EventKind.CAMERA_DARK: _camera("camera picture is dark", "camera picture was dark"),
    EventKind.CAMERA_COVERED: _camera("camera view is covered", "camera view was covered"),
    EventKind.CAMERA_FROZEN: _camera("camera picture stands still", "camera picture stood still"),
    EventKind.CAMERA_MOVED: _camera("camera looks elsewhere", "camera looked elsewhere"),
    EventKind.CAMERA_BLURRED: _camera("camera picture is blurred", "camera picture was blurred"),
    EventKind.CAMERA_CLOCK: _camera("camera clock is wrong", "camera clock was wrong"),
    EventKind.EVIDENCE_READY: _camera("video is ready", "video is ready"),
    EventKind.EVIDENCE_MISSING: _camera("video is missing", "video is missing"),
}
