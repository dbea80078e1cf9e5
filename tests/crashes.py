"""Kills the sender at a random moment, starts it again, and compares what both sides have."""

import base64
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from detector.store import EventQuery, StoreSettings, open_store
from tests.receiver import Receiver
from tests.sender import KEY

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class CrashRound:
    """What one round showed.

    Attributes:
        wanted: events to be committed in all.
        kills: how often the sender was killed.
        told: events the killed runs had announced as committed.
        stored_at_kill: events in the database after the last kill.
        lost_commits: announced, but not in the database after a kill.
        stored: events in the database at the end.
        received: different events the receiver took.
        missing: stored, but never received.
        strangers: received, but not stored.
        duplicates: requests for an event that it had taken before; same id, same bytes.
        altered: repetitions whose bytes differ.
        unverified: requests whose signature did not verify.
        disordered: incidents whose events were first taken out of order.
    """

    wanted: int
    kills: int
    told: int
    stored_at_kill: int
    lost_commits: int
    stored: int
    received: int
    missing: int
    strangers: int
    duplicates: int
    altered: int
    unverified: int
    disordered: int

    @property
    def clean(self) -> bool:
        """Nothing lost, nothing invented, nothing altered; duplicates are allowed."""
        wrong = (
            self.lost_commits, self.missing, self.strangers, self.altered, self.unverified,
            self.disordered,
        )  # fmt: skip
        return not any(wrong) and self.stored == self.received == self.wanted


class Sender:
    """The process that is killed."""

    def __init__(self, folder: Path, receiver: Receiver, wanted: int) -> None:
        self.told: list[str] = []
        self.idle = threading.Event()
        arguments = [sys.executable, "-m", "tests.sender", str(folder), receiver.url, str(wanted)]
        environment = {**os.environ, KEY: receiver.secret, "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            arguments, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment
        )
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            if line.strip() == "idle":
                self.idle.set()
            elif line.endswith("\n"):
                self.told.append(line.strip())

    def wait_until_told(self, number: int) -> None:
        """Wait until it announced so many commits, or ended."""
        while len(self.told) < number and self._process.poll() is None:
            time.sleep(0.001)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self.join()

    def join(self) -> None:
        """Wait for its end."""
        self._process.wait()
        self._reading.join()
        if self._process.stdout is not None:
            self._process.stdout.close()


def stored_ids(folder: Path) -> set[str]:
    """Read what is in the database."""
    with open_store(StoreSettings(path=folder / "events.sqlite3")) as store:
        return {str(event.event_id) for event in store.events(EventQuery(limit=100_000))}


def crash_round(folder: Path, wanted: int, kills: int, dice: random.Random) -> CrashRound:
    """Commit ``wanted`` events while the sender is killed ``kills`` times."""
    secret = "whsec_" + base64.b64encode(os.urandom(24)).decode()
    receiver = Receiver(folder / "received.jsonl", secret)
    receiver.start()
    told, lost, at_kill = set[str](), set[str](), 0
    try:
        for kill in range(kills):
            sender = Sender(folder, receiver, wanted)
            sender.wait_until_told(dice.randint(1, wanted // kills))
            time.sleep(dice.uniform(0, 0.02))
            sender.kill()
            told |= set(sender.told)
            stored = stored_ids(folder)
            lost |= told - stored
            at_kill = len(stored)
            if kill == 0:  # the other side dies as well
                receiver.kill()
                receiver.start()
        last = Sender(folder, receiver, wanted)
        if not last.idle.wait(120):
            last.kill()
        last.join()
    finally:
        receiver.kill()
    return _compare(folder, receiver, CrashFacts(wanted, kills, told, lost, at_kill))


@dataclass(frozen=True)
class CrashFacts:
    """What was seen while it ran."""

    wanted: int
    kills: int
    told: set[str]
    lost: set[str]
    at_kill: int


def _compare(folder: Path, receiver: Receiver, facts: CrashFacts) -> CrashRound:
    stored = stored_ids(folder)
    requests = receiver.requests()
    taken = [entry for entry in requests if entry["status"] == 204]
    received = {entry["id"] for entry in taken}
    bodies: dict[str, set[str]] = {}
    firsts: dict[str, list[int]] = {}
    for entry in taken:
        if entry["id"] not in bodies:
            firsts.setdefault(entry["incident"], []).append(entry["seq"])
        bodies.setdefault(entry["id"], set()).add(entry["body"])
    return CrashRound(
        wanted=facts.wanted,
        kills=facts.kills,
        told=len(facts.told),
        stored_at_kill=facts.at_kill,
        lost_commits=len(facts.lost),
        stored=len(stored),
        received=len(received),
        missing=len(stored - received),
        strangers=len(received - stored),
        duplicates=sum(number - 1 for number in Counter(e["id"] for e in taken).values()),
        altered=sum(len(different) > 1 for different in bodies.values()),
        unverified=sum(not entry["verified"] for entry in requests),
        disordered=sum(seqs != sorted(seqs) for seqs in firsts.values()),
    )
