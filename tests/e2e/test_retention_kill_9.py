import os
import random
import subprocess
import sys
import time
from pathlib import Path

from detector.store import StoreSettings, open_store
from tests.kept_evidence import NOW, Kept

ROOT = Path(__file__).parents[2]
INCIDENTS = 40
TURN = """
import sys
from pathlib import Path
from detector.store import StoreSettings, open_store
from tests.kept_evidence import NOW, Kept
folder = Path(sys.argv[1])
with open_store(StoreSettings(path=folder / "events.sqlite3")) as store:
    worker = Kept(store, folder / "data").worker()
    print("begins", flush=True)
    worker.turn(NOW)
"""


def killed_turn(folder: Path, after_s: float) -> bool:
    """Run a turn in a process of its own and kill it; True if it was still running then."""
    with subprocess.Popen(
        [sys.executable, "-c", TURN, str(folder)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begins\n"
        time.sleep(after_s)
        running = process.poll() is None
        process.kill()
    return running


def test_each_file_that_is_gone_after_kill_9_has_its_entry_and_the_next_run_ends_the_work(
    tmp_path: Path,
) -> None:
    dice = random.Random(1)  # noqa: S311  (moments of a kill)
    with open_store(StoreSettings(path=tmp_path / "events.sqlite3")) as store:
        kept = Kept(store, tmp_path / "data")
        for number in range(1, INCIDENTS + 1):
            kept.happen(number, 100)
        before = kept.objects()
    cut_short, files = 0, 4 * INCIDENTS
    for _ in range(5):
        killed_turn(tmp_path, dice.uniform(0.01, 0.12))
        with open_store(StoreSettings(path=tmp_path / "events.sqlite3")) as store:
            kept = Kept(store, tmp_path / "data")
            erased, left = kept.erased(), kept.files()
            cut_short += 0 < len(left) < files
            files = len(left)
            gone = {
                name
                for name, one in before.items()
                if not {path.name for path in one.paths} <= left
            }
            assert gone <= set(erased)
            assert len(erased) == len(set(erased))
            assert store.verify_custody().why == ""
    assert cut_short
    with open_store(StoreSettings(path=tmp_path / "events.sqlite3")) as store:
        kept = Kept(store, tmp_path / "data")
        kept.worker().turn(NOW + 60)
        assert kept.files() == set()
        assert sorted(kept.erased()) == sorted(before)
