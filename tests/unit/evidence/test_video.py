"""Recordings written picture by picture: their times, and what is left open."""

from pathlib import Path

import av
import numpy as np
import pytest

from detector.errors import DetectorError
from detector.evidence.video import VideoWriter
from detector.types import U8
from tests.unit.evidence.test_clip import full_disk

NOISE = np.random.default_rng(5)


def picture() -> U8:
    return NOISE.integers(0, 255, (144, 192, 3), np.uint8)


def test_pictures_that_come_faster_than_the_rate_keep_their_times(tmp_path: Path) -> None:
    """Several within one nominal step: a camera that was held up sends what it has at once."""
    times_s = [0.0, 0.2, 0.4, 0.41, 0.42, 0.43, 0.6, 0.8]
    with VideoWriter(tmp_path / "a.mp4", rate=5.0) as video:
        for at_s in times_s:
            video.write(picture(), at_s)
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert [shown.time for shown in container.decode(video=0)] == pytest.approx(times_s)


def test_a_recording_that_cannot_be_finished_is_closed(tmp_path: Path) -> None:
    def still_open() -> list[Path]:
        links = Path("/proc/self/fd").iterdir()
        return [link for link in links if link.exists() and link.resolve().parent == tmp_path]

    video = VideoWriter(tmp_path / "a.mp4", rate=5.0)

    def write() -> None:
        with video:
            for number in range(100):
                video.write(picture(), number / 5)

    with (
        full_disk(1_000),
        pytest.raises(DetectorError, match=r"cannot be written: File too large$"),
    ):
        write()
    assert still_open() == []
