"""A live source whose reader was given up while it hung leaves alone what its successor uses."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import av
import pytest
from av.container import InputContainer

from detector.pipeline.tenure import Relieved, Tenure
from detector.stages import StageClock
from detector.streams import IdleSettings, IdleSwitch, InputSettings, SourceProgress, new_timeline
from detector.streams.live import LiveStream
from detector.streams.pictures import SourceRequest
from detector.types import U8, CameraId
from tests.site_folder import make_recording

LIVE = InputSettings(path="rtsp://192.0.2.1/1")


class Switch(IdleSwitch):
    """Counts who comes."""

    def __init__(self) -> None:
        super().__init__(CameraId("north"), IdleSettings(10.0, 4.0), 10.0)
        self.touched = 0

    def connect(self, unfit: str = "") -> None:
        self.touched += 1
        super().connect(unfit)

    def key_frame(self, at_s: float) -> None:
        self.touched += 1
        super().key_frame(at_s)


class Masks:
    """Counts the pictures that were masked."""

    burnt = 0

    def burn(self, image: U8) -> None:
        del image
        self.burnt += 1


def request(tenure: Tenure, switch: Switch, masks: Masks) -> SourceRequest:
    return SourceRequest(
        LIVE,
        CameraId("north"),
        None,
        new_timeline(LIVE),
        SourceProgress(),
        StageClock(),
        idle=switch,
        masks=masks,
        check=tenure.check,
    )


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[InputContainer]:
    """Packets of a film, as if a camera sent them."""
    with av.open(str(make_recording(tmp_path / "a.mp4"))) as film:
        like: Any = SimpleNamespace(
            format=SimpleNamespace(name="rtsp"), streams=film.streams, demux=film.demux
        )
        yield cast("InputContainer", like)


def test_a_packet_that_comes_after_that_touches_nothing(camera: InputContainer) -> None:
    tenure, switch, masks = Tenure(), Switch(), Masks()
    frames = iter(LiveStream(request(tenure, switch, masks), camera))
    next(frames)
    before = (switch.touched, masks.burnt)
    tenure.end()
    with pytest.raises(Relieved):
        next(frames)
    assert (switch.touched, masks.burnt) == before == (2, 1)


def test_a_connection_that_opens_after_that_touches_nothing(camera: InputContainer) -> None:
    tenure, switch, masks = Tenure(), Switch(), Masks()
    tenure.end()
    with pytest.raises(Relieved):
        LiveStream(request(tenure, switch, masks), camera)
    assert switch.touched == 0
