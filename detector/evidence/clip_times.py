"""From packets as they were received to the times of a clip: which to take, and when each shows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, pairwise
from statistics import median

from detector.streams.packets import Coding, Packet

TICKS_PER_S = 90_000
TIME_BASE = Fraction(1, TICKS_PER_S)
_LEAP_S = 5.0  # a step so much beyond the time that really passed is a broken clock
_NOMINAL_STEP = TICKS_PER_S // 25  # where a clip of one picture says nothing


@dataclass(frozen=True, slots=True)
class TimedPacket:
    """A packet with its place in the clip.

    Attributes:
        packet: what is to be decoded.
        pts: ticks of 1/90000 s at which it is shown; the least of a clip is 0.
        dts: ticks at which it is decoded: strictly rising, never after ``pts``.
    """

    packet: Packet
    pts: int
    dts: int


def longest_part(packets: Sequence[Packet]) -> list[Packet]:
    """Give the longest run, in seconds, that one decoder can play, begun at a key frame.

    Connections whose codec, size and parameter sets are the same belong to one run: a camera that
    was gone for two seconds leaves a gap, not two clips. Pictures that are shown before the run's
    first key frame depend on ones that are not there, and are left out. Empty without a key frame.
    """
    runs = [_begun_at_key(list(run)) for _, run in groupby(packets, lambda p: _needs(p.coding))]
    begun = [run for run in runs if run]
    return max(begun, key=lambda run: run[-1].arrived_at - run[0].arrived_at, default=[])


def timed(packets: Sequence[Packet]) -> list[TimedPacket]:
    """Place ``packets`` (at least one) on one timeline from 0.

    Their own timestamps count, and that of arrival where they have none, go back over more than a
    second, or leap more than five seconds beyond the time that has really passed: a connection that
    was made anew, or a clock that was set.
    """
    shown = _distinct(_continuous(packets))
    base = min(shown)
    shown = [at - base for at in shown]
    in_order, step = sorted(shown), typical_step(sorted(shown))
    delay = 0
    while any(in_order[n - delay] > shown[n] for n in range(delay, len(shown))):
        delay += 1  # pictures that a decoder must hold back because of B-frames
    decoded = [(n - delay) * step for n in range(delay)] + in_order[: len(shown) - delay]
    return [TimedPacket(*each) for each in zip(packets, shown, decoded, strict=True)]


def typical_step(times: Sequence[int]) -> int:
    """Give the median distance of rising ``times`` in ticks; 25 a second for fewer than two."""
    steps = [b - a for a, b in pairwise(times)]
    return max(1, round(median(steps))) if steps else _NOMINAL_STEP


def _needs(coding: Coding) -> tuple[object, ...]:
    """What a decoder must be set up for."""
    return coding.codec, coding.width, coding.height, coding.extradata, coding.quarters


def _begun_at_key(run: Sequence[Packet]) -> list[Packet]:
    first = next((n for n, packet in enumerate(run) if packet.is_key), None)
    if first is None:
        return []
    key, leading = run[first], True
    kept = [key]
    for packet in run[first + 1 :]:
        leading = leading and packet.coding is key.coding and _is_before(packet, key)
        if not leading:
            kept.append(packet)
    return kept


def _is_before(packet: Packet, key: Packet) -> bool:
    if packet.pts is None or key.pts is None:
        return False
    early_s = float((key.pts - packet.pts) * key.coding.time_base)
    return 0.0 < early_s < _LEAP_S  # earlier still: its clock was set back


def _continuous(packets: Sequence[Packet]) -> Iterator[int]:
    """Give the ticks at which each is shown, on a common timeline that follows its clocks."""
    offset_s: float | None = None  # timeline minus the packets' own timestamps
    newest_s, before, steps = 0.0, packets[0], typical_step(_own_ticks(packets)) / TICKS_PER_S
    for packet in packets:
        passed_s = max(packet.arrived_at - before.arrived_at, steps)
        if packet.pts is None:
            at_s = newest_s if packet is before else newest_s + passed_s
        else:
            raw_s = float(packet.pts * packet.coding.time_base)
            begun = packet is packets[0]
            at_s = raw_s + offset_s if offset_s is not None else newest_s
            if offset_s is None and not begun:  # the first packet of RTSP has no timestamp
                at_s = newest_s + steps
            if packet.coding is not before.coding or not (
                -1.0 <= at_s - newest_s <= passed_s + _LEAP_S
            ):
                at_s = newest_s + passed_s
            offset_s = at_s - raw_s
        newest_s, before = max(newest_s, at_s), packet
        yield round(at_s * TICKS_PER_S)


def _own_ticks(packets: Sequence[Packet]) -> list[int]:
    """Give the times of the first coding's packets as they say them, else of their arrival."""
    first = [packet for packet in packets if packet.coding is packets[0].coding]
    own = sorted(
        round(float(p.pts * p.coding.time_base) * TICKS_PER_S) for p in first if p.pts is not None
    )
    return own if len(own) > 1 else [round(p.arrived_at * TICKS_PER_S) for p in first]


def _distinct(times: Iterator[int]) -> list[int]:
    """Give ``times`` with those that were said twice put a tick later."""
    seen: set[int] = set()
    given = []
    for at in times:
        free = at
        while free in seen:
            free += 1
        seen.add(free)
        given.append(free)
    return given
