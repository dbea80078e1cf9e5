"""Recordings that the service plays as cameras have clips as cameras have them, loops as well."""

import json
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from detector.config import load_config
from detector.events import Event, EventKind
from detector.evidence.clip import cut_recording, write_clip
from detector.evidence.clip_folder import tracks_beside
from detector.service import Service
from detector.store import EventQuery
from detector.streams import (
    InputSettings,
    PacketRing,
    PrivacyMasks,
    SourceProgress,
    new_timeline,
    open_source,
)
from detector.types import CameraId
from tests.integration.streams.test_recordings import turn
from tests.site_folder import camera, make_config, make_recording, write

LENGTH_S, SHOWN = 4.0, (1.0, 3.0)
FPS = 10


def ready(service: Service, count: int) -> list[Event]:
    deadline_s = time.monotonic() + 90.0
    query = EventQuery(rules=(EventKind.EVIDENCE_READY, EventKind.EVIDENCE_MISSING))
    while len(found := service.store.events(query)) < count:
        assert time.monotonic() < deadline_s
        time.sleep(0.1)
    return sorted((record.event() for record in found), key=lambda event: event.seq)


def red_s(path: Path) -> list[tuple[float, bool]]:
    """Give the second of each picture of a clip, and whether somebody is there in red."""
    with av.open(str(path)) as clip:
        return [
            (float(p.time or 0.0), bool(np.ptp(p.to_ndarray(format="rgb24")[40, 56]) > 100))
            for p in clip.decode(video=0)
        ]


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.h264"])
def test_a_recording_played_in_a_loop_has_clips_that_go_on_over_its_end(
    tmp_path: Path, name: str
) -> None:
    record = {"pre_capture_s": 3, "post_capture_s": 1}
    given = camera(name)
    given["ffmpeg"]["inputs"][0]["loop"] = True
    config = make_config(tmp_path, cameras={"north": given}, record=record)
    make_recording(tmp_path / name, seconds=LENGTH_S, shown=SHOWN, fps=FPS)
    with Service(load_config(write(tmp_path, config))) as service:
        told = ready(service, 2)
        clip = service.clip(told[1].data.incident_id, 1)
        event = told[1]

    assert event.data.has_clip, event.data.reasons
    shown = red_s(clip)
    comes = [b for (a, before), (b, now) in pairwise(shown) if now and not before]
    goes = [b for (a, before), (b, now) in pairwise(shown) if before and not now]
    # The alarm of the second round asks for 3 s before it: the end of the first is in there
    assert len(comes) == 1
    assert comes[0] - goes[0] == pytest.approx(LENGTH_S - (SHOWN[1] - SHOWN[0]), abs=0.3)
    tracks = json.loads(tracks_beside(clip).read_text())
    seen = [picture["t_s"] for picture in tracks["pictures"] if picture["boxes"]]
    assert len(seen) > 5
    for at_s in seen:
        there = [red for shown_s, red in shown if abs(shown_s - at_s) <= 0.15]
        assert any(there), at_s


def test_a_dated_recording_has_clips_of_the_time_that_it_shows(tmp_path: Path) -> None:
    given = camera()
    given["ffmpeg"]["inputs"][0]["start_time"] = "2026-03-01T22:00:00Z"
    record = {"pre_capture_s": 0.5, "post_capture_s": 0.5}
    config = make_config(tmp_path, cameras={"north": given}, record=record)
    make_recording(tmp_path / "clip.mp4", seconds=LENGTH_S, shown=SHOWN, fps=FPS)
    with Service(load_config(write(tmp_path, config))) as service:
        event = ready(service, 1)[0]
        clip = service.store.clips(event.data.incident_id)[0]
    assert event.data.has_clip, event.data.reasons
    body = json.loads(clip.body)
    begun = 1772402400.0
    assert begun <= body["first_captured_at"] <= begun + 1.5
    assert body["tracks"]["pictures"] > 3


@pytest.mark.parametrize("how", ["fast", "off"])
def test_what_is_not_played_at_its_pace_asks_for_no_clip(tmp_path: Path, how: str) -> None:
    given = camera()
    if how == "fast":
        given["ffmpeg"]["inputs"][0]["pace"] = "fast"
    record = {"enabled": how == "fast", "post_capture_s": 0.5}
    config = make_config(tmp_path, cameras={"north": given}, record=record)
    with Service(load_config(write(tmp_path, config))) as service:
        deadline_s = time.monotonic() + 30.0
        while not (found := service.store.events(EventQuery())):
            assert time.monotonic() < deadline_s
            time.sleep(0.1)
        assert service.store.clips(found[0].event().data.incident_id) == ()


