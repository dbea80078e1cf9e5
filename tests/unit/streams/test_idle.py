"""Key frames only, and back: what is decoded must be what decoding everything gives."""

import logging
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from detector.streams import IdleSettings, IdleSwitch, InputSettings, SourceProgress, Timeline
from detector.streams.idle import MOST_BYTES, Arrived, IdleDecoder
from detector.streams.pictures import Pictures, SourceRequest
from detector.types import CameraId
from tests.unit.streams.test_wholeness import COUNT, GROUP, write_film

CAMERA = CameraId("north")
FPS = 25
OPEN_GROUPS = ":open-gop=1:b-adapt=0:b-pyramid=none"  # with pictures shown before a key frame


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def switch(clock: Clock, *, after_s: float = 5.0, gap_s: float = 2.0, stall_s: float = 10.0):  # noqa: ANN201
    return IdleSwitch(CAMERA, IdleSettings(after_s, gap_s), stall_s, clock)


def play(it: IdleSwitch, clock: Clock, gap_s: float, key_frames: int) -> list[bool]:
    """Let key frames come; gives whether they were enough at each."""
    said = []
    for _ in range(key_frames):
        it.key_frame(clock.now_s)
        said.append(it.keys_only(clock.now_s))
        clock.now_s += gap_s
    return said


def test_a_camera_idles_once_it_is_quiet_and_its_key_frames_are_known() -> None:
    clock = Clock()
    it = switch(clock, after_s=5.0)
    assert play(it, clock, 1.0, 8) == [False] * 5 + [True] * 3
    it = switch(clock, after_s=1.0)
    assert play(it, clock, 1.0, 6) == [False] * 3 + [True] * 3
    assert it.state == ("key_frames", "")


def test_somebody_in_view_ends_idling_at_once() -> None:
    clock = Clock()
    it = switch(clock, after_s=5.0)
    play(it, clock, 1.0, 8)
    it.attend()
    assert not it.keys_only(clock.now_s)
    assert play(it, clock, 1.0, 7) == [False] * 5 + [True] * 2


