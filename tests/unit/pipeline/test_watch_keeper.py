from dataclasses import dataclass, field

from detector.incidents.coverage import WatchState
from detector.incidents.watch_ledger import Standing, WatchLedger
from detector.pipeline.watch_keeper import WatchKeeper
from detector.types import CameraId

WATCHED = Standing(WatchState.WATCHED, "")


@dataclass
class Camera:
    """A camera whose pictures are analysed or left out, five a second."""

    at: float = 0.0
    drops: int = 0
    standing: Standing = WATCHED
    keeper: WatchKeeper = field(init=False)

    def __post_init__(self) -> None:
        self.keeper = WatchKeeper(
            WatchLedger(CameraId("gate"), 5.0, None),
            lambda: self.standing,
            lambda: self.drops,
            lambda: self.at,
            lambda: 1e9 + self.at,
        )

    def goes_on(self, seconds: float, *, one_in: int) -> tuple[WatchState, str]:
        for number in range(int(5 * seconds)):
            self.at += 0.2
            if number % one_in:
                self.drops += 1
            else:
                self.keeper.analysed()
            self.keeper.look()
        span = self.keeper.ledger.current
        assert span is not None
        return span.state, span.reason


def test_a_machine_that_leaves_most_pictures_out_degrades_the_camera() -> None:
    camera = Camera()
    assert camera.goes_on(15, one_in=1) == (WatchState.WATCHED, "")
    assert camera.goes_on(25, one_in=4) == (WatchState.DEGRADED, "slow")
    assert camera.goes_on(25, one_in=2) == (WatchState.WATCHED, "")


def test_a_fault_of_the_camera_is_told_before_a_slow_machine() -> None:
    camera = Camera(standing=Standing(WatchState.DEGRADED, "blurred"))
    assert camera.goes_on(25, one_in=4) == (WatchState.DEGRADED, "blurred")
