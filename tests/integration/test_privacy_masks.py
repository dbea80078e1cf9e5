"""What a mask hides leaves the service through no door: everything that comes out is looked at."""

import dataclasses
import json
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from av.video.frame import VideoFrame

from benchmarks.faults.camera import RtspCamera, missing_gstreamer
from detector.api.app import create_app, openapi_document
from detector.cli import main
from detector.config import load_config
from detector.config.access import ApiSettings
from detector.events import Event, EventKind
from detector.service import Service
from detector.store import EventQuery
from detector.types import U8, Detections
from detector.vision import DetectorInfo
from detector.vision.scripted import ScriptedDetector
from tests.shown_service import Client
from tests.site_folder import RED, camera, make_config, write

SIZE = (96, 64)
SECRET = (255, 0, 255)  # magenta: no overlay, box or banner has this colour
PUBLIC = (60, 150, 60)
MASK = {"coordinates": "0,0,0.33,0,0.33,1,0,1", "reason": "the neighbour's garden"}


def film(path: Path, seconds: float = 6.0) -> Path:
    """A secret on the left, a person in the zone from 1 s to 4 s, five pictures a second."""
    format_name = "h264" if path.suffix == ".h264" else None
    with av.open(str(path), "w", format=format_name) as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.options = {"crf": "5", "g": "5", "bf": "0", "x264-params": "aud=1:slices=1"}
        for number in range(round(seconds * 5)):
            image = np.full((SIZE[1], SIZE[0], 3), PUBLIC, np.uint8)
            image[:, :32] = SECRET
            if 5 <= number < 20:
                image[32:48, 48:64] = RED
            picture = VideoFrame.from_ndarray(image, format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, 5)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def shows_secret(image: U8) -> bool:
    """Whether any pixel of a BGR picture is nearer to magenta than to anything else."""
    blue, green, red = (image[..., channel].astype(int) for channel in range(3))
    return bool(((blue - green > 60) & (red - green > 60)).any())


def decoded(jpeg: bytes) -> U8:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)


def pictures(path: Path) -> list[U8]:
    with av.open(str(path)) as container:
        return [p.to_ndarray(format="bgr24") for p in container.decode(video=0)]


class Watching(ScriptedDetector):
    """Sees a person in every picture, and keeps what it was shown."""

    def __init__(self) -> None:
        box = np.array([[46, 30, 66, 50]], np.float32)
        person = Detections(box, np.array([0.9], np.float32), np.zeros(1, np.int64))
        super().__init__([Detections.empty()] * 10 + [person] * 20)
        self.shown: list[U8] = []

    @property
    def info(self) -> DetectorInfo:
        return dataclasses.replace(super().info, sha256="c" * 64)

    def detect(self, images: Sequence[U8]) -> list[Detections]:
        self.shown += [image.copy() for image in images]
        return list(super().detect(images))


@pytest.fixture
def rtsp(tmp_path: Path) -> Iterator[str]:
    """Give the address of a camera that plays the film again and again."""
    if missing := missing_gstreamer():
        pytest.skip(f"needs gst-rtsp-server and its GObject bindings: {missing}")
    served = RtspCamera(film(tmp_path / "camera.h264"))
    served.start()
    yield served.url()
    served.kill()


def site(folder: Path, path: str, masks: dict[str, Any]) -> Path:
    record = {"pre_capture_s": 1, "post_capture_s": 1}
    given = camera(path) | {"privacy_masks": masks}
    return write(folder, make_config(folder, cameras={"north": given}, record=record))


def first(service: Service, kind: EventKind) -> Event:
    deadline_s = time.monotonic() + 60.0
    while not (found := service.store.events(EventQuery(rules=(kind,)))):
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    return found[0].event()


@pytest.mark.parametrize("masks", [{"garden": MASK}, {}])
def test_no_hidden_pixel_leaves_a_live_camera_by_any_door(
    rtsp: str, tmp_path: Path, masks: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Without the mask the same doors show it: the test would notice."""
    caplog.set_level("INFO")
    detector = Watching()
    with Service(load_config(site(tmp_path, rtsp, masks)), detector) as service:
        alarm = first(service, EventKind.ZONE_INTRUSION)
        ready = first(service, EventKind.EVIDENCE_READY)
        client = Client(create_app(service, ApiSettings()))
        event, incident = f"events/{alarm.id}", f"incidents/{alarm.data.incident_id}"
        doors = ["cameras/north/latest.jpg", "cameras/north/latest.jpg?height=90"]
        doors += [
            f"{of}/snapshot.jpg{how}" for of in (event, incident) for how in ("", "?overlay=0")
        ]
        answers = {door: client.get(f"/api/v1/{door}") for door in doors}
        told = client.get("/api/v1/cameras/north").json()["privacy_masks"]
        clip = service.clip(ready.data.incident_id, 1)
        kept = sorted((tmp_path / "data").rglob("*.jpg"))

    assert {door: answer.status_code for door, answer in answers.items()} == dict.fromkeys(
        doors, 200
    )
    came_out = [decoded(answer.content) for answer in answers.values()]
    came_out += [decoded(path.read_bytes()) for path in kept]
    came_out += pictures(clip)
    came_out += detector.shown
    assert len(kept) == 2
    assert len(detector.shown) > 10
    shown = [shows_secret(image) for image in came_out]
    assert not any(shown) if masks else all(shown)
    assert [(mask["name"], mask["reason"]) for mask in told] == [
        (name, mask["reason"]) for name, mask in masks.items()
    ]
    said = "camera north: privacy mask garden is burnt in: the neighbour's garden"
    assert (said in caplog.text) == bool(masks)


@pytest.mark.parametrize("masks", [{"garden": MASK}, {}])
def test_no_hidden_pixel_leaves_a_recording_by_any_door(
    tmp_path: Path, masks: dict[str, Any]
) -> None:
    config = site(tmp_path, "clip.mp4", masks)
    source, out = film(tmp_path / "film.mp4"), tmp_path / "out"
    out.mkdir()
    given = ["process", str(source), "--config", str(config), "--events", str(out / "e.jsonl")]
    assert main([*given, "--video", str(out / "v.mp4"), "--evidence", str(out / "evidence")]) == 0
    film(tmp_path / "clip.mp4")
    sheet = out / "sheet.png"
    assert main(["calibrate", str(config), "--out", str(sheet)]) == 0

    kept = sorted((out / "evidence").rglob("*.jpg"))
    clips = sorted((out / "evidence").rglob("*.mp4"))
    assert (len(kept), len(clips)) == (2, 2)
    came_out = [decoded(path.read_bytes()) for path in [*kept, sheet]]
    came_out += [p for path in (*clips, out / "v.mp4") for p in pictures(path)]
    shown = [shows_secret(image) for image in came_out]
    assert not any(shown) if masks else all(shown)
    assert json.loads((out / "e.jsonl").read_text().splitlines()[0])["data"]["has_snapshot"]


def test_nothing_that_can_be_asked_lifts_a_mask() -> None:
    """Cameras can only be looked at, and no route takes a word about masks."""
    document = openapi_document()
    for path, methods in document["paths"].items():
        if "/cameras" in path:
            assert set(methods) == {"get"}
        for operation in methods.values():
            names = {parameter["name"] for parameter in operation.get("parameters", [])}
            assert not any("mask" in name for name in names)
