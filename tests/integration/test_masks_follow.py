"""What a mask hides stays hidden while its camera is turned, through every door."""

import dataclasses
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.frame import VideoFrame

from benchmarks.faults.camera import RtspCamera, missing_gstreamer
from detector.api.app import create_app
from detector.config import load_config
from detector.config.access import ApiSettings
from detector.events import Event, EventKind
from detector.service import Service
from detector.store import EventQuery
from detector.types import U8, Detections
from detector.vision import DetectorInfo
from detector.vision.scripted import ScriptedDetector
from tests.integration.test_privacy_masks import MASK, decoded, pictures, shows_secret
from tests.shown_service import Client
from tests.site_folder import Config, camera, make_config, write

WIDTH, HEIGHT, BEYOND = 320, 192, 160
FPS = 5
DRAWN_S, TURNED_S = 9.0, 15.0
LEARN_S = 3.0
CAMERAS = {"a little": (0.04, True), "far": (0.3, True), "unwatched": (0.04, False)}
"""How far each is turned, as a share of its view, and whether moves are watched."""
SECRET = (255, 0, 255)  # red, green, blue
OPTIONS = {
    "g": str(FPS),
    "bf": "0",
    "preset": "ultrafast",
    "crf": "12",
    "x264-params": "aud=1:threads=1:slices=1",
}


def wide_view() -> U8:
    """A yard of grey boxes; the first third of the view, and all left of it, is secret."""
    random = np.random.default_rng(8)
    wide = np.full((HEIGHT, WIDTH + 2 * BEYOND, 3), 110, np.uint8)
    for _ in range(160):
        x, y, w, h = (int(v) for v in random.integers((0, 0, 8, 8), (640, HEIGHT, 50, 50)))
        level = int(random.integers(30, 230))
        cv2.rectangle(wide, (x, y), (x + w, y + h), (level, level, level), -1)
    wide[:, : BEYOND + round(0.33 * WIDTH)] = SECRET
    return wide


def film(path: Path, turn_share: float) -> Path:
    """Write a camera that is turned after ``DRAWN_S``; what it sees moves by ``turn_share``."""
    wide, random = wide_view(), np.random.default_rng(3)
    with av.open(str(path), "w", format="h264") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = OPTIONS
        for number in range(round((DRAWN_S + TURNED_S) * FPS)):
            turned = number >= DRAWN_S * FPS
            left = BEYOND - (round(turn_share * WIDTH) if turned else 0)
            image = wide[:, left : left + WIDTH].astype(int)
            image += random.integers(-2, 3, (HEIGHT, WIDTH, 1))
            picture = VideoFrame.from_ndarray(
                np.clip(image, 0, 255).astype(np.uint8), format="rgb24"
            )
            picture.pts, picture.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


class Restless(ScriptedDetector):
    """Sees somebody come and go every other second, whatever it is shown, and keeps that."""

    def __init__(self) -> None:
        box = np.array([[180, 90, 210, 150]], np.float32)
        person = Detections(box, np.array([0.9], np.float32), np.zeros(1, np.int64))
        super().__init__([*[Detections.empty()] * 6, *[person] * 6] * 60)
        self.shown: list[tuple[float, U8]] = []

    @property
    def info(self) -> DetectorInfo:
        return dataclasses.replace(super().info, sha256="c" * 64)

    def detect(self, images: Sequence[U8]) -> list[Detections]:
        self.shown += [(time.monotonic(), image.copy()) for image in images]
        return list(super().detect(images))


def site(folder: Path, path: str, *, watched: bool) -> Path:
    corners = [[0.4, 0.3], [0.8, 0.3], [0.8, 0.9], [0.4, 0.9]]
    integrity = {
        "learn_s": LEARN_S,
        "frozen": {"enabled": False},
        "moved": {"enabled": watched},
    }
    given: Config = camera(path, integrity=integrity, zones={"yard": {"coordinates": corners}})
    given["privacy_masks"] = {"garden": MASK}
    record = {"pre_capture_s": 2, "post_capture_s": 1, "piece_s": 6}
    return write(folder, make_config(folder, cameras={"north": given}, record=record))


