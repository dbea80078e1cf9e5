"""The boxes beside a clip lie on what the clip shows: a square that moves, and a real camera."""

import dataclasses
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import numpy as np
import pytest

from benchmarks.faults.camera import RtspCamera, missing_gstreamer
from detector.api.app import create_app
from detector.config import load_config
from detector.config.access import ApiSettings
from detector.events import EventKind
from detector.evidence.tracks import ClipTracks, TracksPicture
from detector.service import Service
from detector.store import EventQuery
from detector.types import U8, Detections
from detector.vision import DetectorInfo
from detector.vision.scripted import ScriptedDetector
from tests.moving_square import FPS, SIZE, bright_box, moving_film
from tests.shown_service import Client
from tests.site_folder import camera, make_config, write

STEP_PX = 2.0
"""So far the square moves from one picture to the next."""
TOLERANCE_PX = {"one stream": STEP_PX, "two streams": 1.5 * STEP_PX}
"""Two connections date one picture a little apart, so that its neighbour may be the nearest; the
track's box, which is smoothed, adds to that."""
RECORD = {"pre_capture_s": 2, "post_capture_s": 2}
QUIET_S = 3.0
"""Nobody is seen so long; the first pictures come before the camera told its clock."""


class SquareDetector(ScriptedDetector):
    """Finds the square where it is, as soon as the quiet is over, for as long as it is asked."""

    def __init__(self, lasts_s: float) -> None:
        super().__init__([])
        self._from_s = time.monotonic() + QUIET_S
        self._until_s = self._from_s + lasts_s

    @property
    def info(self) -> DetectorInfo:
        return dataclasses.replace(super().info, sha256="c" * 64)

    def detect(self, images: Sequence[U8]) -> list[Detections]:
        if not self._from_s <= time.monotonic() < self._until_s:
            return [Detections.empty() for _ in images]
        return [
            Detections(
                np.array([bright_box(image)], np.float32),
                np.array([0.9], np.float32),
                np.zeros(1, np.int64),
            )
            for image in images
        ]


@pytest.fixture
def moving_camera(tmp_path: Path) -> Iterator[RtspCamera]:
    if missing := missing_gstreamer():
        pytest.skip(f"needs gst-rtsp-server and its GObject bindings: {missing}")
    started = RtspCamera(moving_film(tmp_path / "moving.h264"), fps=FPS)
    started.start()
    yield started
    started.kill()


def decoded(clip: Path) -> list[tuple[float, U8]]:
    with av.open(str(clip)) as container:
        return [
            (float(picture.time or 0), np.asarray(picture.to_ndarray(format="bgr24"), np.uint8))
            for picture in container.decode(video=0)
        ]


def most_off_px(
    boxed: Sequence[TracksPicture], pictures: Sequence[tuple[float, U8]], late_s: float = 0.0
) -> float:
    """How far a side of a box is from the square in the picture ``late_s`` after its second."""
    times_s = np.array([at_s for at_s, _ in pictures])
    off_px = 0.0
    for seen in boxed:
        shown = pictures[int(np.abs(times_s - seen.t_s - late_s).argmin())][1]
        for box in seen.boxes:
            found = np.array(box.box) * (SIZE * 2)
            off_px = max(off_px, float(np.abs(found - bright_box(shown)).max()))
    return off_px


def clip_and_tracks(site: Path, folder: Path) -> tuple[Path, ClipTracks]:
    """Run the service until its first clip is there, and ask for the tracks as a page would."""
    with Service(load_config(site), SquareDetector(3.0)) as service:
        deadline_s = time.monotonic() + 60
        wanted = EventQuery(rules=(EventKind.EVIDENCE_READY, EventKind.EVIDENCE_MISSING))
        while not (said := service.store.events(wanted)):
            assert time.monotonic() < deadline_s
            time.sleep(0.05)
        event = said[0].event()
        assert event.data.has_clip, event.data.reasons
        client = Client(create_app(service, ApiSettings()))
        base = f"/api/v1/incidents/{event.data.incident_id}"
        (told,) = client.get(f"{base}/clips").json()["clips"]
        answer = client.get(f"{base}/clips/1.tracks.json")
        whole = client.get(base).json()
        (kept,) = folder.glob("data/clips/*/*.mp4")
    assert (whole["has_clip"], whole["clips"]["ready"]) == (True, 1)
    assert told["tracks_sha256"]
    return kept, ClipTracks.model_validate_json(answer.content)


@pytest.mark.parametrize("streams", ["one stream", "two streams"])
def test_the_box_at_a_second_of_the_clip_lies_on_the_square_it_shows_then(
    streams: str, moving_camera: RtspCamera, tmp_path: Path
) -> None:
    inputs = [{"path": moving_camera.url()}]
    if streams == "two streams":
        inputs.append({"path": moving_camera.url(), "roles": ["record"]})
    given = camera() | {
        "ffmpeg": {"inputs": inputs},
        "zones": {"yard": {"coordinates": [[0, 0], [1, 0], [1, 1], [0, 1]]}},
    }
    site = write(tmp_path, make_config(tmp_path, cameras={"north": given}, record=RECORD))
    clip, tracks = clip_and_tracks(site, tmp_path)

    pictures = decoded(clip)
    boxed = [seen for seen in tracks.pictures if seen.boxes]
    assert len(boxed) >= 5
    assert {box.track_id for seen in boxed for box in seen.boxes} <= {
        track.track_id for track in tracks.tracks
    }
    assert set(tracks.incident_track_ids) & {track.track_id for track in tracks.tracks}
    assert most_off_px(boxed, pictures) <= TOLERANCE_PX[streams]
    assert most_off_px(boxed, pictures, late_s=0.2) > 2 * STEP_PX, "it would show"