@pytest.mark.parametrize("b_frames", [0, 2])
@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_clip_of_a_recording_that_lies_on_its_side_is_upright_and_hides_the_same(
    tmp_path: Path, film: Callable[..., Path], degrees: int, b_frames: int
) -> None:
    path = film("a.mp4", 30, size=(64, 48), mark_top_left=True, b_frames=b_frames)
    turn(path, degrees)
    ring = PacketRing(60.0, 1 << 24)
    settings = InputSettings(path=str(path))
    with open_source(settings, CameraId("north"), ring=ring) as source:
        seen = [frame.image for frame in source]
    high, wide = seen[0].shape[:2]
    row, column = (int(at) for at in np.argwhere(seen[5][..., 1] > 200).mean(axis=0))
    half = 0.4
    x, y = column / wide, row / high
    mask = [(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)]
    packets = ring.between(0.0, math.inf)
    assert len(packets) == 30

    plain = write_clip(packets, tmp_path / "plain.mp4")
    hidden = write_clip(packets, tmp_path / "hidden.mp4", PrivacyMasks([mask]))

    assert (plain.width, plain.height, hidden.width, hidden.height) == (wide, high) * 2
    with av.open(str(tmp_path / "plain.mp4")) as clip:
        shown = [p.to_ndarray(format="bgr24") for p in clip.decode(video=0)]
    assert [int(image[row, column].max()) > 200 for image in shown] == [True] * 30
    with av.open(str(tmp_path / "hidden.mp4")) as clip:
        shown = [p.to_ndarray(format="bgr24") for p in clip.decode(video=0)]
    assert max(int(image.max()) for image in shown) < 200, "the mark is under the mask"


@pytest.mark.parametrize("how", ["played", "cut"])
@pytest.mark.parametrize("name", ["a.h264", "a.avi", "a.mp4"])
def test_a_clip_of_a_recording_shows_its_pictures_in_their_order(
    tmp_path: Path, film: Callable[..., Path], name: str, how: str
) -> None:
    """Raw H.264 and AVI do not say when those are shown that refer to later ones."""
    path = film(name, 40, size=(64, 48), b_frames=2)
    ring = PacketRing(60.0, 1 << 24)
    with open_source(InputSettings(path=str(path)), CameraId("north"), ring=ring) as source:
        assert len(list(source)) == 40

    if how == "played":
        made = write_clip(ring.between(0.0, math.inf), tmp_path / "clip.mp4")
    else:
        made = cut_recording(path, 0.0, 2.0, tmp_path / "clip.mp4")

    with av.open(str(tmp_path / "clip.mp4")) as clip:
        shown = [(p.pts, float(p.to_ndarray(format="gray").mean())) for p in clip.decode(video=0)]
    levels = [level for _, level in sorted(shown)]
    assert levels == sorted(levels)
    assert made.pictures == 40


@pytest.mark.parametrize("fps", [5, 12, 25, 30])
def test_raw_h264_has_the_rate_that_it_declares(tmp_path: Path, fps: int) -> None:
    """FFmpeg takes any for 25 pictures a second."""
    path = make_recording(tmp_path / "a.h264", seconds=4.0, fps=fps)
    ring = PacketRing(60.0, 1 << 24)
    with open_source(InputSettings(path=str(path)), CameraId("north"), ring=ring) as source:
        assert source.fps == fps
        times_s = [frame.pts for frame in source]
    packets = ring.between(0.0, math.inf)

    made = cut_recording(path, 0.0, 9.0, tmp_path / "cut.mp4")

    assert times_s == pytest.approx([number / fps for number in range(4 * fps)])
    assert packets[-1].arrived_at - packets[0].arrived_at == pytest.approx(4.0 - 1 / fps)
    assert made.duration_s == pytest.approx(4.0, abs=0.1)


@pytest.mark.parametrize("b_frames", [0, 2])
def test_packets_of_a_dated_recording_that_is_played_again_go_on_in_time(
    tmp_path: Path, film: Callable[..., Path], b_frames: int
) -> None:
    path = film("a.mp4", 30, b_frames=b_frames)
    begun = datetime(2026, 3, 1, 22, tzinfo=UTC)
    settings = InputSettings(path=str(path), start_time=begun, loop=True)
    ring, timeline, progress = PacketRing(60.0, 1 << 24), new_timeline(settings), SourceProgress()
    for _ in range(3):
        with open_source(settings, CameraId("north"), 5.0, timeline, progress, ring=ring) as source:
            list(source)

    taken_s = sorted(p.captured_at - begun.timestamp() for p in ring.between(0.0, math.inf))

    assert taken_s == pytest.approx([number / 25 for number in range(90)], abs=0.05)
