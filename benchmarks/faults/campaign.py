"""One fault again and again on one camera: when was it noticed and over, what was false?"""

import itertools
import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.faults.kinds import Fault, Rig, Sign
from benchmarks.faults.site import Look, Profile, Site

OFFLINE = "camera_offline"
PATIENCE_S = 60.0
QUIET_S = 2.0
"""Damage is over when the count has not risen for so long."""
CLOCK_OFF_S = 600.0


@dataclass(frozen=True)
class Repetition:
    """What one repetition showed; times in seconds, ``None``: never within the patience.

    Attributes:
        fault, profile, number: which one.
        noticed_s: from the fault to its sign in the API (``Sign``).
        event_s: from the fault to the event about the camera that it has to cause.
        false_events: kinds of other events about the camera, from the fault until it was over.
        back_s: from the mending to live with new pictures and without the sign.
        states: states that were seen while it lasted, in order.
        false_states: states that this fault does not explain, and any but live before it.
        reason: what the API said last while it lasted.
    """

    fault: str
    profile: str
    number: int
    noticed_s: float | None
    event_s: float | None
    back_s: float | None
    states: tuple[str, ...]
    false_states: tuple[str, ...]
    reason: str
    false_events: tuple[str, ...] = ()


class Watcher:
    """Asks the looks of one camera."""

    def __init__(self, site: Site, name: str) -> None:
        self._looks = site.looks[name]

    def since(self, at_s: float) -> list[Look]:
        """Give what was seen from then on."""
        found = []
        for look in reversed(self._looks):
            if look.at_s < at_s:
                break
            found.append(look)
        return found[::-1]

    def first(
        self, since_s: float, wanted: Callable[[Look], bool], patience_s: float
    ) -> Look | None:
        """Wait for the first look that is as wanted."""
        while time.monotonic() < since_s + patience_s:
            found = next((look for look in self.since(since_s) if wanted(look)), None)
            if found:
                return found
            time.sleep(0.05)
        return None

    def calm(self, calm_s: float) -> tuple[Look, set[str]]:
        """Wait until it was live for ``calm_s``; give the newest look and what else was seen."""
        began_s, false = time.monotonic(), set[str]()
        first = self.first(began_s, lambda look: look.state == "live", PATIENCE_S)
        if first is None:
            raise TimeoutError("the camera did not become live")
        since_s = first.at_s
        while time.monotonic() < since_s + calm_s or not self.since(since_s):
            time.sleep(0.1)
            wrong = [look for look in self.since(since_s) if look.state != "live"]
            if wrong:
                false |= {look.state for look in wrong}
                since_s = wrong[-1].at_s + 0.001
                if since_s - began_s > PATIENCE_S:
                    raise TimeoutError(f"the camera never kept live for {calm_s:g} s")
        return self.since(since_s)[-1], false


def shows(sign: Sign, look: Look, before: Look) -> bool:
    """Whether a look tells of the fault; ``before`` is how it was while all was well."""
    if sign is Sign.STATE:
        return look.state != "live"
    if sign is Sign.DAMAGE:
        return look.corrupt > before.corrupt or look.state != "live"
    if sign is Sign.SIZE:
        return look.size != before.size
    return sign is Sign.CLOCK and abs(look.clock_offset_s or 0.0) > CLOCK_OFF_S


def repeat(
    site: Site, name: str, rig: Rig, fault: Fault, profile: Profile, number: int
) -> Repetition:
    """Make the fault once and mend it."""
    watcher = Watcher(site, name)
    before, false = watcher.calm(profile.calm_s)
    time.sleep(random.uniform(0.0, 1.0))  # noqa: S311  (another moment of the film each time)
    made_s, made_at = time.monotonic(), time.time()
    fault.make(rig)
    sign = watcher.first(made_s, lambda look: shows(fault.sign, look, before), profile.hold_s)
    time.sleep(max(0.0, made_s + profile.hold_s - time.monotonic()))
    during = watcher.since(made_s)
    mended_s, mended_at = time.monotonic(), time.time()
    fault.mend(rig)
    back_s = _back(watcher, fault, mended_s, before)
    event_s, false_events = _events(site, name, (made_at, mended_at), fault.kind)
    seen = [look for i, look in enumerate(during) if not i or during[i - 1].state != look.state]
    false |= {look.state for look in seen} - fault.states - {"live"}
    return Repetition(
        fault=fault.name,
        profile=profile.name,
        number=number,
        noticed_s=_noticed(fault, sign, made_s, event_s),
        event_s=event_s,
        false_events=tuple(k for k in false_events if not (fault.states and k == OFFLINE)),
        back_s=back_s,
        states=tuple(look.state for look in seen),
        false_states=tuple(sorted(false)),
        reason=during[-1].reason if during else "",
    )


def _back(watcher: Watcher, fault: Fault, mended_s: float, before: Look) -> float | None:
    """Give seconds from the mending to the first look that is as well as before."""
    if fault.sign is Sign.DAMAGE:
        return _unharmed(watcher, mended_s)
    start = watcher.since(mended_s - 1.0)
    frames = start[-1].frames if start else 0
    well = watcher.first(
        mended_s,
        lambda look: (
            look.state == "live" and look.frames > frames and not shows(fault.sign, look, before)
        ),
        PATIENCE_S,
    )
    return None if well is None else round(well.at_s - mended_s, 2)


def _unharmed(watcher: Watcher, mended_s: float) -> float | None:
    """Give seconds from the mending to the last damage or lost state, once all is quiet."""
    while time.monotonic() < mended_s + PATIENCE_S:
        time.sleep(0.2)
        looks = watcher.since(mended_s)
        pairs = itertools.pairwise(looks)
        bad = [b.at_s for a, b in pairs if b.corrupt > a.corrupt or b.state != "live"]
        last_s = max(bad, default=mended_s)
        if looks and looks[-1].at_s > last_s + QUIET_S:
            return round(last_s - mended_s, 2)
    return None


def _noticed(fault: Fault, sign: Look | None, made_s: float, event_s: float | None) -> float | None:
    if fault.sign is Sign.EVENT:
        return event_s
    return None if sign is None else round(sign.at_s - made_s, 2)


def _events(
    site: Site, name: str, lasted: tuple[float, float], kind: str
) -> tuple[float | None, tuple[str, ...]]:
    """Give seconds from the fault to its event while it lasted, and what else was said since."""
    made_at, mended_at = lasted
    event_s, others = None, set[str]()
    for entry in site.receiver.requests():
        data: dict[str, Any] = json.loads(entry["body"])["data"]
        about = data["camera"] == name and data["rule"].startswith("camera_")
        if entry["at"] < made_at or not about or data["phase"] != "new":
            continue
        if data["rule"] != kind:
            others.add(data["rule"])
        elif event_s is None and entry["at"] <= mended_at:
            event_s = round(entry["at"] - made_at, 2)
    return event_s, tuple(sorted(others))


class Worker(threading.Thread):
    """Repeats one fault and hands each repetition on; an error ends it and is kept."""

    def __init__(self, work: Callable[[int], None], numbers: range, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.failure: Exception | None = None
        self._work, self._numbers = work, numbers

    def run(self) -> None:
        """Do the repetitions that are still to be done."""
        try:
            for number in self._numbers:
                self._work(number)
        except Exception as error:  # noqa: BLE001  (told by the main thread, other faults go on)
            self.failure = error
