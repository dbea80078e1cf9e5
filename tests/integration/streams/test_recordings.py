"""Real files, whole and broken, of the containers recorders write."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.audio.frame import AudioFrame

from detector.errors import SourceBroken, SourceNotFound, StreamError
from detector.streams import InputSettings, SourceProgress, new_timeline, open_source
from detector.types import CameraId, ClockSource, Frame

CAMERA = CameraId("north")
Film = Callable[..., Path]


def number_of(frame: Frame) -> int:
    """Which picture of a film it is, modulo 50, from its grey level (colour conversion costs 2)."""
    return round((float(frame.image.mean()) - 18) / 4)


def read(
    path: Path | str, fps: float | None = None, **settings: object
) -> tuple[list[Frame], StreamError | None]:
    """All frames of a recording, and what it ended with."""
    frames: list[Frame] = []
    given = InputSettings.model_validate({"path": str(path), "pace": "fast", **settings})
    try:
        with open_source(given, CAMERA, fps) as source:
            frames.extend(source)
    except StreamError as error:
        return frames, error
    return frames, None


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.avi", "a.mov", "a.h264"])
def test_every_picture_of_a_file_comes_once_at_its_time(film: Film, name: str) -> None:
    frames, error = read(film(name))

    assert error is None
    assert [number_of(frame) for frame in frames] == list(range(50))
    assert [frame.index for frame in frames] == list(range(50))
    assert np.allclose([frame.pts for frame in frames], np.arange(50) / 25, atol=1e-3)


def test_frames_are_chosen_by_time_where_the_frame_rate_varies(film: Film) -> None:
    times_s = [0.0, 0.1, 0.2, 0.3, 0.4, 0.45, 0.5, 1.9, 2.0, 2.5, 3.1, 4.0]

    frames, error = read(film("a.mkv", times_s=times_s), fps=2.0)

    assert error is None
    assert [frame.pts for frame in frames] == [0.0, 0.5, 1.9, 2.5, 3.1, 4.0]
    assert [number_of(frame) for frame in frames] == [0, 6, 7, 9, 10, 11]


def test_pictures_that_change_their_order_in_the_file_come_in_the_order_of_time(film: Film) -> None:
    frames, error = read(film("a.mp4", b_frames=3))

    assert error is None
    assert [number_of(frame) for frame in frames] == list(range(50))


@pytest.mark.parametrize("fps", [1.0, 5.0, 12.0, None])
def test_the_same_bytes_give_the_same_frames(film: Film, fps: float | None) -> None:
    path = film("a.mp4")

    first, second = read(path, fps)[0], read(path, fps)[0]

    assert [frame.pts for frame in first] == [frame.pts for frame in second]
    assert all(np.array_equal(a.image, b.image) for a, b in zip(first, second, strict=True))


def test_images_cannot_be_written_to(film: Film) -> None:
    frame = read(film("a.mp4", 1))[0][0]

    assert (frame.image.dtype, frame.image.shape) == (np.uint8, (48, 64, 3))
    assert not frame.image.flags.writeable


@pytest.mark.parametrize(
    ("degrees", "size", "top_left_goes_to"),
    [
        (0, (64, 48), (0, 0)),
        (90, (48, 64), (0, -1)),
        (180, (64, 48), (-1, -1)),
        (270, (48, 64), (-1, 0)),
    ],
)
def test_a_turned_recording_is_seen_upright(
    tmp_path: Path,
    film: Film,
    degrees: int,
    size: tuple[int, int],
    top_left_goes_to: tuple[int, int],
) -> None:
    path = film("a.mp4", 3, mark_top_left=True)
    turn(path, degrees)

    frames, error = read(path)

    assert error is None
    assert frames[0].size == size
    corners = {
        (row, column): int(frames[0].image[row, column].max())
        for row in (0, -1)
        for column in (0, -1)
    }
    assert max(corners, key=lambda corner: corners[corner]) == top_left_goes_to


def turn(path: Path, degrees: int) -> None:
    """Write into the track header that players shall turn the picture clockwise."""
    cosine, sine = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    one = 1 << 16
    matrix = [cosine * one, sine * one, 0, -sine * one, cosine * one, 0, 0, 0, 1 << 30]
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 4 + 40
    for place, value in enumerate(matrix):
        content[at + 4 * place : at + 4 * place + 4] = value.to_bytes(4, "big", signed=True)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "muxing", "says"),
    [
        ("a.mp4", None, "of the 4.0 s it declares"),
        ("a.mkv", None, "of the 4.0 s it declares"),
        ("frag.mp4", {"movflags": "frag_keyframe+empty_moov"}, None),
        ("a.ts", None, None),
    ],
)
def test_a_file_that_breaks_off_is_read_up_to_the_break(
    film: Film, name: str, muxing: dict[str, str] | None, says: str | None
) -> None:
    """Transport streams and fragmented files declare no length: their break cannot be seen."""
    path = film(name, 100, muxing=muxing)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])

    frames, error = read(path)

    assert 30 < len(frames) < 70
    assert [number_of(frame) for frame in frames] == [n % 50 for n in range(len(frames))]
    if says:
        assert isinstance(error, SourceBroken)
        assert "breaks off after" in str(error)
        assert says in str(error)


def test_damage_in_the_middle_is_counted_and_marked_and_the_rest_is_read(film: Film) -> None:
    path = film("a.ts", 100)
    content = bytearray(path.read_bytes())
    third = len(content) // 3
    for place in range(third, third + 2000, 7):
        content[place] ^= 0xFF
    path.write_bytes(content)
    settings, progress = InputSettings(path=str(path), pace="fast"), SourceProgress()

    with open_source(settings, CAMERA, None, new_timeline(settings), progress) as source:
        frames = list(source)

    assert number_of(frames[-1]) == 49
    assert progress.corrupt > 0


def unfinished(film: Film) -> Path:
    path = film("unfinished.mp4", muxing={})
    path.write_bytes(path.read_bytes()[:-2000])
    return path


def no_track(film: Film) -> Path:
    path = film("empty.mkv", 1)
    path.write_bytes(path.read_bytes()[:200])
    return path


def text(film: Film) -> Path:
    path = film("text.mp4", 1)
    path.write_text("this is no film\n" * 100)
    return path


def nothing(film: Film) -> Path:
    path = film("nothing.mp4", 1)
    path.write_bytes(b"")
    return path


@pytest.mark.parametrize("make", [unfinished, no_track, text, nothing])
def test_what_is_no_film_says_so_with_its_name(film: Film, make: Callable[[Film], Path]) -> None:
    path = make(film)

    frames, error = read(path)

    assert frames == []
    assert isinstance(error, SourceBroken)
    assert str(error).startswith(f"camera north: {path}: expected ")


def test_a_film_without_a_single_picture_says_so(film: Film) -> None:
    path = film("a.ts", 30)
    content = path.read_bytes()
    first = content.index(b"\x00\x00\x01\x65") if b"\x00\x00\x01\x65" in content else 3 * 188
    path.write_bytes(content[:first] + b"\xff" * (len(content) - first))

    frames, error = read(path)

    assert frames == []
    assert isinstance(error, SourceBroken)
    assert "expected" in str(error)


def test_a_file_with_sound_only_has_no_video_track(tmp_path: Path) -> None:
    path = tmp_path / "sound.mka"
    write_silence(path)

    assert "expected a video track, found none" in str(read(path)[1])


def write_silence(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        sound = AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), format="s16", layout="mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode())


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    error = read(tmp_path / "gone.mp4")[1]

    assert isinstance(error, SourceNotFound)
    assert "gone.mp4: expected a file or folder" in str(error)


def test_a_file_can_be_named_by_an_address(film: Film) -> None:
    path = film("with space.mp4", 3)
    address = f"file://{str(path).replace(' ', '%20')}"

    assert len(read(address)[0]) == 3


def test_the_time_written_in_a_recording_is_its_clock(film: Film) -> None:
    written = {"creation_time": "2026-03-29T00:59:58.000000Z"}

    frames, _ = read(film("a.mp4", 50, metadata=written))

    begun = datetime(2026, 3, 29, 0, 59, 58, tzinfo=UTC).timestamp()
    assert frames[-1].clock is ClockSource.CONTAINER
    assert frames[-1].captured_at == pytest.approx(begun + 49 / 25)


def test_a_configured_time_wins_and_without_any_time_counting_starts_at_1970(film: Film) -> None:
    path = film("a.mp4", 5, metadata={"creation_time": "2026-03-29T00:59:58.000000Z"})

    configured = read(path, start_time="2026-01-01T00:00:00+02:00")[0][0]
    undated = read(film("b.avi", 5))[0][0]

    assert configured.clock is ClockSource.CONFIGURED
    assert configured.captured_at == datetime(2025, 12, 31, 22, tzinfo=UTC).timestamp()
    assert (undated.clock, undated.captured_at) == (ClockSource.NONE, 0.0)


def test_interlaced_recordings_are_read_as_they_are(film: Film) -> None:
    frames, error = read(film("a.ts", 30, codec="mpeg2video", interlaced=True))

    assert error is None
    assert len(frames) == 30


def test_a_source_describes_itself_for_the_plan(film: Film) -> None:
    settings = InputSettings(path=str(film("a.mp4")))

    with open_source(settings, CAMERA) as source:
        assert source.describe() == "recording h264 64x48, 25 fps, 2.0 s, clock: none"
        assert (source.live, source.fps, source.duration_s) == (False, 25.0, 2.0)


class TestFolders:
    def fill(self, folder: Path, names: list[str]) -> Path:
        for number, name in enumerate(names):
            cv2.imwrite(str(folder / name), np.full((48, 64, 3), 18 + 4 * number, np.uint8))
        return folder

    def test_numbers_in_names_count_as_numbers(self, tmp_path: Path) -> None:
        self.fill(tmp_path, ["f_1.png", "f_2.png", "f_9.png", "f_10.png", "f_100.png"])

        frames, error = read(tmp_path, image_fps=10.0)

        assert error is None
        assert [number_of(frame) for frame in frames] == [0, 1, 2, 3, 4]
        assert np.allclose([frame.pts for frame in frames], np.arange(5) / 10)

    def test_they_are_sampled_by_time_and_dated_by_configuration(self, tmp_path: Path) -> None:
        self.fill(tmp_path, [f"{n:03}.jpg" for n in range(20)])

        frames, _ = read(tmp_path, fps=2.0, image_fps=10.0, start_time="2026-01-01T00:00:00Z")

        assert [frame.pts for frame in frames] == [0.0, 0.5, 1.0, 1.5]
        assert frames[0].clock is ClockSource.CONFIGURED

    def test_an_unreadable_picture_is_counted_and_its_time_passes(self, tmp_path: Path) -> None:
        self.fill(tmp_path, ["0.png", "1.png", "2.png"])
        (tmp_path / "1.png").write_bytes(b"no picture")
        (tmp_path / "notes.txt").write_text("ignored")
        settings, progress = InputSettings(path=str(tmp_path), image_fps=1.0), SourceProgress()

        with open_source(settings, CAMERA, None, new_timeline(settings), progress) as source:
            frames = list(source)

        assert [frame.pts for frame in frames] == [0.0, 2.0]
        assert progress.corrupt == 1

    def test_a_folder_without_pictures_says_so(self, tmp_path: Path) -> None:
        error = read(tmp_path)[1]

        assert isinstance(error, SourceBroken)
        assert "expected pictures (.bmp" in str(error)

    def test_a_folder_of_damaged_pictures_says_so(self, tmp_path: Path) -> None:
        (tmp_path / "0.png").write_bytes(b"")
        (tmp_path / "1.png").write_bytes(b"no picture")

        error = read(tmp_path)[1]

        assert isinstance(error, SourceBroken)
        assert "none that can be decoded" in str(error)
