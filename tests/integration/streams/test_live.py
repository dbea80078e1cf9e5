"""Cameras over RTSP and HTTP, with real servers that are killed, frozen, refuse and keep silent."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from detector.errors import (
    SourceBroken,
    SourceNotFound,
    SourceRefused,
    SourceTimeout,
    StreamError,
)
from detector.pipeline.backoff import ReconnectSettings
from detector.pipeline.health import CameraHealth, CameraState, Heartbeats
from detector.pipeline.reader import Reader
from detector.pipeline.source_thread import ReaderPlan
from detector.streams import (
    IdleSettings,
    IdleSwitch,
    InputSettings,
    Latest,
    PacketRing,
    open_source,
)
from detector.streams.pictures import Pictures
from detector.types import CameraId, ClockSource, Frame

CAMERA = CameraId("north")
QUICK = ReconnectSettings(first_s=0.05, cap_s=0.2)
Film = Callable[..., Path]


@dataclass
class Run:
    """A reader at work."""

    reader: Reader
    slots: Latest[CameraId, Frame]

    @property
    def health(self) -> CameraHealth:
        return self.reader.monitor.snapshot()

    def until(self, happened: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + 60.0
        while not happened():
            assert time.monotonic() < deadline_s, self.health
            time.sleep(0.02)

    def frame(self, wanted: Callable[[Frame], bool] = lambda _: True) -> Frame:
        """The first frame from now on that is as wanted."""
        deadline_s = time.monotonic() + 60.0
        while time.monotonic() < deadline_s:
            for frame in self.slots.take(1.0):
                if wanted(frame):
                    return frame
        raise AssertionError(self.health)


@pytest.fixture
def run() -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def begin(
        path: str,
        fps: float | None = None,
        idle: IdleSwitch | None = None,
        ring: PacketRing | None = None,
        **settings: object,
    ) -> Run:
        given = InputSettings.model_validate({"path": path, "stall_s": 2.0, **settings})
        slots = Latest[CameraId, Frame]()
        plan = ReaderPlan(CAMERA, given, fps, QUICK, ring)
        opener = partial(open_source, idle=idle)
        reader = Reader(plan, slots, Heartbeats(), opener=opener)
        runs.append(Run(reader, slots))
        reader.start()
        return runs[-1]

    yield begin
    for each in runs:
        each.reader.stop()
    assert all(each.reader.join(30.0) for each in runs)


def failure(path: str, **settings: object) -> StreamError:
    """What opening and reading the source ends with."""
    given = InputSettings.model_validate({"path": path, "stall_s": 1.0, **settings})
    with pytest.raises(StreamError) as caught, open_source(given, CAMERA) as source:
        for _ in source:
            pass
    assert "hidden" not in "".join(map(str, chain(caught.value)))
    return caught.value


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and everything a traceback would print with it."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


class TestRtsp:
    @pytest.mark.parametrize("transport", ["tcp", "udp"])
    def test_frames_come_at_the_wanted_rate_of_stream_time(
        self, rtsp_camera: Callable[..., object], run: Callable[..., Run], transport: str
    ) -> None:
        live = run(rtsp_camera().url(), fps=5.0, transport=transport)

        first = live.frame()
        later = live.frame(lambda frame: frame.pts > first.pts + 2.0)

        assert first.size == (64, 48)
        assert later.index - first.index == pytest.approx((later.pts - first.pts) * 5, abs=1.01)
        assert live.health.state is CameraState.LIVE
        assert live.health.codec == "h264"

    def test_the_cameras_own_clock_is_used_as_soon_as_it_is_known(
        self, rtsp_camera: Callable[..., object], run: Callable[..., Run]
    ) -> None:
        live = run(rtsp_camera().url())

        assert live.frame().clock is ClockSource.ARRIVAL
        frame = live.frame(lambda frame: frame.clock is ClockSource.CAMERA)

        assert frame.captured_at == pytest.approx(time.time(), abs=120.0)
        live.until(lambda: live.health.clock_offset_s is not None)

    def test_joining_in_the_middle_of_a_group_of_pictures_is_no_damage(
        self, rtsp_camera: Callable[..., object], run: Callable[..., Run]
    ) -> None:
        camera = rtsp_camera()
        first, second = run(camera.url()), run(camera.url())

        for live in (first, second):
            live.frame(lambda frame: frame.index > 30)

        assert (first.health.corrupt, second.health.corrupt) == (0, 0)

    def test_a_camera_that_dies_and_comes_back_is_read_again(
        self, rtsp_camera: Callable[..., object], run: Callable[..., Run]
    ) -> None:
        camera = rtsp_camera()
        live = run(camera.url())
        before = live.frame()

        camera.kill()
        live.until(lambda: live.health.state is CameraState.BACKOFF)
        live.until(lambda: "Connection refused" in live.health.reason)
        camera.start()

        after = live.frame(lambda frame: frame.pts > before.pts + 1.0)
        assert after.index > before.index
        live.until(lambda: live.health.state is CameraState.LIVE)
        assert live.health.connects >= 2
        assert live.health.failures == 0

    def test_a_frozen_camera_is_stalled_and_comes_back(
        self, rtsp_camera: Callable[..., object], run: Callable[..., Run]
    ) -> None:
        camera = rtsp_camera()
        live = run(camera.url())
        live.frame()

        camera.tell("freeze")
        live.until(lambda: live.health.state is CameraState.STALLED)
        live.until(lambda: live.health.failures > 0)
        camera.tell("go on")

        live.until(lambda: live.health.state is CameraState.LIVE)
        live.frame()

    def test_a_change_of_resolution_is_followed(
        self, rtsp_camera: Callable[..., object], run: Callable[..., Run], film: Film
    ) -> None:
        camera = rtsp_camera()
        live = run(camera.url())
        assert live.frame().size == (64, 48)

        camera.tell(str(film("small.h264", 100, size=(32, 32))))

        live.frame(lambda frame: frame.size == (32, 32))
        assert (live.health.width, live.health.height) == (32, 32)

    def test_a_slow_analysis_gets_the_newest_frame_and_counts_what_it_missed(
        self, rtsp_camera: Callable[..., object], run: Callable[..., Run]
    ) -> None:
        live = run(rtsp_camera().url())
        taken = [live.frame()]
        for _ in range(5):
            live.until(lambda: live.reader._progress.frames > taken[-1].index + 10)
            newest = live.reader._progress.frames - 1
            taken.append(live.frame())
            assert taken[-1].index >= newest

        live.reader.stop()
        live.reader.join(30.0)
        waiting = len(live.slots.take(0.0))
        handed_on = live.reader._progress.frames
        assert handed_on - len(taken) - waiting - 1 <= live.health.drops <= handed_on - len(taken)

    def test_decoding_that_cannot_keep_up_skips_to_the_present_instead_of_lagging_ever_more(
        self,
        rtsp_camera: Callable[..., object],
        run: Callable[..., Run],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        decode = Pictures.decode

        def slowly(pictures: Pictures, packet: object) -> list[object]:
            time.sleep(0.1)
            return decode(pictures, packet)

        monkeypatch.setattr(Pictures, "decode", slowly)
        live = run(rtsp_camera().url(), stall_s=10.0)

        live.until(lambda: live.reader._progress.skipped > 10)
        after = live.reader._progress.frames
        live.frame(lambda frame: frame.index > after + 5)

        assert live.health.drops > 10
        assert live.health.corrupt == 0

    def test_a_wrong_password_is_refused_and_the_right_one_let_in(
        self, rtsp_camera: Callable[..., object], run: Callable[..., Run]
    ) -> None:
        camera = rtsp_camera(login="guard:right")

        assert isinstance(failure(camera.url("guard:hidden")), SourceRefused)
        assert isinstance(failure(camera.url()), SourceRefused)
        refused = run(camera.url("guard:hidden"))
        live = run(camera.url("guard:right"))

        refused.until(lambda: refused.health.state is CameraState.AUTH_FAILED)
        assert "hidden" not in refused.health.reason
        live.frame()

    def test_a_stream_the_camera_does_not_have_is_not_found(
        self, rtsp_camera: Callable[..., object]
    ) -> None:
        error = failure(rtsp_camera().url(path="/other"))

        assert isinstance(error, SourceNotFound)
        assert "/other: expected a source there" in str(error)

    @pytest.mark.parametrize("transport", ["tcp", "udp"])
    @pytest.mark.parametrize("verified", [False, True])
    def test_pictures_come_over_tls(
        self,
        rtsp_camera: Callable[..., object],
        run: Callable[..., Run],
        certificates: Path,
        transport: str,
        verified: bool,  # noqa: FBT001
    ) -> None:
        camera = rtsp_camera("guard:right", certificates / "server.pem")
        given = {"tls_ca_file": str(certificates / "own.pem")} if verified else {}
        url = camera.url("guard:right")
        assert url.startswith("rtsps://")

        live = run(url, fps=5.0, transport=transport, **given)

        live.frame(lambda frame: frame.clock is ClockSource.CAMERA)
        assert live.health.corrupt == 0

    def test_a_certificate_that_is_not_vouched_for_is_not_let_past(
        self, rtsp_camera: Callable[..., object], certificates: Path
    ) -> None:
        url = rtsp_camera(certificate=certificates / "server.pem").url()

        other = failure(url, tls_ca_file=str(certificates / "other.pem"))
        elsewhere = url.replace("127.0.0.1", "localhost")
        of_another_name = failure(elsewhere, tls_ca_file=str(certificates / "own.pem"))
        plain = failure(url.replace("rtsps", "rtsp"))

        assert [type(error) for error in (other, of_another_name, plain)] == [SourceBroken] * 3


class TestHttp:
    def test_mjpeg_is_timed_by_its_arrival(
        self, http_camera: object, run: Callable[..., Run]
    ) -> None:
        live = run(http_camera.url("cam.mjpg"))

        first = live.frame()
        later = live.frame(lambda frame: frame.index >= first.index + 20)

        # 20 a second are sent; FFmpeg would call it 25
        assert (later.pts - first.pts) / (later.index - first.index) >= 0.045
        assert later.clock is ClockSource.ARRIVAL
        assert live.health.codec == "mjpeg"

    def test_a_live_playlist_is_played_evenly(
        self, http_camera: object, run: Callable[..., Run], film: Film, tmp_path: Path
    ) -> None:
        film("camera.m3u8", 250, muxing=segments(tmp_path))
        live = run(http_camera.url("live.m3u8"), fps=5.0, stall_s=5.0)

        first = live.frame()
        later = live.frame(lambda frame: frame.pts > first.pts + 4.0)

        assert later.index - first.index >= 18
        assert live.health.drops < 10  # a segment at once would drop all its frames but one

    def test_a_recording_over_http_is_read_to_its_end(
        self, http_camera: object, film: Film, tmp_path: Path
    ) -> None:
        film("a.mp4", 30)
        film("camera.m3u8", 30, muxing=segments(tmp_path))
        for name in ("a.mp4", "camera.m3u8"):
            settings = InputSettings(path=http_camera.url(name), pace="fast")
            with open_source(settings, CAMERA) as source:
                assert not source.live
                assert len(list(source)) == 30

    @pytest.mark.parametrize(
        ("status", "error"),
        [
            (401, SourceRefused),
            (403, SourceRefused),
            (404, SourceNotFound),
            (500, SourceBroken),
            (503, SourceBroken),
        ],
    )
    def test_what_the_server_answers_is_told_apart(
        self, http_camera: object, status: int, error: type[StreamError]
    ) -> None:
        assert isinstance(failure(http_camera.url(str(status), "user:hidden")), error)

    def test_a_certificate_is_verified_where_one_is_given(
        self, https_camera: object, film: Film, certificates: Path
    ) -> None:
        film("a.mp4", 3)
        url = https_camera.url("a.mp4")

        for given in ({}, {"tls_ca_file": str(certificates / "own.pem")}):
            settings = InputSettings(path=url, pace="fast", **given)
            with open_source(settings, CAMERA) as source:
                assert len(list(source)) == 3
        other = failure(url, tls_ca_file=str(certificates / "other.pem"))
        missing = failure(url, tls_ca_file=str(certificates / "gone.pem"))

        assert isinstance(other, SourceBroken)
        assert isinstance(missing, SourceNotFound)
        assert "gone.pem" in str(missing)

    def test_a_page_is_no_video(self, http_camera: object, tmp_path: Path) -> None:
        (tmp_path / "index.html").write_text("<html>login</html>" * 50)

        assert "expected a video" in str(failure(http_camera.url("index.html")))


def segments(folder: Path) -> dict[str, str]:
    names = str(folder / "seg%03d.ts")
    return {"hls_time": "1", "hls_list_size": "0", "hls_segment_filename": names}


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
class TestPeers:
    def test_a_camera_that_never_answers_times_out(self, scheme: str, mute_port: int) -> None:
        error = failure(f"{scheme}://user:hidden@127.0.0.1:{mute_port}/1")

        assert isinstance(error, SourceTimeout)
        assert "expected pictures, found silence for 1 s" in str(error)

    def test_a_refused_connection_is_named(self, scheme: str, unused_port: int) -> None:
        error = failure(f"{scheme}://user:hidden@127.0.0.1:{unused_port}/1")

        assert isinstance(error, SourceBroken)
        assert "expected a server, found: Connection refused" in str(error)


def test_a_capture_device_that_is_not_there_is_not_found() -> None:
    assert isinstance(failure("device:77"), SourceNotFound)


def test_one_dead_camera_does_not_disturb_another(
    http_camera: object, mute_port: int, run: Callable[..., Run]
) -> None:
    dead = run(f"rtsp://127.0.0.1:{mute_port}/1")
    live = run(http_camera.url("cam.mjpg"))

    dead.until(lambda: dead.health.state is CameraState.STALLED)
    live.frame(lambda frame: frame.index > 10)

    assert live.health.state is CameraState.LIVE


def test_a_quiet_camera_is_decoded_by_its_key_frames_and_whole_once_somebody_is_seen(
    rtsp_camera: Callable[..., object], run: Callable[..., Run]
) -> None:
    """The film has a key frame every 0.4 s, at 25 pictures a second."""
    switch = IdleSwitch(CAMERA, IdleSettings(after_s=1.0, gap_s=1.0), stall_s=4.0)
    ring = PacketRing(60.0, 64 << 20)
    live = run(rtsp_camera().url(), idle=switch, ring=ring, stall_s=4.0)
    live.until(lambda: live.health.decoding == "key_frames")
    assert live.health.decoding_reason == ""
    before, began_s = live.health.frames, time.monotonic()
    time.sleep(4.0)
    idle_fps = (live.health.frames - before) / (time.monotonic() - began_s)
    assert 1.5 < idle_fps < 4.0
    assert live.health.state is CameraState.LIVE
    switch.attend()
    before, began_s = live.health.frames, time.monotonic()
    live.until(lambda: live.health.decoding == "all")
    assert time.monotonic() - began_s < 0.4, "before the next key frame"
    live.until(lambda: live.health.decoding == "key_frames")
    fps = (live.health.frames - before) / (time.monotonic() - began_s)
    assert fps > 15.0, "all pictures while somebody may be there"
    assert live.health.corrupt == 0
    packets = ring.between(0.0, time.time())
    span_s = packets[-1].arrived_at - packets[0].arrived_at
    assert len(packets) / span_s == pytest.approx(25, rel=0.1), "clips get every packet"


def test_a_playlist_is_never_idled_on_and_says_so(
    http_camera: object, film: Film, run: Callable[..., Run], tmp_path: Path
) -> None:
    film("camera.m3u8", 250, muxing=segments(tmp_path))
    switch = IdleSwitch(CAMERA, IdleSettings(after_s=1.0, gap_s=1.0), stall_s=5.0)
    live = run(http_camera.url("live.m3u8"), fps=5.0, stall_s=5.0, idle=switch)
    live.until(lambda: live.health.frames > 5)
    assert (live.health.decoding, live.health.decoding_reason) == (
        "all",
        "its pictures come in segments",
    )
