from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from detector.streams.frame_numbers import FrameNumbers
from detector.streams.wholeness import Wholeness

COUNT, GROUP = 100, 25
LIKE_CLEAN_DB = 35.0
Drop = Callable[[int], bool]
Seen = dict[int, tuple[np.ndarray, bool]]  # by pts: grey levels, called whole


def write_film(path: Path, *, options: str = "", b_frames: int = 0) -> Path:
    """Write a texture that moves, in H.264 with start codes."""
    texture = np.random.default_rng(1).integers(0, 255, (30, 40, 3), np.uint8)
    image = texture.repeat(8, 0).repeat(8, 1)
    settings = {"g": str(GROUP), "bf": str(b_frames), "preset": "ultrafast", "crf": "18"}
    settings["x264-params"] = f"scenecut=0:threads=1{options}"
    with av.open(str(path), "w", format="mpegts") as container:
        stream = container.add_stream("libx264", rate=25, options=settings)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(COUNT):
            picture = VideoFrame.from_ndarray(np.roll(image, 3 * number, 1), format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def decode(path: Path, drop: Drop = lambda _: False) -> Seen:
    """Decode without the packets that ``drop`` names by their number."""
    seen: Seen = {}
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        wholeness = Wholeness(FrameNumbers("h264", bytes(context.extradata or b"")))
        for number, packet in enumerate(container.demux(stream)):
            if packet.size and drop(number):
                continue
            if packet.size:
                wholeness.packet(bytes(packet), packet.pts, is_key=packet.is_keyframe)
            for picture in context.decode(packet):
                whole = wholeness.picture(picture.pts, is_damaged=picture.is_corrupt)
                seen[picture.pts or 0] = (picture.to_ndarray(format="gray"), whole)
    return seen


def broken(seen: Seen, clean: Seen) -> set[int]:
    """Give the pictures that are unlike those of the clean stream."""
    errors = {
        pts: float(((image.astype(float) - clean[pts][0]) ** 2).mean())
        for pts, (image, _) in seen.items()
    }
    limit = 255**2 / 10 ** (LIKE_CLEAN_DB / 10)
    return {pts for pts, error in errors.items() if error > limit}


SAMPLE = Path(__file__).parents[3] / "samples" / "ladder_day.mp4"
DROPS: dict[str, Drop] = {
    "every key frame but the first": lambda n: n > 0 and n % GROUP == 0,
    "one key frame": lambda n: n == GROUP,
    "one picture": lambda n: n == GROUP + 5,
    "every seventh packet": lambda n: n % 7 == 3,
}


@pytest.mark.parametrize("options", ["", ":ref=3"])
@pytest.mark.parametrize("drop", DROPS.values(), ids=DROPS)
def test_no_picture_that_builds_on_a_lost_one_is_called_whole(
    tmp_path: Path, drop: Drop, options: str
) -> None:
    film = write_film(tmp_path / "film.ts", options=options)
    clean, seen = decode(film), decode(film, drop)

    wrong = broken(seen, clean)

    assert wrong, "the loss is to be seen, or nothing is shown here"
    assert not {pts for pts in wrong if seen[pts][1]}


def test_a_clean_stream_is_whole_and_after_a_loss_it_is_again_from_the_next_key_frame_on(
    tmp_path: Path,
) -> None:
    film = write_film(tmp_path / "film.ts")
    clean, seen = decode(film), decode(film, DROPS["one picture"])
    withheld = {pts for pts, (_, whole) in seen.items() if not whole}

    assert len(clean) == COUNT
    assert all(whole for _, whole in clean.values())
    order = sorted(clean)
    assert withheld == set(order[GROUP + 6 : 2 * GROUP])


def test_a_clean_stream_with_b_frames_is_whole(tmp_path: Path) -> None:
    clean = decode(write_film(tmp_path / "film.ts", options=":open-gop=1", b_frames=2))
    assert all(whole for _, whole in clean.values())


REFRESH = ":intra-refresh=1"
BEGUN: dict[str, Drop] = {
    "in the middle": lambda n: n < 10,
    "one picture": lambda n: n == 40,
    "a point of recovery": lambda n: n == 2 * GROUP,
    "some pictures of a refresh": lambda n: n in (40, 52),
}


@pytest.mark.parametrize("b_frames", [0, 2])
@pytest.mark.parametrize("drop", BEGUN.values(), ids=BEGUN)
def test_a_stream_that_is_refreshed_piece_by_piece_is_whole_once_it_was(
    tmp_path: Path, drop: Drop, b_frames: int
) -> None:
    film = write_film(tmp_path / "film.ts", options=REFRESH, b_frames=b_frames)
    clean, seen = decode(film), decode(film, drop)
    whole = {pts for pts, (_, is_whole) in seen.items() if is_whole}

    assert all(is_whole for _, is_whole in clean.values())
    assert not whole & broken(seen, clean)
    if not b_frames:  # they stretch a refresh beyond the end of the film
        assert whole >= set(sorted(clean)[-4:]), "whole again after the next refresh"


def test_a_point_of_recovery_says_after_how_many_pictures_all_is_refreshed() -> None:
    delimiter = b"\x00\x00\x01\x09\xf0"
    point = b"\x00\x00\x01\x06\x05\x02\xaa\xbb\x06\x02\x09\xc4\x80"  # behind another message
    numbers = FrameNumbers("h264")
    assert numbers.refreshed_after(delimiter + point) == 18
    assert numbers.refreshed_after(delimiter) == 0
    assert numbers.refreshed_after(point + b"\x00\x00\x01\x65\x88") == 0, "a key frame"
    assert numbers.refreshed_after(delimiter + point[:9]) == 0, "cut off"
    assert FrameNumbers("hevc").refreshed_after(delimiter + point) == 0


def test_a_length_that_looks_like_a_start_code_is_none() -> None:
    """In MP4 a unit of 256 to 511 bytes begins with 00 00 01."""
    with av.open(str(SAMPLE)) as container:
        assert any(bytes(p).startswith(b"\x00\x00\x01") for p in container.demux(video=0))

    assert all(whole for _, whole in decode(SAMPLE).values())


def test_damage_spreads_to_the_pictures_after_it_up_to_the_next_key_frame() -> None:
    wholeness = Wholeness(FrameNumbers("hevc"))
    told = []
    for pts in range(6):
        wholeness.packet(b"", pts, is_key=pts in (0, 4))
        told.append(wholeness.picture(pts, is_damaged=pts == 2))
    assert told == [True, True, False, False, True, True]


def test_a_packet_that_cannot_be_decoded_breaks_what_follows_it() -> None:
    wholeness = Wholeness(FrameNumbers("hevc"))
    wholeness.packet(b"", 0, is_key=True)
    wholeness.picture(0, is_damaged=False)
    wholeness.packet(b"", 1, is_key=False)
    wholeness.undecodable()
    wholeness.packet(b"", 2, is_key=False)
    assert not wholeness.picture(2, is_damaged=False)


def test_other_codings_and_cut_off_parameter_sets_raise_no_alarm() -> None:
    assert not FrameNumbers("mjpeg").missing(b"\xff\xd8")
    assert not FrameNumbers("h264", b"\x00\x00\x00\x01\x67\x42").missing(b"\x00\x00\x01\x41\x9a")
