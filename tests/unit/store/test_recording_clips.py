"""A recording gets the pieces that the store would have chosen for a live camera."""

import json
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from detector.incidents.clip_plan import ClipWish
from detector.incidents.recording_clips import RecordingClips
from detector.store import ClipState, Store, StoreSettings, open_store
from tests.happenings import START, incident_id, make_event, make_incident

TICK_S = 0.25


def happenings(seed: int) -> list[tuple[float, int]]:
    """Seconds and incident of some events: in clusters, at long intervals, and at once."""
    random = np.random.default_rng(seed)
    steps = random.choice([0.0, TICK_S, 1.0, 3.0, 6.5, 11.5, 12.0, 40.0], 30)
    return [(float(at), int(random.integers(1, 3))) for at in np.cumsum(steps)]


def finish_due(store: Store, now: float) -> None:
    for clip in store.due_clips(now, 10):
        store.finish_clip(clip, ClipState.READY, clip.body, [], [], now=now)


@pytest.mark.parametrize("seed", range(8))
def test_the_pieces_and_their_moments_are_those_of_the_store(tmp_path: Path, seed: int) -> None:
    recording, numbers = RecordingClips(), count(1)
    with open_store(StoreSettings(path=tmp_path / "events.sqlite3")) as store:
        for at, incident in happenings(seed):
            event = make_event(next(numbers), incident=incident)
            happened = at - 0.5  # a rule decides a little later
            wishes = [
                ClipWish(
                    event.id, event.data.incident_id, "gate", base, base - 5, base + 5, piece_s=15
                )
                for base in (happened, START + happened)
            ]
            finish_due(store, START + at)
            store.append([event], [make_incident(incident)], [], now=START + at, clips=wishes[1:])
            recording.want(wishes[:1], at)
        live = [
            (c.incident_id, c.number, c.begin_at - START, c.end_at - START, json.loads(c.body))
            for number in (1, 2)
            for c in store.clips(incident_id(number))
        ]
    planned = [
        (c.incident_id, c.piece.number, c.piece.begin_at, c.piece.end_at, c.moments)
        for number in (1, 2)
        for c in recording.planned()
        if c.incident_id == incident_id(number)
    ]
    assert len(live) > 4
    assert planned == [
        (*same, tuple(moment - START for moment in body["moments"])) for *same, body in live
    ]
