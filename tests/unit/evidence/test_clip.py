"""Clips made of packets that real encoders gave, and what is refused."""

import resource
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from av.codec.context import CodecContext
from av.video.frame import VideoFrame

from detector.errors import EvidenceError
from detector.evidence.clip import cut_recording, mask_clip, verify_clip, write_clip
from detector.streams.mask_trail import MaskTrail
from detector.streams.packets import Coding, Packet, PacketRing
from detector.streams.privacy import NO_MASKS, PrivacyMasks
from detector.types import U8

FPS, GROUP = 25, 10
T0 = 1_790_000_000.0
NAMES = {"libx264": "h264", "libx265": "hevc", "mjpeg": "mjpeg"}
QUIET = "log-level=none:repeat-headers=1:keyint=10:bframes="


def encoded(
    codec: str = "libx264",
    seconds: float = 2.0,
    *,
    size: tuple[int, int] = (64, 48),
    b_frames: int = 0,
    from_s: float = 0.0,
    numbered: bool = False,
) -> list[Packet]:
    """Noise of 25 pictures a second, as a camera would send it, begun at ``T0 + from_s``.

    ``numbered``: pictures of one grey instead, which is 60 more than their number.
    """
    encoder = CodecContext.create(codec, "w")
    encoder.width, encoder.height = size
    encoder.time_base, encoder.framerate = Fraction(1, FPS), Fraction(FPS)
    encoder.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    encoder.options = {
        "libx264": {"g": str(GROUP), "bf": str(b_frames), "preset": "ultrafast"},
        "libx265": {"preset": "ultrafast", "x265-params": f"{QUIET}{b_frames}"},
        "mjpeg": {},
    }[codec]
    noise, packets = np.random.default_rng(3), []
    for number in range(round(seconds * FPS)):
        image = noise.integers(60, 250, (size[1], size[0], 3), np.uint8)
        if numbered:
            image[:] = 60 + number
        picture = VideoFrame.from_ndarray(image, format="bgr24")
        picture.pts = number
        packets += encoder.encode(picture)
    packets += encoder.encode(None)
    coding = Coding(NAMES[codec], *size, b"", Fraction(1, FPS))
    at = [T0 + from_s + number / FPS for number in range(len(packets))]
    return [
        Packet(
            bytes(p), coding, p.pts, p.dts, p.is_keyframe, T0 + from_s + p.pts / FPS - 0.2, at[n]
        )
        for n, p in enumerate(packets)
    ]


