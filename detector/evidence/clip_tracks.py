"""From what was seen while a camera was analysed to the tracks that lie beside a clip."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import numpy as np

from detector.errors import EvidenceError
from detector.evidence.clip_times import TICKS_PER_S, TimedPacket, longest_part, timed, typical_step
from detector.evidence.durable import replacing
from detector.evidence.tracks import ClipTrack, ClipTracks, TrackBox, TracksPicture
from detector.evidence.trail import TrailPicture
from detector.streams.packets import Packet
from detector.types import F64, ClockSource, ObjectClass


@dataclass(frozen=True, slots=True)
class ClipSubject:
    """What a clip is about.

    Attributes:
        incident_id: whose clip.
        number: of the clip within the incident.
        camera: whose packets.
        track_ids: the tracks the incident is about.
    """

    incident_id: UUID
    number: int
    camera: str
    track_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TracksFile:
    """Tracks that were written.

    Attributes:
        sha256: of the file, hexadecimal.
        bytes: size of the file.
        pictures: how many analysed pictures it holds.
    """

    sha256: str
    bytes: int
    pictures: int


class _ClipClock:
    """Says at which second of a clip a picture is shown that was analysed.

    Pictures and packets that the camera dates are matched by its clock. Others are matched by this
    machine's: a packet that was dated by its arrival has the same two times. Where the clip's
    packets have no camera time, a picture that has counts from when it was decoded.
    """

    def __init__(self, clip: Sequence[TimedPacket]) -> None:
        packets, shown_s = [each.packet for each in clip], [each.pts / TICKS_PER_S for each in clip]
        dated = [n for n, p in enumerate(packets) if p.captured_at != p.arrived_at]
        self._by_camera = _in_order(
            [packets[n].captured_at for n in dated], [shown_s[n] for n in dated]
        )
        self._by_arrival = _in_order([p.arrived_at for p in packets], shown_s)
        self._step_s = typical_step(sorted(each.pts for each in clip)) / TICKS_PER_S

    def shown_s(self, picture: TrailPicture) -> float | None:
        """Give the second of the clip; None where the clip does not show the picture."""
        if picture.clock is ClockSource.ARRIVAL:
            return self._at(self._by_arrival, picture.captured_at)
        if len(self._by_camera[0]):
            return self._at(self._by_camera, picture.captured_at)
        return self._at(self._by_arrival, picture.decoded_at)

    def _at(self, known: tuple[F64, F64], at: float) -> float | None:
        times, shown_s = known
        if not times[0] - self._step_s <= at <= times[-1] + self._step_s:
            return None
        return float(np.interp(at, times, shown_s))


def _in_order(times: Sequence[float], shown_s: Sequence[float]) -> tuple[F64, F64]:
    """Pair both in rising order: a decoder gives pictures as they are shown, not as they come."""
    return np.sort(np.asarray(times, np.float64)), np.sort(np.asarray(shown_s, np.float64))


def clip_tracks(
    packets: Sequence[Packet], pictures: Sequence[TrailPicture], subject: ClipSubject
) -> ClipTracks:
    """Say who was where in the clip that ``write_clip`` makes of the same ``packets``.

    Args:
        packets: as ``PacketRing.between`` gives them.
        pictures: what was analysed, of that time and around it.
        subject: whose clip it is.

    Raises:
        EvidenceError: the packets make no clip.
    """
    part = longest_part(packets)
    if not part:
        raise EvidenceError(f"expected packets from a key frame on, found {len(packets)} without")
    clip = timed(part)
    clock = _ClipClock(clip)
    placed = [(at_s, each) for each in pictures if (at_s := clock.shown_s(each)) is not None]
    placed.sort(key=lambda one: one[0])
    in_order = sorted(clip, key=lambda each: each.pts)
    classes = {
        int(box["track_id"]): ObjectClass(int(box["class_id"]))
        for _, picture in placed
        for box in picture.boxes
    }
    return ClipTracks(
        incident_id=subject.incident_id,
        clip=subject.number,
        camera=subject.camera,
        first_picture_at=datetime.fromtimestamp(in_order[0].packet.captured_at, UTC),
        last_picture_at=datetime.fromtimestamp(in_order[-1].packet.captured_at, UTC),
        incident_track_ids=subject.track_ids,
        tracks=tuple(
            ClipTrack(track_id=track_id, object_class=classes[track_id].label)
            for track_id in sorted(classes)
        ),
        pictures=tuple(_picture(at_s, picture) for at_s, picture in placed),
    )


def _picture(at_s: float, picture: TrailPicture) -> TracksPicture:
    return TracksPicture(
        t_s=round(at_s, 4),
        at=datetime.fromtimestamp(picture.captured_at, UTC),
        clock=picture.clock,
        boxes=tuple(_boxes(picture)),
    )


def _boxes(picture: TrailPicture) -> Iterator[TrackBox]:
    for box in picture.boxes:
        x1, y1, x2, y2 = (round(float(share), 5) for share in box["box"])
        yield TrackBox(
            track_id=int(box["track_id"]), box=(x1, y1, x2, y2), score=round(float(box["score"]), 4)
        )


def write_tracks(tracks: ClipTracks, path: Path) -> TracksFile:
    """Write ``tracks`` durably: whole or not at all.

    Raises:
        EvidenceError: disk full, read-only, no rights; what had the name before is not touched.
    """
    data = tracks.to_json().encode()
    try:
        with replacing(path) as part:
            part.write_bytes(data)
    except OSError as error:
        raise EvidenceError(f"{path}: expected to write tracks, found: {error}") from error
    return TracksFile(hashlib.sha256(data).hexdigest(), len(data), len(tracks.pictures))


def read_tracks(path: Path) -> tuple[ClipTracks, TracksFile]:
    """Read what ``write_tracks`` wrote.

    Raises:
        EvidenceError: it is not there, or is not tracks of version 1.
    """
    try:
        data = path.read_bytes()
        tracks = ClipTracks.model_validate_json(data)
    except (OSError, ValueError) as error:
        raise EvidenceError(f"{path}: expected the tracks of a clip, found: {error}") from error
    return tracks, TracksFile(hashlib.sha256(data).hexdigest(), len(data), len(tracks.pictures))
