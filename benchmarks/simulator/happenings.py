"""Events of a scene, computed from world positions, never from boxes.

Kinds and limits are those of the product's rules. `start_s` is when the happening begins, `true_s`
when the rule's condition has held long enough, `end_s` when it is over or the clip ends.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

NEAR_M = 15.0
TURN_BACK_M = 5.0
CLOSING_MPS = 0.2
PAST_LINE_M = 0.3
CLIMB_FROM_M = 0.3
STRIP_M = 1.5
CARRY_S = 0.5
LEFT_ALONE_M, LEFT_ALONE_S = 3.0, 20.0
WORK_S, WORK_MPS = 20.0, 0.2
STAY_S, STAY_M = 120.0, 2.0
ZONE_DWELL_S, ZONE_LEAVE_S = 0.5, 2.0
LOST_S = 5.0
ANYWHERE = ""
GROUP_BINS = (2, 3, 5, 10, 20)

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PersonTrack:
    """One person over all frames: metres (NaN before it enters), state words, seen or not."""

    identity: int
    x_m: Floats
    y_m: Floats
    sole_m: Floats
    states: tuple[str, ...]
    visible: Bools


@dataclass(frozen=True)
class LadderTrack:
    """One ladder over all frames: metres of its foot, or of its middle while carried or lying.

    `holder` is who has it in the hands, `helper` who holds its rear end, 0 for nobody.
    """

    identity: int
    x_m: Floats
    y_m: Floats
    states: tuple[str, ...]
    holder: NDArray[np.int64]
    visible: Bools
    helper: NDArray[np.int64] | None = None

    def holders(self, first: int, last: int) -> tuple[int, ...]:
        """Identities of who has it in the hands between two frames."""
        hands = [self.holder[first : last + 1]]
        hands += [] if self.helper is None else [self.helper[first : last + 1]]
        return tuple(sorted({int(h) for h in np.concatenate(hands) if h}))


@dataclass(frozen=True)
class Happening:
    """One true event."""

    kind: str
    start_s: float
    true_s: float
    end_s: float
    tracks: tuple[int, ...]
    where: str
    details: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """As it stands in the truth file."""
        return {
            "kind": self.kind,
            "start_s": round(self.start_s, 3),
            "true_s": round(self.true_s, 3),
            "end_s": round(self.end_s, 3),
            "tracks": list(self.tracks),
            "where": self.where,
            "ignore": False,
            **self.details,
        }


def runs(flags: Bools, *, bridge: int = 0) -> Iterator[tuple[int, int]]:
    """Yields [first, last] of each stretch of True; gaps up to `bridge` frames do not end one."""
    where = np.flatnonzero(flags)
    if len(where) == 0:
        return
    cuts = np.flatnonzero(np.diff(where) > bridge + 1)
    starts = np.concatenate([[0], cuts + 1])
    ends = np.concatenate([cuts, [len(where) - 1]])
    for a, b in zip(starts, ends, strict=True):
        yield int(where[a]), int(where[b])


def side_of(y_m: float) -> str:
    """Name of the barrier's side: left is y > 0, seen walking along x."""
    return "left" if y_m > 0 else "right"


def person_happenings(track: PersonTrack, fps: float, barrier: str) -> list[Happening]:
    """All events of one person at the barrier."""
    found = [
        *_approaches(track, fps, barrier),
        *_crossings(track, fps, barrier),
        *_climbs(track, fps, barrier),
    ]
    return [*found, *_work(track, fps, barrier), *_stays(track, fps)]


def _approaches(track: PersonTrack, fps: float, barrier: str) -> Iterator[Happening]:
    distance = np.abs(track.y_m)
    step = max(1, round(fps))
    closing = np.zeros_like(distance)
    closing[:-step] = (distance[:-step] - distance[step:]) * fps / step  # over the next second
    for first, last in runs(track.visible, bridge=round(LOST_S * fps)):
        i = first
        while i <= last:
            if not (distance[i] < NEAR_M and closing[i] > CLOSING_MPS):
                i += 1
                continue
            end, outcome = _outcome(track, i, last)
            yield Happening(
                "approach",
                i / fps,
                i / fps,
                end / fps,
                (track.identity,),
                barrier,
                {
                    "outcome": outcome,
                    "nearest_m": round(float(np.nanmin(distance[i : end + 1])), 2),
                },
            )
            i = end + 1
            if outcome == "crossed":
                break


def _outcome(track: PersonTrack, start: int, last: int) -> tuple[int, str]:
    sign, nearest = np.sign(track.y_m[start]), np.inf
    for i in range(start, last + 1):
        y = track.y_m[i]
        nearest = min(nearest, abs(y))
        if sign * y < -PAST_LINE_M:
            return i, "crossed"
        if abs(y) > nearest + TURN_BACK_M:
            return i, "turned_back"
    return last, "lost"


def _crossings(track: PersonTrack, fps: float, barrier: str) -> Iterator[Happening]:
    y, side, at_zero = track.y_m, 0.0, 0
    for i in range(len(y)):
        if not track.visible[i] or not np.isfinite(y[i]):
            continue
        if side and np.sign(y[i]) != side and y[i] * y[max(i - 1, 0)] <= 0:
            at_zero = i
        if abs(y[i]) < PAST_LINE_M:
            continue
        if side and np.sign(y[i]) != side:
            direction = f"{side_of(side)}_to_{side_of(y[i])}"
            yield Happening(
                "barrier_crossing",
                at_zero / fps,
                i / fps,
                i / fps,
                (track.identity,),
                barrier,
                {"direction": direction},
            )
        side = float(np.sign(y[i]))


