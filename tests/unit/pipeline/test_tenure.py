import threading
import time
from fractions import Fraction

import pytest

from detector.pipeline.tenure import Relieved, Tenure, TenuredRing
from detector.streams import PacketRing
from detector.streams.packets import Coding, Packet

CODING = Coding("h264", 64, 48, b"", Fraction(1, 90_000))


def packet() -> Packet:
    return Packet(b"four", CODING, 0, 0, is_key=True, captured_at=0.0, arrived_at=0.0)


def test_a_delivery_that_is_under_way_is_through_before_the_tenure_ends() -> None:
    tenure, inside, done = Tenure(), threading.Event(), []

    def deliver() -> None:
        with tenure:
            inside.set()
            time.sleep(0.2)
            done.append("delivered")

    thread = threading.Thread(target=deliver)
    thread.start()
    assert inside.wait(10.0)
    tenure.end()
    assert done == ["delivered"]
    thread.join(10.0)


def test_after_the_tenure_every_delivery_is_refused() -> None:
    tenure = Tenure()
    with tenure:
        pass
    tenure.end()
    tenure.end()
    for _ in range(2):
        with pytest.raises(Relieved), tenure:
            pytest.fail("delivered")


def test_a_delivery_that_fails_leaves_the_way_free_for_the_next() -> None:
    tenure = Tenure()
    with pytest.raises(ZeroDivisionError), tenure:
        raise ZeroDivisionError
    with tenure:
        pass


def test_whoever_catches_every_failure_of_a_connection_does_not_catch_relief() -> None:
    assert not issubclass(Relieved, Exception)


def test_a_ring_takes_nothing_after_the_tenure() -> None:
    ring, tenure = PacketRing(60.0, 1000), Tenure()
    entry = TenuredRing(ring, tenure)
    entry.add(packet())
    entry.join(b"rest")
    assert ring.bytes_held == 8
    tenure.end()
    with pytest.raises(Relieved):
        entry.add(packet())
    with pytest.raises(Relieved):
        entry.join(b"rest")
    assert ring.bytes_held == 8