def pictures(path: Path) -> list[VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def files(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


@contextmanager
def full_disk(limit: int) -> Iterator[None]:
    """Let no file of this process grow beyond ``limit`` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("b_frames", [0, 2])
@pytest.mark.parametrize(("codec", "tag"), [("libx264", "avc1"), ("libx265", "hvc1")])
def test_a_copied_clip_holds_every_picture_at_its_time(
    tmp_path: Path, codec: str, tag: str, b_frames: int
) -> None:
    clip = write_clip(encoded(codec, b_frames=b_frames), tmp_path / "new" / "a.mp4")

    assert (clip.pictures, clip.width, clip.height, clip.codec) == (50, 64, 48, NAMES[codec])
    assert clip.duration_s == pytest.approx(2.0)
    assert clip.first_captured_at == pytest.approx(T0 - 0.2, abs=1e-5)
    assert clip.last_captured_at == pytest.approx(T0 + 49 / FPS - 0.2, abs=1e-5)
    assert (clip.gaps, clip.damaged) == ((), 0)
    assert [p.time for p in pictures(tmp_path / "new" / "a.mp4")] == pytest.approx(
        [n / FPS for n in range(50)]
    )
    with av.open(str(tmp_path / "new" / "a.mp4")) as container:
        assert container.streams.video[0].codec_context.codec_tag == tag
    assert files(tmp_path / "new") == ["a.mp4"]


def test_a_clip_can_be_played_before_it_is_whole(tmp_path: Path) -> None:
    write_clip(encoded(), tmp_path / "a.mp4")
    content = (tmp_path / "a.mp4").read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")
    assert b"moof" not in content


def test_motion_jpeg_becomes_h264(tmp_path: Path) -> None:
    clip = write_clip(encoded("mjpeg"), tmp_path / "a.mp4")
    assert (clip.codec, clip.pictures) == ("h264", 50)
    assert clip.duration_s == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mjpeg"])
def test_what_nobody_may_see_is_black_in_every_picture_and_the_rest_is_not(
    tmp_path: Path, codec: str
) -> None:
    mask = [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]
    packets = encoded(codec, size=(128, 96), b_frames=2)

    clip = write_clip(packets, tmp_path / "a.mp4", PrivacyMasks([mask]))

    assert (clip.codec, clip.pictures) == ("h264", 50)
    for picture in pictures(tmp_path / "a.mp4"):
        image = picture.to_ndarray(format="bgr24")
        assert image[:, :60].max() < 40
        assert image[:, 70:].mean() > 100


def test_masks_that_moved_meanwhile_are_where_they_were_when_each_picture_came(
    tmp_path: Path,
) -> None:
    """Left, nowhere to be told, right; pictures come in another order than they are shown."""
    left = PrivacyMasks([[(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]])
    right = PrivacyMasks([[(0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)]])
    packets = encoded("libx264", size=(128, 96), b_frames=2)
    begun = packets[0].arrived_at
    trail = MaskTrail(slack_s=0.1)
    for tick in range(21):
        masks = left if tick < 8 else None if tick < 12 else right
        trail.note(begun + tick / 10, masks)

    write_clip(packets, tmp_path / "a.mp4", trail)

    for picture in pictures(tmp_path / "a.mp4"):
        image = picture.to_ndarray(format="bgr24")
        halves = (int(image[:, :56].max()) > 40, int(image[:, 72:].max()) > 40)
        if picture.time < 0.45:
            assert halves == (False, True)
        elif 0.85 < picture.time < 1.1:
            assert halves == (False, False)
        elif picture.time > 1.45:
            assert halves == (True, False)
        else:
            assert halves != (True, True)


@pytest.mark.parametrize("lost", [1, 2])
@pytest.mark.parametrize("b_frames", [0, 2])
@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_masked_pictures_after_a_lost_key_frame_have_their_own_time(
    tmp_path: Path, codec: str, b_frames: int, lost: int
) -> None:
    """Decoders swallow what builds on it without a word."""
    packets = encoded(codec, 4.0, b_frames=b_frames, numbered=True)
    gone = [packet for packet in packets if packet.is_key][3 : 3 + lost]
    packets = [packet for packet in packets if packet not in gone]

    clip = write_clip(packets, tmp_path / "a.mp4", PrivacyMasks([[(0, 0), (0.2, 0), (0.2, 0.2)]]))

    assert clip.pictures < 100 - lost
    shown = [
        (p.time, float(p.to_ndarray(format="bgr24")[24:, 32:].mean()))
        for p in pictures(tmp_path / "a.mp4")
    ]
    grey = shown[0][1]
    whole = [(at, (level - grey) / FPS) for at, level in shown if not 1.0 < at < 2.4]
    assert len(whole) > 60
    # Coding them twice costs a few levels
    assert [at for at, _ in whole] == pytest.approx([taken for _, taken in whole], abs=4.1 / FPS)


def test_timestamps_that_are_missing_are_made_up(tmp_path: Path) -> None:
    """The first packet over RTSP has none; MJPEG over HTTP never has any."""
    packets = encoded()
    first_lacks = [replace(packets[0], pts=None, dts=None), *packets[1:]]
    all_lack = [replace(packet, pts=None, dts=None) for packet in packets]
    for lacking in (first_lacks, all_lack):
        clip = write_clip(lacking, tmp_path / "a.mp4")
        assert (clip.pictures, clip.duration_s) == (50, pytest.approx(2.0, abs=0.01))


def test_a_connection_made_anew_leaves_a_gap_in_one_clip(tmp_path: Path) -> None:
    packets = [*encoded(), *encoded(from_s=5.0)]
    clip = write_clip(packets, tmp_path / "a.mp4")
    assert clip.pictures == 100
    assert clip.duration_s == pytest.approx(7.0, abs=0.05)
    assert clip.gaps == (pytest.approx((1.96, 5.0), abs=0.05),)


@pytest.mark.parametrize("leap_s", [-3600.0, 3600.0])
def test_a_clock_that_leaps_is_not_followed(tmp_path: Path, leap_s: float) -> None:
    packets = encoded(seconds=4.0)
    late = [replace(p, pts=p.pts + int(leap_s * FPS), dts=None) for p in packets[50:]]  # type: ignore[operator]
    clip = write_clip([*packets[:50], *late], tmp_path / "a.mp4")
    assert (clip.pictures, clip.gaps) == (100, ())
    assert clip.duration_s == pytest.approx(4.0, abs=0.1)


def test_where_the_resolution_changes_the_longest_part_is_kept(tmp_path: Path) -> None:
    packets = [*encoded(seconds=1.0), *encoded(seconds=3.0, size=(96, 64), from_s=1.0)]
    clip = write_clip(packets, tmp_path / "a.mp4")
    assert (clip.width, clip.height, clip.pictures) == (96, 64, 75)
    assert clip.first_captured_at == pytest.approx(T0 + 0.8, abs=1e-5)


@pytest.mark.parametrize(("codec", "repeated_s"), [("libx264", 0.08), ("mjpeg", 0.0)])
def test_the_next_piece_repeats_less_than_a_group_of_pictures_and_leaves_none_out(
    tmp_path: Path, codec: str, repeated_s: float
) -> None:
    """It begins at the newest key frame that came before the end of the piece before."""
    ring, parted_at = PacketRing(60, 1 << 24), T0 + 1.3
    for packet in encoded(codec):
        ring.add(packet)
    before = write_clip(ring.between(T0, parted_at), tmp_path / "1.mp4")
    after = write_clip(ring.between(parted_at, T0 + 9), tmp_path / "2.mp4")
    assert before.last_captured_at - after.first_captured_at == pytest.approx(repeated_s, abs=1e-4)
    assert repeated_s < GROUP / FPS
    assert before.pictures + after.pictures == 50 + round(repeated_s * FPS) + 1


def test_a_ring_that_began_too_late_gives_a_clip_that_says_when_it_begins(tmp_path: Path) -> None:
    ring = PacketRing(60.0, 1 << 24)
    for packet in encoded(seconds=3.0)[3:]:  # the key frame of the first group is missed
        ring.add(packet)
    clip = write_clip(ring.between(T0 - 5.0, T0 + 9.0), tmp_path / "a.mp4")
    assert clip.first_captured_at == pytest.approx(T0 + GROUP / FPS - 0.2, abs=1e-5)
    assert clip.pictures == 75 - GROUP


@pytest.mark.parametrize("packets", [[], encoded()[1:GROUP]])
def test_without_a_key_frame_there_is_no_clip(tmp_path: Path, packets: Sequence[Packet]) -> None:
    with pytest.raises(EvidenceError, match="expected packets from a key frame on, found "):
        write_clip(packets, tmp_path / "a.mp4")
    assert files(tmp_path) == []


def test_pictures_that_came_damaged_are_counted_and_kept(tmp_path: Path) -> None:
    packets = encoded(size=(128, 96))
    torn = packets[25]
    packets[25] = replace(torn, data=torn.data[: len(torn.data) // 2])
    clip = write_clip(packets, tmp_path / "a.mp4")
    assert clip.damaged > 0
    assert clip.duration_s == pytest.approx(2.0)


def test_packets_that_nobody_can_decode_are_no_clip(tmp_path: Path) -> None:
    packets = [replace(p, data=p.data[:60] + b"\x07" * 40) for p in encoded()]
    with pytest.raises(EvidenceError):
        write_clip(packets, tmp_path / "a.mp4")
    assert files(tmp_path) == []


@pytest.mark.parametrize("masks", [NO_MASKS, PrivacyMasks([[(0.0, 0.0), (0.1, 0.0), (0.1, 0.1)]])])
@pytest.mark.parametrize("limit", [0, 1_000, 40_000])
def test_a_full_disk_leaves_nothing_behind_and_the_old_clip_alone(
    tmp_path: Path, limit: int, masks: PrivacyMasks
) -> None:
    packets = encoded(size=(128, 96))
    path = tmp_path / "a.mp4"
    path.write_bytes(b"an older clip")
    with full_disk(limit), pytest.raises(EvidenceError, match="too large"):
        write_clip(packets, path, masks)
    assert files(tmp_path) == ["a.mp4"]
    assert path.read_bytes() == b"an older clip"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(EvidenceError, match=r"file/a\.mp4: expected to write a clip, found"):
        write_clip(encoded(), tmp_path / "file" / "a.mp4")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.9])
def test_a_clip_that_was_cut_off_does_not_verify(tmp_path: Path, share: float) -> None:
    path = tmp_path / "a.mp4"
    write_clip(encoded(seconds=8.0), path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(EvidenceError, match=r"a\.mp4: expected"):
        verify_clip(path)


def test_a_clip_verifies_as_it_was_written_and_any_change_shows_in_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    clip = write_clip(encoded(), path)
    assert verify_clip(path) == clip
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    assert verify_clip(path).sha256 != clip.sha256


def test_a_film_that_does_not_say_when_it_was_taken_is_no_clip(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write_clip(encoded(), path)
    path.write_bytes(path.read_bytes().replace(b"captured", b"recorded"))
    with pytest.raises(EvidenceError, match="expected a note of when it was taken"):
        verify_clip(path)


def test_a_clip_is_cut_from_the_key_frame_before_its_begin(tmp_path: Path) -> None:
    write_clip(encoded(seconds=8.0), tmp_path / "long.mp4")
    clip = cut_recording(tmp_path / "long.mp4", 3.0, 5.0, tmp_path / "a.mp4", begun_at=T0)
    assert clip.first_captured_at == pytest.approx(T0 + 2.8, abs=1e-5)
    assert clip.last_captured_at == pytest.approx(T0 + 5.0, abs=1e-5)
    assert clip.pictures == 56


@pytest.mark.parametrize("name", ["a.mkv", "a.ts", "a.avi", "a.h264"])
@pytest.mark.parametrize("b_frames", [0, 2])
def test_every_kind_of_recording_can_be_cut(tmp_path: Path, name: str, b_frames: int) -> None:
    recording = tmp_path / name
    muxer = {"a.h264": "h264"}.get(name)
    with av.open(str(recording), "w", format=muxer) as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.options = {"g": str(GROUP), "bf": str(b_frames), "x264-params": "aud=1"}
        for number in range(100):
            image = np.full((48, 64, 3), 20 + 2 * number, np.uint8)
            picture = VideoFrame.from_ndarray(image, format="bgr24")
            picture.pts, picture.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())

    clip = cut_recording(recording, 1.5, 3.0, tmp_path / "clip.mp4")

    shown = [p.to_ndarray(format="bgr24").mean() for p in pictures(tmp_path / "clip.mp4")]
    numbers = [round((level - 20) / 2) for level in shown]
    assert numbers == sorted(numbers)
    assert numbers[0] in range(24, 38)  # the group before 1.5 s; coding costs up to 3 grey levels
    assert numbers[-1] in range(72, 80)
    assert clip.duration_s == pytest.approx(len(numbers) / FPS, abs=0.05)


@pytest.mark.parametrize(
    ("begin_s", "end_s", "says"), [(60.0, 70.0, "expected pictures from 60.000 to 70.000 s")]
)
def test_where_a_recording_has_nothing_it_says_so(
    tmp_path: Path, begin_s: float, end_s: float, says: str
) -> None:
    write_clip(encoded(), tmp_path / "long.mp4")
    with pytest.raises(EvidenceError, match=says):
        cut_recording(tmp_path / "long.mp4", begin_s, end_s, tmp_path / "a.mp4")
    assert files(tmp_path) == ["long.mp4"]


def test_a_recording_that_is_not_there_or_no_film_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no film")
    for name in ("gone.mp4", "text.mp4"):
        with pytest.raises(EvidenceError, match=f"{name}: expected a recording to cut"):
            cut_recording(str(tmp_path / name), 0.0, 1.0, tmp_path / "a.mp4")


def test_a_cut_between_a_picture_and_those_shown_before_it_declares_its_whole_length(
    tmp_path: Path,
) -> None:
    """At five pictures a second three of them are longer than any slack."""
    slow = [
        replace(packet, coding=replace(packet.coding, time_base=Fraction(1, 5)))
        for packet in encoded(b_frames=3)
    ]
    coding = slow[0].coding
    slow = [replace(p, coding=coding, arrived_at=T0 + n / 5) for n, p in enumerate(slow)]
    late = [n for n, (a, b) in enumerate(pairwise(slow)) if b.pts < a.pts - 1]  # type: ignore[operator]
    cut = slow[: late[-1] + 1]  # ends with the picture that the next three come before
    clip = write_clip(cut, tmp_path / "a.mp4")
    newest = max(p.pts for p in cut if p.pts is not None)
    assert clip.duration_s == pytest.approx((newest + 1 - (cut[0].pts or 0)) / 5, abs=0.01)


class _Asked:
    """Masks that hide nothing and remember for which times they were asked."""

    def __init__(self) -> None:
        self.at: list[float] = []
        self.shapes: set[tuple[int, ...]] = set()

    def burn_at(self, image: U8, arrived_at: float) -> None:
        self.at.append(arrived_at)
        self.shapes.add(image.shape)


@pytest.mark.parametrize("b_frames", [0, 2])
@pytest.mark.parametrize("codec", ["libx264", "libx265", "mjpeg"])
def test_a_clip_that_is_masked_later_keeps_the_time_of_every_picture(
    tmp_path: Path, codec: str, b_frames: int
) -> None:
    """With a gap, and a camera whose clock went otherwise than its pictures' own times."""
    first, second = encoded(codec, b_frames=b_frames), encoded(codec, b_frames=b_frames, from_s=9.0)
    drifted = [replace(p, captured_at=p.captured_at + 0.25) for p in second]
    clip = write_clip([*first, *drifted], tmp_path / "a.mp4")
    masks = _Asked()

    masked = mask_clip(tmp_path / "a.mp4", tmp_path / "b.mp4", masks)

    times = [p.time for p in pictures(tmp_path / "a.mp4")]
    assert [p.time for p in pictures(tmp_path / "b.mp4")] == times
    assert [at - clip.first_captured_at for at in masks.at] == pytest.approx(times, abs=1e-5)
    same = ("pictures", "width", "height", "gaps", "first_captured_at", "last_captured_at")
    assert [getattr(masked, name) for name in same] == [getattr(clip, name) for name in same]
    assert (masked.codec, masks.shapes) == ("h264", {(48, 64, 3)})
    assert files(tmp_path) == ["a.mp4", "b.mp4"]


def test_a_film_that_is_no_clip_cannot_be_masked(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no film")
    for name in ("gone.mp4", "text.mp4"):
        with pytest.raises(EvidenceError, match=f"{name}: expected a recording"):
            mask_clip(tmp_path / name, tmp_path / "b.mp4", NO_MASKS)
    assert files(tmp_path) == ["text.mp4"]
