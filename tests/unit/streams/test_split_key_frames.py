"""Cameras that repeat their parameter sets before each slice: FFmpeg parts their key frames."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from av.container import InputContainer
from av.packet import Packet

from detector.streams.base import InputSettings, SourceProgress
from detector.streams.frame_numbers import KeyFrameParts, continues_picture
from detector.streams.packets import PacketRing
from detector.streams.pictures import Pictures, SourceRequest
from detector.streams.tap import PacketTap, parameter_sets
from detector.streams.timeline import Timeline
from detector.types import CameraId, ClockSource
from tests.unit.streams.test_wholeness import COUNT, GROUP, write_film

START = b"\x00\x00\x01"
ARRIVAL = (0.0, ClockSource.ARRIVAL)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_film(tmp_path / "film.ts", options=":slices=2")


def like(packet: Packet, data: bytes) -> Packet:
    part = Packet(data)
    part.pts, part.dts, part.time_base = packet.pts, packet.dts, packet.time_base
    part.is_keyframe = packet.is_keyframe
    return part


def parted(container: InputContainer) -> Iterator[Packet]:
    """The packets as such a camera's come: key frames in two, parameter sets before each."""
    for packet in container.demux(container.streams.video[0]):
        data = bytes(packet)
        if not packet.is_keyframe or not data:
            yield packet
            continue
        second = data.rfind(START + b"\x65")
        assert data.find(START + b"\x65") < second, "two slices"
        yield like(packet, data[:second])
        yield like(packet, parameter_sets("h264", data) + data[second:])


def request(path: Path, detect_fps: float | None = None) -> SourceRequest:
    settings = InputSettings(path=str(path))
    return SourceRequest(settings, CameraId("gate"), detect_fps, Timeline(), SourceProgress())


def test_a_parted_key_frame_spoils_neither_itself_nor_what_follows(film: Path) -> None:
    with av.open(str(film)) as container:
        clean = {p.pts: p.to_ndarray(format="gray") for p in container.decode(video=0)}
    about = request(film, detect_fps=5.0)
    whole, due = {}, []
    with av.open(str(film)) as container:
        pictures = Pictures(about, container)
        for packet in parted(container):
            for picture in pictures.decode(packet):
                frame = pictures.frame(picture, float(picture.time or 0), ARRIVAL)
                due += [] if frame is None else [frame]
                if pictures.whole:
                    whole[picture.pts] = picture.to_ndarray(format="gray")
    assert whole.keys() == clean.keys()
    assert all(np.array_equal(whole[pts], clean[pts]) for pts in clean)
    assert (about.progress.decoded, about.progress.corrupt) == (COUNT, 0)
    assert len(due) == COUNT / 5
    assert not any(frame.corrupt for frame in due), "half of a key frame took the place of all"


@pytest.mark.parametrize("last", [GROUP, GROUP + 1])
def test_half_a_key_frame_whose_rest_never_comes_is_damaged(film: Path, last: int) -> None:
    about, seen = request(film), []
    with av.open(str(film)) as container:
        pictures = Pictures(about, container)
        packets = [packet for packet in parted(container) if packet.size]
        del packets[GROUP + 2]  # the first group has one packet more than pictures
        for packet in [*packets[: last + 2], Packet()]:
            for picture in pictures.decode(packet):
                pictures.frame(picture, float(picture.time or 0), ARRIVAL)
                seen.append(pictures.whole)
    assert seen == [True] * GROUP + [False] * (last - GROUP + 1)
    assert about.progress.corrupt == last - GROUP + 1


def test_a_parted_key_frame_is_kept_as_one_packet(film: Path) -> None:
    ring = PacketRing(60, 1 << 24)
    with av.open(str(film)) as container:
        tap = PacketTap(ring, container.streams.video[0], untimed=False)
        for packet in parted(container):
            tap.add(packet, 100.0, 100.0)
    kept = ring.between(0.0, 1000.0)
    assert len(kept) == COUNT
    assert sum(packet.is_key for packet in kept) == COUNT / GROUP
    assert ring.bytes_held == sum(len(packet.data) for packet in kept)


def test_only_slices_after_the_first_continue_a_picture() -> None:
    assert continues_picture(START + b"\x67\x42" + START + b"\x65\x20")
    assert not continues_picture(START + b"\x67\x42" + START + b"\x65\x88")
    hevc = KeyFrameParts("hevc")
    assert not any(hevc.continues(0, START + b"\x65\x20", is_key=True) for _ in range(2))
    assert not continues_picture(b"")
