"""How much of a time a camera watched: spans of one state each, and what they come to.

Spans may overlap: a clock that was set back tells an hour twice. Each moment counts once, then, and
by the gravest of what is told of it, so that no blindness is hidden by it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class WatchState(StrEnum):
    """How a camera watched, from well to not at all."""

    WATCHED = "watched"
    DEGRADED = "degraded"  # seen, but worse than usual
    BLIND = "blind"  # nobody would have been seen
    UNKNOWN = "unknown"  # nothing is written about it

    @property
    def rank(self) -> int:
        """What counts where two states are told of one moment: the greater."""
        return _RANK[self]


_RANK: Mapping[WatchState, int] = {
    WatchState.UNKNOWN: 0,
    WatchState.WATCHED: 1,
    WatchState.DEGRADED: 2,
    WatchState.BLIND: 3,
}


@dataclass(frozen=True, slots=True)
class WatchSpan:
    """A time in which a camera's state was the same; ``camera`` and ``began_at`` name it.

    Attributes:
        camera: whose.
        state: how it watched.
        reason: why not well, in a word; "" while watched.
        began_at: UTC epoch seconds of this machine.
        ended_at: likewise; moves on while the span lasts.
    """

    camera: str
    state: WatchState
    reason: str
    began_at: float
    ended_at: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """A window parted without gap and overlap.

    Attributes:
        after: begin of the window, UTC epoch seconds.
        before: its end.
        spans: in order, the first beginning at ``after`` and the last ending at ``before``.
    """

    after: float
    before: float
    spans: tuple[WatchSpan, ...]

    def seconds(self) -> dict[tuple[WatchState, str], float]:
        """Sum up by state and reason; the values sum up to the window."""
        total: dict[tuple[WatchState, str], float] = defaultdict(float)
        for span in self.spans:
            total[span.state, span.reason] += span.ended_at - span.began_at
        return dict(total)


def coverage(camera: str, spans: Sequence[WatchSpan], after: float, before: float) -> Coverage:
    """Part the window ``after`` to ``before`` by what is told of it; the rest is unknown.

    >>> told = [WatchSpan("gate", WatchState.WATCHED, "", 2.0, 5.0)]
    >>> [(s.state.value, s.began_at, s.ended_at) for s in coverage("gate", told, 0.0, 6.0).spans]
    [('unknown', 0.0, 2.0), ('watched', 2.0, 5.0), ('unknown', 5.0, 6.0)]
    """
    parts: list[WatchSpan] = []
    for state, reason, piece_at, ended_at in _parted(spans, after, before):
        goes_on = bool(parts) and (parts[-1].state, parts[-1].reason) == (state, reason)
        began_at = parts.pop().began_at if goes_on else piece_at
        parts.append(WatchSpan(camera, state, reason, began_at, ended_at))
    return Coverage(after, before, tuple(parts))


def _parted(
    spans: Sequence[WatchSpan], after: float, before: float
) -> Iterator[tuple[WatchState, str, float, float]]:
    """Give state, reason, begin and end of each piece between two edges of spans."""
    edges: list[tuple[float, int, tuple[WatchState, str]]] = []
    for span in spans:
        began_at, ended_at = max(span.began_at, after), min(span.ended_at, before)
        if began_at < ended_at:
            key = (span.state, span.reason)
            edges += [(began_at, 1, key), (ended_at, -1, key)]
    told: Counter[tuple[WatchState, str]] = Counter()
    last = after
    for at, change, key in sorted(edges, key=lambda edge: edge[0]):
        if at > last:
            yield *_gravest(told), last, at
            last = at
        told[key] += change
    if before > last:
        yield *_gravest(told), last, before


def _gravest(told: Mapping[tuple[WatchState, str], int]) -> tuple[WatchState, str]:
    present = [key for key, count in told.items() if count > 0]
    return max(present, key=lambda key: (key[0].rank, key[1]), default=(WatchState.UNKNOWN, ""))