def _climbs(track: PersonTrack, fps: float, barrier: str) -> Iterator[Happening]:
    up = (track.sole_m > CLIMB_FROM_M) & (np.abs(track.y_m) < STRIP_M + 1.0) & track.visible
    for first, last in runs(up, bridge=round(fps)):
        after = min(last + round(0.5 * fps), len(up) - 1)
        over = track.y_m[first] * track.y_m[after] < 0
        ended = last < len(up) - 1 and track.visible[min(last + 1, len(up) - 1)]
        outcome = "over" if over else "down_same_side" if ended else "lost"
        top = round(float(np.nanmax(track.sole_m[first : last + 1])), 2)
        yield Happening(
            "climbing",
            first / fps,
            first / fps,
            last / fps,
            (track.identity,),
            barrier,
            {"outcome": outcome, "top_m": top},
        )


def _work(track: PersonTrack, fps: float, barrier: str) -> Iterator[Happening]:
    working = (
        np.array([s == "work" for s in track.states])
        & track.visible
        & (np.abs(track.y_m) <= STRIP_M)
    )
    for first, last in runs(working, bridge=round(fps)):
        if (last - first) / fps >= WORK_S:
            yield Happening(
                "fence_work",
                first / fps,
                first / fps + WORK_S,
                last / fps,
                (track.identity,),
                barrier,
            )


def _stays(track: PersonTrack, fps: float) -> Iterator[Happening]:
    i, count = 0, len(track.x_m)
    while i < count:
        if not track.visible[i]:
            i += 1
            continue
        gone = (
            np.hypot(track.x_m[i:] - track.x_m[i], track.y_m[i:] - track.y_m[i]) > STAY_M
        ) | ~track.visible[i:]
        end = i + int(np.argmax(gone)) if gone.any() else count - 1
        if (end - i) / fps >= STAY_S:
            yield Happening(
                "loitering", i / fps, i / fps + STAY_S, end / fps, (track.identity,), ANYWHERE
            )
        i = max(end, i + 1)


def ladder_happenings(
    ladder: LadderTrack, people: list[PersonTrack], fps: float, barrier: str
) -> list[Happening]:
    """All events of one ladder."""
    state = np.array(ladder.states)
    found = []
    for first, last in runs((state == "carried") & ladder.visible, bridge=round(fps)):
        if (last - first) / fps >= CARRY_S:
            found.append(
                Happening(
                    "ladder_carried",
                    first / fps,
                    first / fps + CARRY_S,
                    last / fps,
                    (ladder.identity, *ladder.holders(first, last)),
                    barrier,
                )
            )
    near = (np.abs(ladder.y_m) <= STRIP_M) & ladder.visible
    for first, last in runs(near, bridge=round(10 * fps)):
        found.append(
            Happening(
                "ladder_at_barrier",
                first / fps,
                first / fps,
                last / fps,
                (ladder.identity,),
                barrier,
            )
        )
    alone = ladder.visible & np.array([s in ("leaning", "lying") for s in ladder.states])
    for person in people:
        away = np.hypot(person.x_m - ladder.x_m, person.y_m - ladder.y_m)
        alone &= ~(np.nan_to_num(away, nan=np.inf) < LEFT_ALONE_M)
    for first, last in runs(alone):
        if (last - first) / fps >= LEFT_ALONE_S:
            found.append(
                Happening(
                    "ladder_left",
                    first / fps,
                    first / fps + LEFT_ALONE_S,
                    last / fps,
                    (ladder.identity,),
                    barrier,
                )
            )
    return found


def zone_happenings(
    people: list[PersonTrack], inside: Callable[[float, float], bool], fps: float, zone: str
) -> list[Happening]:
    """Intrusions into a zone and how its group of people grows."""
    found: list[Happening] = []
    flags = []
    for person in people:
        at = zip(person.x_m, person.y_m, person.sole_m, person.visible, strict=True)
        within = np.array(
            [bool(v) and np.isfinite(x) and s < 1.0 and inside(x, y) for x, y, s, v in at]
        )
        flags.append(within)
        for first, last in runs(within, bridge=round(ZONE_LEAVE_S * fps)):
            if (last - first) / fps >= ZONE_DWELL_S:
                found.append(
                    Happening(
                        "zone_intrusion",
                        first / fps,
                        first / fps + ZONE_DWELL_S,
                        last / fps,
                        (person.identity,),
                        zone,
                    )
                )
    return [*found, *_groups(people, flags, fps, zone)]


def _groups(
    people: list[PersonTrack], flags: list[Bools], fps: float, zone: str
) -> Iterator[Happening]:
    if not flags:
        return
    together = np.sum(flags, axis=0)
    for size in GROUP_BINS:
        enough = np.flatnonzero(together >= size)
        if len(enough) == 0:
            return
        first, last = int(enough[0]), int(enough[-1])
        who = tuple(p.identity for p, f in zip(people, flags, strict=True) if f[first])
        yield Happening(
            "group_size",
            first / fps,
            first / fps,
            last / fps,
            who,
            zone,
            {"size": size, "largest": int(together.max())},
        )
