"""The shapes of answers and requests that are not events themselves."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from detector.api.ports import CameraView
from detector.api.wording import headline
from detector.events import OPERATOR_MOVES, Event, Incident, OperatorState
from detector.incidents.coverage import WatchState
from detector.pipeline.health import CameraHealth, CameraState
from detector.pipeline.view_follower import GeometryState
from detector.store.records import IncidentRecord
from detector.types import ClockSource


class Value(BaseModel):
    """A shape that cannot be changed and has no other members than its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def utc(epoch_s: float | None) -> datetime | None:
    """Turn UTC epoch seconds into a date; None stays None."""
    return None if epoch_s is None else datetime.fromtimestamp(epoch_s, UTC)


class EventPage(Value):
    """Events in commit order and the cursor that continues them."""

    events: list[Event]
    next_after_seq: int = Field(description="give it as after_seq to get what comes later")
    first_seq: int = Field(
        description="oldest event that is kept; after_seq + 1 below it: some are missing"
    )


class OperatorMoveOut(Value):
    """One change that a person made."""

    state_from: OperatorState
    state_to: OperatorState
    by: str
    reason: str
    at: AwareDatetime


class ClipCountsOut(Value):
    """How many clips of an incident stand where; `/incidents/{id}/clips` tells of each."""

    wanted: int = Field(description="still to be written")
    ready: int
    missing: int = Field(description="there will be none, the clip says why")
    deleted: int = Field(description="there was one, until retention took it")


class IncidentOut(Value):
    """An incident, what it comes to in words, and what the people on duty made of it."""

    headline: str = Field(description="one neutral line for people")
    incident: Incident
    operator_state: OperatorState
    moves: list[OperatorState] = Field(description="states that may follow")
    history: list[OperatorMoveOut] = Field(description="oldest first; empty in lists")
    first_seq: int
    last_seq: int
    updated_at: AwareDatetime
    has_clip: bool = Field(description="there is verified video of it")
    clips: ClipCountsOut

    @classmethod
    def of(cls, record: IncidentRecord) -> Self:
        """Show a stored incident."""
        return cls(
            headline=headline(record.incident),
            incident=record.incident,
            operator_state=record.operator_state,
            moves=sorted(OPERATOR_MOVES[record.operator_state], key=list(OperatorState).index),
            history=[
                OperatorMoveOut(
                    state_from=move.state_from,
                    state_to=move.state_to,
                    by=move.by,
                    reason=move.reason,
                    at=datetime.fromtimestamp(move.at, UTC),
                )
                for move in record.history
            ],
            first_seq=record.first_seq,
            last_seq=record.last_seq,
            updated_at=datetime.fromtimestamp(record.updated_at, UTC),
            has_clip=record.clips.ready > 0,
            clips=ClipCountsOut(**asdict(record.clips)),
        )


class IncidentPage(Value):
    """Incidents, newest first, and the cursor that continues them."""

    incidents: list[IncidentOut]
    next_before_seq: int | None = Field(description="give it as before_seq; null on the last page")


class OperatorStateIn(Value):
    """What a person makes of an incident."""

    state: OperatorState
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = Field(
        default="", description="needed for a dismissal"
    )
    by: Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)] = Field(
        default="", description="who; the name of the API key is added"
    )


class PrivacyMaskOut(Value):
    """A part of the picture that is black in everything that is kept or shown."""

    name: str
    reason: str = Field(description="why, as configured; may be empty")
    coordinates: list[tuple[float, float]] = Field(description="polygon, shares of the picture")


class RecordStreamOut(Value):
    """How the stream is doing that clips are made of and that is not analysed."""

    state: CameraState
    reason: str = Field(description="why it is not well; empty while it is")
    since: AwareDatetime
    fps_in: float = Field(description="packets per second, of late")
    packets: int = Field(description="since the start")
    connects: int = Field(description="connections that gave a key frame")
    failures: int = Field(description="attempts in a row that failed")
    last_packet_at: AwareDatetime | None
    packet_age_s: float | None = Field(description="age of the newest packet")
    clock: ClockSource
    width: int
    height: int
    codec: str
    readers_replaced: int = Field(description="readers that hung and were replaced")
    readers_stuck: int = Field(description="how many of these still hang")

    @classmethod
    def of(cls, health: CameraHealth | None, now: float) -> Self | None:
        """Show a stream at ``now``, UTC epoch seconds; None where there is none."""
        if health is None:
            return None
        last = health.last_frame_at
        return cls(
            state=health.state,
            reason=health.reason,
            since=datetime.fromtimestamp(health.since, UTC),
            fps_in=round(health.fps_in, 2),
            packets=health.frames,
            connects=health.connects,
            failures=health.failures,
            last_packet_at=utc(last),
            packet_age_s=None if last is None else round(max(0.0, now - last), 3),
            clock=health.clock,
            width=health.width,
            height=health.height,
            codec=health.codec,
            readers_replaced=health.replaced,
            readers_stuck=health.stuck,
        )


