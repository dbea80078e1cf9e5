from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.benchmark import strip
from detector.benchmark.report import Failure
from detector.benchmark.strip import WIDTH_PX, choose, pictures
from detector.errors import SourceBroken, SourceNotFound
from detector.streams import InputSettings, open_source
from detector.streams.base import Closing
from detector.types import U8, CameraId, Frame, Xyxy

FPS = 10.0
STEP = 20
"""Grey levels from one frame to the next."""


def failure(
    at_s: float = 0.0,
    *,
    what: str = "missed",
    kind: str = "climbing",
    clip: str = "gate",
    box: Xyxy | None = None,
) -> Failure:
    whole = {"clip": clip, "media": f"{clip}.mp4", "what": what, "kind": kind, "where": "fence"}
    return Failure.model_validate({**whole, "at_s": at_s, "box": box, "note": ""})


def recording(folder: Path, frames: int = 8, size: tuple[int, int] = (640, 360)) -> InputSettings:
    """A folder of pictures whose n-th is of grey level n * STEP."""
    folder.mkdir()
    for n in range(frames):
        image = np.full((size[1], size[0], 3), n * STEP, np.uint8)
        assert cv2.imwrite(str(folder / f"{n:03d}.png"), image)
    return InputSettings(path=str(folder), image_fps=FPS)


def decoded(jpeg: bytes) -> U8:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)


def test_missed_alerts_come_first_then_false_alarms_then_the_rest() -> None:
    failures = [
        failure(kind="approach"),
        failure(what="false", kind="approach"),
        failure(what="late", kind="climbing"),
        failure(kind="climbing"),
        failure(what="false", kind="climbing"),
    ]
    assert choose(failures, {"climbing"}) == (3, 1, 4, 0, 2)
    assert choose(failures, {"climbing"}, limit=2) == (3, 1)
    assert choose([], {"climbing"}) == ()


def test_each_failure_gets_the_frame_nearest_in_time(tmp_path: Path) -> None:
    inputs = {"gate": recording(tmp_path / "gate")}
    times_s = (0.44, 0.0, 0.36, 0.36, 99.0)
    found = pictures([failure(t) for t in times_s], inputs, {"climbing"})
    greys = [round(float(decoded(found[i]).mean()) / STEP) for i in range(len(times_s))]
    assert greys == [4, 0, 4, 4, 7]


def test_each_recording_is_read_once_and_no_further_than_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = {name: recording(tmp_path / name) for name in ("gate", "yard")}
    opened = []
    really = strip.open_source

    def counting(settings: InputSettings, *rest: object) -> object:
        opened.append(really(settings, *rest))  # type: ignore[arg-type]
        return opened[-1]

    monkeypatch.setattr(strip, "open_source", counting)
    failures = [failure(0.1), failure(0.2, clip="yard"), failure(0.3), failure(0.0, clip="yard")]
    assert set(pictures(failures, inputs, ())) == {0, 1, 2, 3}
    assert [source.progress.frames for source in opened] == [4, 3]


def test_a_picture_is_scaled_down_and_never_up(tmp_path: Path) -> None:
    inputs = {
        "gate": recording(tmp_path / "gate", 1, (1280, 720)),
        "yard": recording(tmp_path / "yard", 1, (320, 240)),
    }
    boxed = failure(box=(10.0, 10.0, 200.0, 500.0))
    found = pictures([failure(), boxed, failure(clip="yard")], inputs, ())
    shapes = [decoded(found[i]).shape for i in range(3)]
    assert shapes == [(270, WIDTH_PX, 3), (270, WIDTH_PX, 3), (240, 320, 3)]


def test_the_box_is_drawn_where_it_is_in_the_colour_of_what_went_wrong(tmp_path: Path) -> None:
    inputs = {"gate": recording(tmp_path / "gate", 1, (960, 540))}
    box = (400.0, 200.0, 600.0, 500.0)
    found = pictures([failure(box=box), failure(what="false", box=box)], inputs, ())
    missed, false = (decoded(found[i]).astype(int)[175, 200] for i in range(2))
    assert missed[2] > missed[0] + 80  # vermilion
    assert false[0] > false[2] + 80  # blue
    inside = decoded(found[0])[175, 250]
    assert inside.max() < 20


def test_a_small_box_is_shown_enlarged_away_from_it(tmp_path: Path) -> None:
    folder = tmp_path / "gate"
    settings = recording(folder, 1, (960, 540))
    image = np.zeros((540, 960, 3), np.uint8)
    image[300:340, 100:120] = (0, 255, 0)
    cv2.imwrite(str(folder / "000.png"), image)
    found = pictures([failure(box=(100.0, 300.0, 120.0, 340.0))], {"gate": settings}, ())
    green = decoded(found[0])[..., 1] > 200
    red = decoded(found[0])[..., 2] > 150
    loupe = green & ~red
    assert loupe[:, 240:].sum() > 10 * loupe[:, :240].sum() > 0


def test_only_the_chosen_have_pictures(tmp_path: Path) -> None:
    inputs = {"gate": recording(tmp_path / "gate")}
    failures = [failure(0.1 * n, what="false" if n == 3 else "late") for n in range(6)]
    assert set(pictures(failures, inputs, (), limit=2)) == {0, 3}


def test_a_recording_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    inputs = {"gate": InputSettings(path=str(tmp_path / "gone.mp4"))}
    with pytest.raises(SourceNotFound, match=r"gone\.mp4|gate"):
        pictures([failure()], inputs, ())


def test_a_recording_that_breaks_off_gives_what_came_before_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    inputs = {"gate": recording(tmp_path / "gate")}

    class Breaking(Closing):
        def __init__(self, *_: object) -> None:
            self._whole = open_source(inputs["gate"], CameraId("gate"))

        def __iter__(self) -> Iterator[Frame]:
            yield from islice(self._whole, 3)
            raise SourceBroken("gate: breaks off after 0.3 s")

        def close(self) -> None:
            self._whole.close()

    monkeypatch.setattr(strip, "open_source", Breaking)
    found = pictures([failure(0.1), failure(0.7)], inputs, ())
    assert set(found) == {0}
    assert "breaks off after 0.3 s" in caplog.text
