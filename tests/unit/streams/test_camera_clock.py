import pytest

from detector.streams.camera_clock import SETTLE_S, CameraClock
from detector.types import ClockSource

EPOCH = 1_700_000_000.0
FPS = 5


class Camera:
    """Sends packets; ``ahead_s`` is its clock minus ours, ``stamp_s`` its timestamps' origin."""

    def __init__(self, limit_s: float = 2.0) -> None:
        self.clock = CameraClock(limit_s)
        self.now_s = 0.0
        self.ahead_s = self.stamp_s = self.ppm = self.delay_s = 0.0

    def send(self, for_s: float) -> tuple[float, ClockSource]:
        """Send for so long; when the last picture was taken, seconds after EPOCH, and by whom."""
        for _ in range(max(1, round(for_s * FPS))):
            self.now_s += 1 / FPS
            self.ahead_s += self.ppm * 1e-6 / FPS
            raw_s, arrived_s = self.now_s + self.stamp_s, self.now_s + self.delay_s
            self.clock.observe(
                EPOCH + self.now_s + self.ahead_s, raw_s, EPOCH + arrived_s, arrived_s
            )
        at, source = self.clock.utc(raw_s, EPOCH + arrived_s)
        return at - EPOCH, source

    @property
    def jumps(self) -> int:
        assert self.clock.reading is not None
        return self.clock.reading.jumps


def test_a_camera_that_is_nearly_right_dates_its_pictures_itself() -> None:
    camera = Camera()
    camera.ahead_s, camera.delay_s = 1.5, 0.1

    at, source = camera.send(60.0)

    assert source is ClockSource.CAMERA
    assert at == pytest.approx(61.5)
    assert camera.clock.reading is not None
    assert camera.clock.reading.offset_s == pytest.approx(1.4)


@pytest.mark.parametrize("wrong_s", [3600.0, -3600.0, -EPOCH, 2.5])
def test_a_wrong_clock_never_dates_a_picture_but_its_offset_is_told(wrong_s: float) -> None:
    camera = Camera()
    camera.ahead_s = wrong_s

    at, source = camera.send(0.2)

    assert (at, source) == (pytest.approx(0.2), ClockSource.ARRIVAL)
    assert camera.clock.reading is not None
    assert camera.clock.reading.offset_s == pytest.approx(wrong_s)


@pytest.mark.parametrize("leap_s", [3600.0, -3600.0])
def test_a_leap_is_counted_once_and_not_believed_from_its_first_packet_on(leap_s: float) -> None:
    camera = Camera()
    camera.send(60.0)
    camera.ahead_s += leap_s

    at, source = camera.send(0.2)

    assert (at, source, camera.jumps) == (pytest.approx(60.2), ClockSource.ARRIVAL, 1)


def test_a_clock_that_was_set_right_is_believed_after_it_kept_right_for_a_while() -> None:
    camera = Camera()
    camera.ahead_s = 3600.0
    camera.send(5.0)
    camera.ahead_s = 0.0

    assert camera.send(SETTLE_S - 1.0)[1] is ClockSource.ARRIVAL
    assert camera.send(2.0)[1] is ClockSource.CAMERA


def test_a_delay_in_the_network_is_neither_a_jump_nor_a_wrong_clock() -> None:
    camera = Camera()
    camera.send(60.0)
    camera.delay_s = 5.0

    at, source = camera.send(10.0)

    assert (at, source, camera.jumps) == (pytest.approx(70.0), ClockSource.CAMERA, 0)


def test_timestamps_that_begin_anew_are_no_jump_of_the_clock() -> None:
    camera = Camera()
    camera.send(60.0)
    camera.stamp_s = -60.0

    assert camera.send(1.0) == (pytest.approx(61.0), ClockSource.CAMERA)
    assert camera.jumps == 0


def test_a_leap_while_the_camera_was_away_is_a_jump() -> None:
    camera = Camera()
    camera.send(60.0)
    camera.clock.connect()
    assert camera.clock.reading is None
    assert camera.clock.utc(1.0, EPOCH) == (EPOCH, ClockSource.ARRIVAL)
    camera.ahead_s = -3600.0

    assert camera.send(0.2)[1] is ClockSource.ARRIVAL
    assert camera.jumps == 1


@pytest.mark.parametrize("ppm", [0.0, 50.0, -200.0])
def test_the_drift_is_the_slope_whatever_single_packets_do(ppm: float) -> None:
    camera = Camera()
    camera.ppm = ppm
    camera.send(60.0)
    assert camera.clock.reading is not None
    assert camera.clock.reading.drift_ppm is None
    camera.delay_s = 0.4
    camera.send(20.0)
    camera.delay_s = 0.0

    camera.send(420.0)

    assert camera.clock.reading.drift_ppm == pytest.approx(ppm, abs=1.0)


def test_what_is_kept_does_not_grow() -> None:
    camera = Camera()
    camera.send(3000.0)
    assert len(camera.clock._bins) == 60