class CameraOut(Value):
    """How a camera is doing."""

    name: str
    friendly_name: str
    source: str = Field(description="without any password")
    zones: list[str]
    barriers: list[str]
    privacy_masks: list[PrivacyMaskOut] = Field(
        description="burnt in before analysis, storage and streaming; no request lifts them"
    )
    state: CameraState
    reason: str = Field(description="why it is not well; empty while it is")
    since: AwareDatetime
    watch: WatchState = Field(description="how well it watches now; see its coverage")
    watch_reason: str = Field(description="why it does not watch well, in a word")
    watch_since: AwareDatetime | None = Field(
        description="since when it watches so, by this machine's clock; null before the first look"
    )
    geometry: GeometryState = Field(
        description="where zones and barriers are; degraded: the view was moved, they were not"
    )
    fps_in: float = Field(description="pictures decoded per second, of late")
    fps_analysed: float = Field(description="pictures analysed per second, of late")
    frames: int = Field(description="pictures handed to analysis, since the start")
    drops: int = Field(description="pictures that were replaced by newer ones, since the start")
    corrupt: int = Field(
        description="pictures kept from analysis, damaged or building on lost ones"
    )
    latency_s: float | None = Field(description="from decoded to analysed, newest picture")
    last_frame_at: AwareDatetime | None
    frame_age_s: float | None = Field(description="age of the newest picture")
    clock: ClockSource
    clock_offset_s: float | None
    clock_drift_ppm: float | None
    clock_jumps: int
    width: int
    height: int
    codec: str
    decoding: Literal["all", "key_frames"] = Field(description="`key_frames` while it idles")
    decoding_reason: str = Field(description="why it does not idle, where that is wanted")
    readers_replaced: int = Field(description="readers that hung and were replaced")
    readers_stuck: int = Field(description="how many of these still hang")
    record_stream: RecordStreamOut | None = Field(
        description="null where the analysed stream is the recorded one, or none is"
    )

    @classmethod
    def of(cls, camera: CameraView, now: float) -> Self:
        """Show a camera at ``now``, UTC epoch seconds."""
        health = camera.health()
        last = health.last_frame_at
        watching = camera.watching()
        return cls(
            name=camera.name,
            friendly_name=camera.friendly_name or camera.name,
            source=camera.source,
            zones=list(camera.zones),
            barriers=list(camera.barriers),
            privacy_masks=[
                PrivacyMaskOut(name=name, reason=mask.reason, coordinates=list(mask.coordinates))
                for name, mask in camera.privacy_masks.items()
            ],
            state=health.state,
            reason=health.reason,
            since=datetime.fromtimestamp(health.since, UTC),
            watch=WatchState.UNKNOWN if watching is None else watching.state,
            watch_reason="" if watching is None else watching.reason,
            watch_since=utc(None if watching is None else watching.began_at),
            geometry=camera.geometry(),
            fps_in=round(health.fps_in, 2),
            fps_analysed=round(health.fps_analysed, 2),
            frames=health.frames,
            drops=health.drops,
            corrupt=health.corrupt,
            latency_s=health.latency_s,
            last_frame_at=utc(last),
            frame_age_s=None if last is None else round(max(0.0, now - last), 3),
            clock=health.clock,
            clock_offset_s=health.clock_offset_s,
            clock_drift_ppm=health.clock_drift_ppm,
            clock_jumps=health.clock_jumps,
            width=health.width,
            height=health.height,
            codec=health.codec,
            decoding=health.decoding,
            decoding_reason=health.decoding_reason,
            readers_replaced=health.replaced,
            readers_stuck=health.stuck,
            record_stream=RecordStreamOut.of(camera.record_health(), now),
        )


class CameraList(Value):
    """All cameras in the order of the configuration."""

    cameras: list[CameraOut]
