"""What being ready needs: each condition is one check with a name."""

from collections.abc import Sequence
from dataclasses import dataclass

from detector.errors import StoreError
from detector.pipeline.health import Heartbeats
from detector.pipeline.recorder import Recorder
from detector.store import Store


@dataclass(frozen=True, slots=True)
class ReadyCheck:
    """One condition for being ready.

    Attributes:
        name: what is checked.
        ok: whether it holds.
        detail: what was expected and found; "" while it holds.
    """

    name: str
    ok: bool
    detail: str = ""

    @classmethod
    def of(cls, name: str, trouble: str) -> "ReadyCheck":
        """Give the check that holds while there is no trouble to tell.

        >>> ReadyCheck.of("disk", "full")
        ReadyCheck(name='disk', ok=False, detail='full')
        """
        return cls(name, ok=not trouble, detail=trouble)


def store_check(store: Store, recorder: Recorder) -> ReadyCheck:
    """Check that what happens can be written; writes something harmless."""
    if recorder.fault:
        return ReadyCheck.of("store", f"{recorder.waiting} records wait: {recorder.fault}")
    try:
        store.probe()
    except StoreError as error:
        return ReadyCheck("store", ok=False, detail=str(error))
    return ReadyCheck.of("store", "")


def thread_checks(heartbeats: Heartbeats) -> Sequence[ReadyCheck]:
    """Give one failed check for each thread that misses its beat; one that holds if none does."""
    late = heartbeats.late()
    if not late:
        return (ReadyCheck.of("threads", ""),)
    return tuple(
        ReadyCheck.of(f"thread {name}", f"no sign of life for {age_s:.0f} s")
        for name, age_s in late.items()
    )