def all_that_came_out(service: Service, detector: Restless, seconds: float) -> list[U8]:
    """Look at the live picture all the time, then at all that was kept or shown to the network."""
    client, seen = Client(create_app(service, ApiSettings())), []
    deadline_s = time.monotonic() + seconds
    while time.monotonic() < deadline_s:
        answer = client.get("/api/v1/cameras/north/latest.jpg")
        if answer.status_code == 200:
            seen.append(decoded(answer.content))
        time.sleep(0.1)
    while not service.store.events(EventQuery(rules=(EventKind.EVIDENCE_READY,))):
        assert time.monotonic() < deadline_s + 30.0
        time.sleep(0.1)
    data = Path(service.clip(service.store.events(EventQuery())[0].event().id, 1)).parents[2]
    kept = sorted(data.rglob("*.jpg"))
    clips = sorted(data.rglob("*.mp4"))
    assert any(path.name.endswith(".raw.jpg") for path in kept)
    assert len(seen) > 20
    assert len(detector.shown) > 20
    seen += [decoded(path.read_bytes()) for path in kept]
    seen += [image for _, image in detector.shown]
    seen += [image for path in clips for image in pictures(path)]
    return seen


def is_black(image: U8) -> bool:
    return int(image.max()) < 16


def withheld_s(shown: Sequence[tuple[float, U8]]) -> list[float]:
    """Give how long each stretch of pictures that are black all over lasted, the open one too."""
    lengths, began_s = [], None
    for at, image in shown:
        if is_black(image) and began_s is None:
            began_s = at
        elif not is_black(image) and began_s is not None:
            lengths.append(at - began_s)
            began_s = None
    return lengths if began_s is None else [*lengths, shown[-1][0] - began_s]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came out of a service whose camera was turned.

    Attributes:
        seen: all pictures, through every door.
        shown: when the network was shown which of them.
        events: what was told.
    """

    seen: list[U8]
    shown: list[tuple[float, U8]]
    events: list[Event]


@dataclasses.dataclass(frozen=True)
class Turned:
    """A service whose camera is turned and turned back again and again."""

    service: Service
    detector: Restless

    def outcome(self) -> Outcome:
        seen = all_that_came_out(self.service, self.detector, DRAWN_S + TURNED_S + 4.0)
        events = [record.event() for record in self.service.store.events(EventQuery(limit=500))]
        return Outcome(seen, self.detector.shown, events)


@contextmanager
def turned(folder: Path, turn_share: float, *, watched: bool) -> Iterator[Turned]:
    folder.mkdir()
    served = RtspCamera(film(folder / "camera.h264", turn_share), fps=FPS)
    detector = Restless()
    served.start()
    try:
        loaded = load_config(site(folder, served.url(), watched=watched))
        with Service(loaded, detector) as service:
            yield Turned(service, detector)
    finally:
        served.kill()


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """Watch all services beside each other: each has to be watched for half a minute."""
    if missing := missing_gstreamer():
        pytest.skip(f"needs gst-rtsp-server and its GObject bindings: {missing}")
    folder = tmp_path_factory.mktemp("turned")
    with ExitStack() as running, ThreadPoolExecutor() as watchers:
        services = [
            running.enter_context(turned(folder / name, turn_share, watched=watched))
            for name, (turn_share, watched) in CAMERAS.items()
        ]
        return dict(zip(CAMERAS, watchers.map(Turned.outcome, services), strict=True))


@pytest.mark.parametrize("name", ["a little", "far"])
def test_no_hidden_pixel_leaves_a_camera_that_is_turned(
    outcomes: dict[str, Outcome], name: str
) -> None:
    came_out = outcomes[name]
    leaks = sum(shows_secret(image) for image in came_out.seen)
    assert leaks == 0, f"{leaks} of {len(came_out.seen)}"
    lengths = withheld_s(came_out.shown)
    moved = [e for e in came_out.events if e.data.rule is EventKind.CAMERA_MOVED]
    assert moved
    assert "pictures" in {reason.predicate for reason in moved[-1].data.reasons}
    followed = name == "a little"
    said = f"withheld for {[round(length_s, 1) for length_s in lengths]} s"
    assert (max(lengths) < 10.0) == followed, said


def test_where_moves_are_not_watched_the_same_doors_show_it(outcomes: dict[str, Outcome]) -> None:
    """The test above would notice a mask that stays behind."""
    assert sum(shows_secret(image) for image in outcomes["unwatched"].seen) > 20
