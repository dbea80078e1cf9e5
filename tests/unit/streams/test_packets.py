from fractions import Fraction

import pytest

from detector.streams.packets import Coding, Packet, PacketRing

CODING = Coding("h264", 64, 48, b"", Fraction(1, 90_000))


def packet(at: float, *, key: bool = False, size: int = 100, coding: Coding = CODING) -> Packet:
    ticks = int(at * 90_000)
    return Packet(b"x" * size, coding, ticks, ticks, key, at, at)


def filled(seconds: int, keep_s: float = 100.0, keep_bytes: int = 1 << 30) -> PacketRing:
    """Ten pictures a second, a key frame every two seconds, begun at 0."""
    ring = PacketRing(keep_s, keep_bytes)
    for number in range(10 * seconds):
        ring.add(packet(number / 10, key=number % 20 == 0))
    return ring


def test_a_piece_begins_at_the_key_frame_at_or_before_it() -> None:
    found = filled(20).between(5.0, 9.0)
    assert found[0].is_key
    assert (found[0].arrived_at, found[-1].arrived_at) == (4.0, 9.0)
    assert filled(20).between(6.0, 9.0)[0].arrived_at == 6.0


def test_what_does_not_reach_back_far_enough_begins_where_it_can() -> None:
    assert filled(20, keep_s=6.0).between(1.0, 19.0)[0].arrived_at == pytest.approx(12.0)


def test_nothing_is_given_for_a_time_in_which_nothing_came() -> None:
    ring = filled(4)
    assert ring.between(10.0, 20.0) == []
    assert ring.between(-9.0, -1.0) == []
    assert PacketRing(5.0, 100).between(0.0, 9.0) == []


def test_a_ring_keeps_its_seconds_and_no_more_than_a_group_beyond() -> None:
    held = filled(60, keep_s=6.0).between(0.0, 60.0)
    kept_s = held[-1].arrived_at - held[0].arrived_at
    assert 6.0 <= kept_s <= 8.0


def test_a_ring_never_holds_more_than_its_bytes() -> None:
    ring = PacketRing(1000.0, 5_000)
    for number in range(500):
        ring.add(packet(number / 10, key=number % 20 == 0))
        assert ring.bytes_held <= 5_000
    assert ring.between(0.0, 50.0)[0].is_key


def test_a_stream_without_a_second_key_frame_is_let_go_of_at_the_limit() -> None:
    ring = PacketRing(1000.0, 1_000)
    for number in range(50):
        ring.add(packet(number / 10, key=number == 0))
        assert ring.bytes_held <= 1_000


def test_a_new_connection_begins_at_its_key_frame() -> None:
    again = Coding("h264", 64, 48, b"", Fraction(1, 90_000))
    ring = filled(4)
    ring.add(packet(4.0, coding=again))
    ring.add(packet(4.1, key=True, coding=again))
    assert [p.arrived_at for p in ring.between(3.95, 5.0) if p.coding is again] == [4.1]
