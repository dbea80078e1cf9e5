"""What holds for any ages, sizes, holds and settings, and wherever a run is broken off."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import Phase as Search
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.evidence.retention import GIB
from detector.store import StoreSettings, open_store
from detector.types import Phase
from tests.happenings import incident_id
from tests.kept_evidence import NOW, Disk, Kept

DISK_BYTES = 1_000_000


@dataclass(frozen=True)
class Case:
    hours_ago: float
    clip_bytes: int
    snapshot_bytes: int
    phase: Phase
    held: bool
    expires_in_s: int | None

    @property
    def bound(self) -> bool:
        in_force = self.expires_in_s is None or self.expires_in_s > 0
        return self.phase is not Phase.END or (self.held and in_force)


CASES = st.lists(
    st.builds(
        Case,
        hours_ago=st.floats(0.1, 1000),
        clip_bytes=st.integers(0, 60_000),
        snapshot_bytes=st.integers(0, 5_000),
        phase=st.sampled_from([Phase.NEW, Phase.UPDATE, Phase.END, Phase.END, Phase.END]),
        held=st.booleans(),
        expires_in_s=st.none() | st.integers(-10, 10),
    ),
    min_size=1,
    max_size=4,
)
POLICIES = st.fixed_dictionaries(
    {
        "clips_h": st.floats(1, 700),
        "snapshots_h": st.floats(1, 700),
        "evidence_gib": st.none() | st.integers(1, 100_000).map(lambda size: size / GIB),
        "free_space_floor_gib": st.integers(0, DISK_BYTES - 1).map(lambda size: size / GIB),
    }
)


def fill(kept: Kept, cases: list[Case]) -> None:
    for number, case in enumerate(cases, 1):
        kept.happen(
            number,
            case.hours_ago,
            clip_bytes=case.clip_bytes,
            snapshot_bytes=case.snapshot_bytes,
            phase=case.phase,
        )
        if case.held:
            expires = None if case.expires_in_s is None else NOW + case.expires_in_s
            kept.hold(incident_id(number), expires)


# Each example writes to a disk: a failing one is shown as it was found, not made smaller
@settings(max_examples=25, deadline=None, phases=[Search.generate])
@given(cases=CASES, policy=POLICIES, others=st.integers(0, DISK_BYTES))
def test_nothing_held_or_open_ever_goes_and_all_that_goes_is_in_the_log_once(
    tmp_path_factory: pytest.TempPathFactory,
    cases: list[Case],
    policy: dict[str, object],
    others: int,
) -> None:
    folder = tmp_path_factory.mktemp("kept")
    with open_store(StoreSettings(path=folder / "events.sqlite3")) as store:
        kept = Kept(store, folder / "data")
        fill(kept, cases)
        before = kept.objects()
        bound = {
            name
            for number, case in enumerate(cases, 1)
            if case.bound
            for name in kept.files_of(incident_id(number))
        }
        worker = kept.worker(Disk(DISK_BYTES, others), **policy)
        worker.turn(NOW)
        worker.turn(NOW)
        assert bound <= kept.files()
        log = Counter(name for name in kept.erased() if not name.endswith("/events"))
        assert set(log.values()) <= {1}
        assert set(log) == before.keys() - kept.objects().keys()
        assert store.verify_custody().why == ""


class Broken(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("after", [0, 1, 2, 3, 5, 7, 8])
def test_wherever_a_run_is_broken_off_each_file_that_went_is_in_the_log_and_the_next_run_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    with open_store(StoreSettings(path=tmp_path / "events.sqlite3")) as store:
        kept = Kept(store, tmp_path / "data")
        for number in (1, 2):
            kept.happen(number, 100)
        before = kept.objects()
        unlinked, real = [], Path.unlink

        def unlink(path: Path, *, missing_ok: bool = False) -> None:
            if len(unlinked) == after:
                raise Broken
            unlinked.append(path)
            real(path, missing_ok=missing_ok)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "unlink", unlink)
            try:
                kept.worker().turn(NOW)
            except Broken:
                assert after < 8
        touched = {name for name, one in before.items() if {*one.paths} & {*unlinked}}
        assert after == 0 or touched
        assert touched <= set(kept.erased())
        kept.worker().turn(NOW + 60)
        assert kept.files() == set()
        assert sorted(kept.erased()) == sorted(before)
