import threading
from collections.abc import Callable

import pytest

from detector.pipeline.health import Heartbeats
from detector.pipeline.supervised_thread import SupervisedThread

NAME = "north"
LONG_S = 20.0
"""More than any step here takes, and less than a test may."""


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def thread(work: Callable[[], None], beats: Heartbeats | None = None) -> SupervisedThread:
    return SupervisedThread(NAME, work, beats or Heartbeats())


def test_a_thread_that_shows_no_sign_of_life_is_late_until_its_work_is_done() -> None:
    clock = Clock()
    beats = Heartbeats(clock)
    let_go = threading.Event()
    made = thread(let_go.wait, beats)
    made.start(5.0)
    clock.now_s = 6.0
    assert beats.late() == {NAME: 6.0}
    made.beat()
    assert beats.late() == {}
    clock.now_s = 12.0
    assert not made.join(0.0)
    let_go.set()
    assert made.join(LONG_S)
    assert beats.late() == {}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_an_exception_ended_is_missed_for_ever() -> None:
    clock = Clock()
    beats = Heartbeats(clock)

    def fail() -> None:
        raise ValueError

    made = thread(fail, beats)
    made.start(5.0)
    assert made.join(LONG_S)
    clock.now_s = 1000.0
    assert beats.late() == {NAME: 1000.0}


def test_a_thread_that_waits_ends_at_once_when_it_is_asked_to() -> None:
    waited: list[bool] = []
    made = thread(lambda: waited.append(made.pause(1000.0)))
    made.start(5.0)
    assert not made.stopping
    assert made.stop(LONG_S)
    assert made.stopping
    assert waited == [True]
    assert made.pause(1000.0)


def test_a_thread_that_does_not_end_in_time_is_said_to_run_still() -> None:
    let_go = threading.Event()
    made = thread(let_go.wait)
    made.start(5.0)
    assert not made.stop(0.01)
    let_go.set()
    assert made.stop(LONG_S)


def test_a_thread_that_was_never_started_can_be_stopped_but_not_waited_for() -> None:
    made = thread(lambda: None)
    assert made.stop(LONG_S)
    with pytest.raises(RuntimeError):
        made.join(LONG_S)
    with pytest.raises(KeyError):
        made.beat()
