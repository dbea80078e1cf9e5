"""The place of one stream's reader: whoever fills it, it has one monitor and one way to stop."""

import threading
from typing import TYPE_CHECKING

from detector.pipeline.health import CameraMonitor, CameraState

if TYPE_CHECKING:
    from detector.pipeline.source_thread import SourceThread


class ReaderPost:
    """Holds the reader that works now, and those that hung and were replaced.

    Methods may be called from any thread.

    Args:
        reader: the first one, not yet started.
    """

    def __init__(self, reader: "SourceThread") -> None:
        self.plan = reader.plan
        self.name = reader.name
        self.monitor: CameraMonitor = reader.monitor
        self._lock = threading.Lock()
        self._reader = reader
        self._stuck: list[SourceThread] = []
        self._replaced = 0
        self._stopped = False

    def start(self) -> None:
        """Start the reader."""
        self._reader.start()

    def stop(self) -> None:
        """Ask the reader to end and replace it no more; returns at once."""
        with self._lock:
            self._stopped = True
            self._reader.stop()

    def join(self, timeout_s: float) -> bool:
        """Wait for the reader, not for those it replaced; False if it is still busy."""
        return self._reader.join(timeout_s)

    def count_stuck(self) -> int:
        """Count the replaced readers that still hang; those that came back have ended."""
        with self._lock:
            self._stuck = [reader for reader in self._stuck if reader.alive]
            self.monitor.count_readers(replaced=self._replaced, stuck=len(self._stuck))
            return len(self._stuck)

    def replace(self, reason: str, silent_s: float) -> None:
        """Cut the reader off and start another; nothing is done once the post was stopped.

        Args:
            reason: what is shown of the camera until the new reader knows better.
            silent_s: since when the reader showed no sign of life.
        """
        with self._lock:
            if self._stopped:
                return
            self._stuck.append(self._reader)
            self._replaced += 1
            self._reader = self._reader.relieve()
            self.monitor.change(CameraState.STALLED, reason, silent_s=silent_s)
            self.monitor.count_readers(replaced=self._replaced, stuck=len(self._stuck))
            self._reader.start()
