"""Replaces readers that hang in a library, where no time-out reaches them.

A thread cannot be killed. It is cut off, so that nothing of it is seen any more, and another one
reads its camera; what the old one holds (a connection, a decoder, a stack) is lost until it comes
back by itself. So only a few are given up: beyond that the service says that it needs a restart.
"""

import logging
from collections import Counter
from collections.abc import Sequence

from detector.pipeline.health import Heartbeats
from detector.pipeline.reader_post import ReaderPost
from detector.pipeline.supervised_thread import SupervisedThread

log = logging.getLogger(__name__)

THREAD = "relief"
BEAT_LIMIT_S = 30.0
LOOK_EVERY_S = 1.0
LOOKS = 5
"""A reader is replaced when it was late so often in a row. After the whole process stood still
(a paused machine, SIGSTOP) all are late at once, and have so many seconds to show themselves."""
MOST_STUCK_OF_STREAM = 2
"""Each may hold a session of its camera, and cameras give out few of them: some only four."""
MOST_STUCK = 8
"""Of all cameras; each may hold a decoder, with a picture of 1080p some 30 MB."""


class Relief:
    """Looks after the readers on a thread of its own.

    Args:
        posts: the readers' places.
        heartbeats: say which of them are late, and that this thread runs.
    """

    def __init__(self, posts: Sequence[ReaderPost], heartbeats: Heartbeats) -> None:
        self._posts = tuple(posts)
        self._heartbeats = heartbeats
        self._late_looks: Counter[str] = Counter()
        self._refused: dict[str, str] = {}
        self._thread = SupervisedThread(THREAD, self._run, heartbeats)

    def start(self) -> None:
        """Start the thread; the readers are running."""
        self._thread.start(BEAT_LIMIT_S)

    def stop(self, timeout_s: float = 5.0) -> bool:
        """End; False if the thread did not end in time."""
        return self._thread.stop(timeout_s)

    @property
    def trouble(self) -> str:
        """Readers that hang and are not replaced, for people; "" while there is none."""
        return "; ".join(self._refused.values())

    def look(self) -> None:
        """Replace who is late for long enough; call it every :data:`LOOK_EVERY_S`."""
        late = self._heartbeats.late()
        stuck = {post.name: post.count_stuck() for post in self._posts}
        refused: dict[str, str] = {}
        for post in self._posts:
            name = post.name
            self._late_looks[name] = self._late_looks[name] + 1 if name in late else 0
            if self._late_looks[name] < LOOKS:
                continue
            obstacle = self._obstacle(post, stuck)
            if obstacle:
                refused[name] = self._refuse(post, obstacle)
            else:
                self._late_looks[name] = 0
                stuck[name] += 1
                self._replace(post, late[name])
        self._refused = refused

    def _run(self) -> None:
        while not self._thread.pause(LOOK_EVERY_S):
            self._thread.beat()
            try:
                self.look()
            except Exception:  # the top of the thread: the next look may go well
                log.exception("readers could not be looked after")

    def _obstacle(self, post: ReaderPost, stuck: dict[str, int]) -> str:
        """Say why no other reader is started; "" if one is."""
        if not post.plan.live:
            return "a recording is not begun again"
        if stuck[post.name] >= MOST_STUCK_OF_STREAM:
            return f"{stuck[post.name]} others of this stream hang already"
        total = sum(stuck.values())
        return f"{total} others of all cameras hang already" if total >= MOST_STUCK else ""

    def _replace(self, post: ReaderPost, silent_s: float) -> None:
        log.error(
            "%s: hangs in a library, no sign of life for %.0f s; replaced", post.name, silent_s
        )
        post.replace(
            f"its reader hung in a library for {silent_s:.0f} s and was replaced", silent_s
        )

    def _refuse(self, post: ReaderPost, obstacle: str) -> str:
        reason = f"its reader hangs in a library and is not replaced, {obstacle}"
        post.monitor.hangs(reason)
        told = f"{post.name}: {reason}: restart the service"
        if post.name not in self._refused:
            log.error("%s", told)
        return told
