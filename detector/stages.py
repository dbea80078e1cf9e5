"""How much CPU each stage of the pipeline takes, counted where the work is done."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum


class Stage(StrEnum):
    """A part of the way from bytes to events."""

    DECODE = "decode"
    CONVERT = "convert"
    PREPROCESS = "preprocess"
    INFERENCE = "inference"
    POSTPROCESS = "postprocess"
    TRACK = "track"
    RULES = "rules"
    RECORD = "record"


class StageClock:
    """Adds up CPU seconds and calls per stage; any thread may count, any may read.

    ``time.thread_time`` counts the calling thread only, so a stage that waits costs nothing. Work
    that a library does on threads of its own (ONNX Runtime with more than one thread) is not seen
    here; the speed benchmark therefore also measures the whole process.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cpu_s: dict[Stage, float] = dict.fromkeys(Stage, 0.0)
        self._calls: dict[Stage, int] = dict.fromkeys(Stage, 0)

    @contextmanager
    def measure(self, stage: Stage) -> Iterator[None]:
        """Count the body of the ``with`` block."""
        began = time.thread_time()
        try:
            yield
        finally:
            self.add(stage, time.thread_time() - began)

    def add(self, stage: Stage, cpu_s: float, calls: int = 1) -> None:
        """Count work that was measured elsewhere."""
        with self._lock:
            self._cpu_s[stage] += cpu_s
            self._calls[stage] += calls

    def cpu_s(self) -> Mapping[Stage, float]:
        """Give the CPU seconds of each stage so far."""
        with self._lock:
            return dict(self._cpu_s)

    def calls(self) -> Mapping[Stage, int]:
        """Give how often each stage ran."""
        with self._lock:
            return dict(self._calls)