@pytest.mark.parametrize(("stall_s", "limit"), [(10.0, "2 s"), (3.0, "1.5 s")])
def test_rare_key_frames_are_refused_aloud_and_shown(
    stall_s: float, limit: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    it = switch(clock, stall_s=stall_s)
    with caplog.at_level(logging.INFO):
        assert not any(play(it, clock, 3.0, 10))
    reason = f"3.0 s between key frames, expected at most {limit}"
    assert it.state == ("all", reason)
    assert caplog.messages == [f"camera north: all pictures are decoded: {reason}"]


def test_a_camera_that_stretches_its_groups_is_decoded_before_the_next_key_frame() -> None:
    clock = Clock()
    it = switch(clock)
    assert play(it, clock, 1.0, 8)[-1]
    assert it.keys_only(clock.now_s + 0.9)
    assert not it.keys_only(clock.now_s + 1.1)
    clock.now_s += 3.0
    assert play(it, clock, 1.0, 4) == [False] * 3 + [True]


def test_a_new_connection_is_measured_anew() -> None:
    clock = Clock()
    it = switch(clock)
    play(it, clock, 1.0, 8)
    it.connect()
    assert play(it, clock, 1.0, 4) == [False] * 3 + [True]
    it.connect("its pictures come in segments")
    assert not any(play(it, clock, 1.0, 8))
    assert it.state == ("all", "its pictures come in segments")


def test_a_stream_without_key_frames_is_decoded_whole(tmp_path: Path) -> None:
    camera = Camera(write_film(tmp_path / "film.ts", options=":intra-refresh=1"))
    shown = list(camera.run(attend_at=COUNT))
    assert len(shown) == COUNT
    assert all(whole for *_, whole in shown)
    assert "refreshed piece by piece" in camera.switch.state[1]


def test_what_is_held_of_a_group_is_bounded() -> None:
    clock = Clock()
    it = switch(clock)
    play(it, clock, 1.0, 8)
    assert it.keys_only(clock.now_s, MOST_BYTES)
    assert not it.keys_only(clock.now_s, MOST_BYTES + 1)


class Camera:
    """A film that is read as a camera is, packet by packet, with a clock of its own."""

    def __init__(self, path: Path, *, spoil: int | None = None, lose: int | None = None) -> None:
        self.container = av.open(str(path))
        settings = InputSettings(path=str(path))
        self.progress = SourceProgress()
        request = SourceRequest(settings, CAMERA, None, Timeline(), self.progress)
        self.pictures = Pictures(request, self.container)
        self.clock = Clock()
        self.switch = switch(self.clock, after_s=0.5)
        self.decoder = IdleDecoder(self.pictures, self.switch)
        self.spoil, self.lose = spoil, lose

    def idle_at_once(self) -> None:
        """Let the distances of the key frames be known, and nobody in view, before it begins."""
        for _ in range(4):
            self.switch.key_frame(self.clock.now_s)
            self.clock.now_s += 1.0

    def run(self, attend_at: int) -> Iterator[tuple[int, int, np.ndarray, bool]]:
        """Give (packet's number, pts, grey levels, whole) of each picture; seen at a packet."""
        for number, packet in enumerate(self.container.demux(self.pictures.stream)):
            if not packet.size or number == self.lose:
                continue
            self.clock.now_s += 1 / FPS
            if attend_at <= number:
                self.switch.attend()
            if number == self.spoil:
                packet = damaged(packet)  # noqa: PLW2901
            for shown in self.decoder.decode(Arrived(packet, 0.0, self.clock.now_s)):
                whole = self.pictures.judge(shown.picture)
                pts = shown.picture.pts or 0
                yield number, pts, shown.picture.to_ndarray(format="gray"), whole
        for picture in self.pictures.decode(None):
            whole = self.pictures.judge(picture)
            yield COUNT, picture.pts or 0, picture.to_ndarray(format="gray"), whole


def damaged(packet: av.Packet) -> av.Packet:
    data = bytearray(bytes(packet))
    for at in range(len(data) // 2, len(data) // 2 + 60):
        data[at] ^= 0x5A
    spoilt = av.Packet(bytes(data))
    spoilt.pts, spoilt.dts, spoilt.time_base = packet.pts, packet.dts, packet.time_base
    spoilt.is_keyframe = packet.is_keyframe
    return spoilt


def all_of(path: Path) -> dict[int, np.ndarray]:
    with av.open(str(path)) as container:
        return {f.pts or 0: f.to_ndarray(format="gray") for f in container.decode(video=0)}


def keys_of(path: Path) -> list[int]:
    """Give the numbers of the packets with key frames."""
    with av.open(str(path)) as container:
        return [number for number, p in enumerate(container.demux(video=0)) if p.is_keyframe]


WAKE = 3 * GROUP + 12  # in the fourth group; three distances are known only at its key frame


@pytest.mark.parametrize("b_frames", [0, 2])
def test_after_idling_every_picture_since_the_key_frame_comes_and_is_as_it_was_sent(
    tmp_path: Path, b_frames: int
) -> None:
    film = write_film(tmp_path / "film.ts", b_frames=b_frames)
    truth = all_of(film)
    camera = Camera(film)
    seen = list(camera.run(WAKE))
    assert [pts for _, pts, _, _ in seen] == sorted(truth)
    assert all(whole for *_, whole in seen)
    assert all(np.array_equal(grey, truth[pts]) for _, pts, grey, _ in seen)
    key = [number for number, *_ in seen].index(3 * GROUP)
    assert not [n for n, *_ in seen if 3 * GROUP < n < WAKE], "idle, until somebody was seen"
    caught_up = [n for n, *_ in seen if n == WAKE]
    assert len(caught_up) >= WAKE - 3 * GROUP - b_frames, "the whole group at once"
    assert key < seen.index(next(s for s in seen if s[0] == WAKE))


@pytest.mark.parametrize("options", ["", OPEN_GROUPS])
def test_while_idle_each_key_frame_is_given_at_once_and_whole(tmp_path: Path, options: str) -> None:
    film = write_film(tmp_path / "film.ts", options=options, b_frames=4 if options else 0)
    truth = all_of(film)
    camera = Camera(film)
    camera.idle_at_once()
    seen = list(camera.run(attend_at=COUNT))
    assert [number for number, *_ in seen] == keys_of(film)
    assert len(seen) == 4
    assert all(whole and np.array_equal(grey, truth[pts]) for _, pts, grey, whole in seen)
    assert camera.progress.decoded == 4


@pytest.mark.parametrize("later", [0, 1, 4, 5, 12])
@pytest.mark.parametrize("options", ["", OPEN_GROUPS])
def test_pictures_that_build_on_a_group_that_was_passed_over_do_not_come(
    tmp_path: Path, options: str, later: int
) -> None:
    film = write_film(tmp_path / "film.ts", options=options, b_frames=4 if options else 0)
    truth = all_of(film)
    camera = Camera(film)
    camera.idle_at_once()
    seen = list(camera.run(keys_of(film)[2] + later))
    assert all(whole and np.array_equal(grey, truth[pts]) for _, pts, grey, whole in seen)
    since_key = sorted(truth)[-(COUNT - GROUP * 2) :]
    assert [pts for _, pts, *_ in seen][-len(since_key) :] == since_key
    assert len({pts for _, pts, *_ in seen}) == len(seen), "none twice"


@pytest.mark.parametrize("options", ["", OPEN_GROUPS])
@pytest.mark.parametrize("later", [1, 12])
@pytest.mark.parametrize("fault", ["lost", "damaged key frame"])
def test_what_builds_on_a_lost_or_damaged_picture_never_counts_as_whole_after_idling(
    tmp_path: Path, options: str, later: int, fault: str
) -> None:
    film = write_film(tmp_path / "film.ts", options=options, b_frames=4 if options else 0)
    truth, key = all_of(film), keys_of(film)[3]
    lost, spoilt = (key + 5, None) if fault == "lost" else (None, key)
    seen = list(Camera(film, lose=lost, spoil=spoilt).run(key + later))
    wrong = [pts for _, pts, grey, _ in seen if not np.array_equal(grey, truth[pts])]
    assert len(wrong) > 5, "the fault must show"
    assert not {pts for _, pts, _, whole in seen if whole}.intersection(wrong)
