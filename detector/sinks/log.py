"""Writes each event as one line for people, or as JSON, to the standard output."""

import sys
from datetime import tzinfo
from typing import Annotated, Literal, TextIO

from pydantic import Field

from detector.delivery import Answer, Delivery, Outcome
from detector.events import EVIDENCE_KINDS, VIEW_KINDS, Event, EventData, EventKind
from detector.sinks.base import SinkSettings
from detector.types import Phase


class LogSettings(SinkSettings):
    """Lines on the standard output."""

    kind: Literal["log"] = "log"
    format: Literal["text", "json"] = "text"
    concurrency: Annotated[int, Field(ge=1, le=1)] = 1
    """One line after the other, in the order of the commits."""


class LogSink:
    """Prints."""

    def __init__(self, name: str, settings: LogSettings, out: TextIO | None = None) -> None:
        self.name = name
        self.settings = settings
        self._out = out

    async def start(self) -> None:
        """Nothing is to be prepared."""

    async def close(self) -> None:
        """Nothing is held."""

    async def send(self, delivery: Delivery) -> Outcome:
        """Write one line."""
        as_json = self.settings.format == "json"
        line = delivery.body if as_json else event_line(delivery.event())
        try:
            print(line, file=self._out or sys.stdout, flush=True)
        except (OSError, ValueError) as error:  # a broken pipe, a closed file
            return Outcome(Answer.UNREACHED, f"standard output: {error}")
        return Outcome(Answer.ACCEPTED, "written")


def event_line(event: Event, zone: tzinfo | None = None) -> str:
    """Say in one line what happened.

    Args:
        event: any event.
        zone: of the time of day; None for this machine's.
    """
    data = event.data
    if event.time is None:
        when = f"+{data.pts_s:.1f}s"
    else:
        when = event.time.astimezone(zone).strftime("%H:%M:%S")
    facts = ", ".join(_facts(data))
    what = _sentence(data)
    severity = data.severity.upper()
    return f"{when} {severity:<9} {data.camera}  {what}" + (f" ({facts})" if facts else "")


def _sentence(data: EventData) -> str:
    who = _who(data)
    if data.rule is EventKind.INCIDENT:
        return f"incident over{_outcome(data)}"
    if data.phase is Phase.END:
        return f"{who} {_DOING[data.rule].format(place=data.place)}: over{_outcome(data)}"
    doing = _DOING[data.rule].format(place=data.place)
    still = "still " if data.phase is Phase.UPDATE else ""
    sides = f", {data.side_from} → {data.side_to}" if data.side_from and data.side_to else ""
    return f"{who} {still}{doing}{sides}{_outcome(data)}"


_DOING = {
    EventKind.ZONE_INTRUSION: "in zone {place}",
    EventKind.APPROACH: "approaching {place}",
    EventKind.BARRIER_CROSSING: "crossed {place}",
    EventKind.CLIMBING: "climbing {place}",
    EventKind.LADDER_CARRIED: "carrying a ladder",
    EventKind.LADDER_AT_BARRIER: "at {place}",
    EventKind.LADDER_LEFT: "left at {place}",
    EventKind.LOITERING: "staying at {place}",
    EventKind.GROUP_SIZE: "together in {place}",
    EventKind.FENCE_WORK: "working at {place}",
    EventKind.PERSON_IN_WATER: "in the water of {place}",
    EventKind.ARRIVAL_FROM_WATER: "came ashore from {place}",
    EventKind.PERSON_DOWN: "lying down",
    EventKind.CAMERA_OFFLINE: "without a picture",
    EventKind.CAMERA_FROZEN: "frozen",
    EventKind.CAMERA_COVERED: "covered",
    EventKind.CAMERA_BLURRED: "blurred",
    EventKind.CAMERA_DARK: "dark",
    EventKind.CAMERA_MOVED: "moved",
    EventKind.CAMERA_CLOCK: "with a wrong clock",
    EventKind.EVIDENCE_READY: "ready",
    EventKind.EVIDENCE_MISSING: "missing",
}


def _who(data: EventData) -> str:
    if data.rule in (EventKind.LADDER_AT_BARRIER, EventKind.LADDER_LEFT):
        return "ladder"
    if data.rule in VIEW_KINDS:
        return "camera"
    if data.rule in EVIDENCE_KINDS:
        return "video"
    return "person" if data.count <= 1 else f"{data.count} persons"


def _outcome(data: EventData) -> str:
    return f", {data.outcome.replace('_', ' ')}" if data.outcome else ""


def _facts(data: EventData) -> list[str]:
    facts = []
    if data.track_ids and data.rule is not EventKind.INCIDENT:
        facts.append(f"track {data.track_ids[0]}")
    if data.distance_m is not None:
        about = "about " if data.estimated else ""
        past = " past" if data.rule is EventKind.BARRIER_CROSSING else ""
        facts.append(f"{about}{data.distance_m:.1f} m{past}")
    if data.eta_s is not None:
        facts.append(f"ETA {data.eta_s:.0f} s")
    return facts
