"""The evidence thread: writes the clips that events asked for, and says which are there."""

import dataclasses
import json
import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from detector.delivery import SinkRoute
from detector.errors import EvidenceError, StoreError
from detector.events import EventReason
from detector.evidence.clip import ClipFile, verify_clip, write_clip
from detector.evidence.clip_folder import ClipFolder
from detector.evidence.clip_tracks import TracksFile
from detector.evidence.trail import Trail
from detector.incidents.evidence_event import evidence_event
from detector.pipeline.evidence_tracks import TracksBeside
from detector.pipeline.health import Heartbeats
from detector.pipeline.supervised_thread import SupervisedThread
from detector.store import ClipRecord, ClipState, Store
from detector.streams import PacketRing
from detector.streams.packets import Packet
from detector.streams.privacy import NO_MASKS, ClipMasks

log = logging.getLogger(__name__)

THREAD = "evidence"
BEAT_LIMIT_S = 120.0
"""A piece of five minutes is decoded to its end in between."""
MASKED_BEAT_LIMIT_S = 900.0
"""It is encoded as well where there are masks."""
POLL_S = 0.5
MOST_AT_ONCE = 8
MOST_ATTEMPTS = 3
RETRY_S = 5.0
MOST_RETRY_S = 3600.0
LAST_TURN_S = 7.0
"""No clip is begun so long after a planned stop."""
STOP_S = 10.0
"""The stop waits no longer for the clip in hand: who stops us may kill us then."""
MOST_AT_THE_STOP = 1000
SLACK_S = 1.0
"""A picture is decoded so much later than it came, or shows something for so long."""
NO_VIDEO = "no video of the event is held: the camera was gone, or the service was restarted"


@dataclass(frozen=True, slots=True)
class Footage:
    """What is held in memory of a camera's last seconds, and what nobody may see of it.

    Attributes:
        ring: packets as they came, without masks.
        trail: who was where.
        masks: burnt into every clip.
    """

    ring: PacketRing
    trail: Trail
    masks: ClipMasks = NO_MASKS


@dataclass(frozen=True, slots=True)
class Announcement:
    """In whose name and to whom it is said what became of a clip."""

    site: str
    routes: Sequence[SinkRoute]


class EvidenceWorker:
    """Turns wanted clips into files on a thread of its own, one at a time.

    A clip is due once its time is over and its last packets came. It is written from the packets
    that are held if they show at least one of the events that asked for it; where they do not, as
    after a restart, a file of an earlier run is taken if it is whole. A full disk is tried three
    times, then the clip is missing, and that is said. A planned stop writes what is held of the
    clips that were still growing, because nothing is held after it.

    Args:
        store: holds the jobs, and takes what became of them.
        folder: where the files go.
        footage: by camera, what is held of its last seconds.
        announcement: in whose name it is said, and to whom.
        heartbeats: shows that the thread runs.
        refusal: says why no clip may be written; "" while one may.
    """

    def __init__(
        self,
        store: Store,
        folder: ClipFolder,
        footage: Mapping[str, Footage],
        announcement: Announcement,
        heartbeats: Heartbeats,
        refusal: Callable[[], str] = str,
    ) -> None:
        self._store = store
        self._folder = folder
        self._footage = footage
        self._tracks = TracksBeside(store, {name: held.trail for name, held in footage.items()})
        self._announcement = announcement
        self._refusal = refusal
        self._thread = SupervisedThread(THREAD, self._run, heartbeats)
        self._fault = ""

    def start(self) -> None:
        """Start the thread."""
        limit_s = (
            MASKED_BEAT_LIMIT_S
            if any(held.masks for held in self._footage.values())
            else BEAT_LIMIT_S
        )
        self._thread.start(limit_s)

    def stop(self, timeout_s: float = STOP_S) -> bool:
        """Write what is held and end; False if the thread did not end in time.

        The packets have to be complete: readers and analysis have ended before.
        """
        ended = self._thread.stop(timeout_s)
        if not ended:
            log.warning("the clip in hand is left behind unfinished, it takes too long")
        return ended

    def turn(self, now: float) -> int:
        """Finish the clips that are due at ``now``, UTC epoch seconds; gives how many there were.

        Raises:
            StoreError: the store cannot read or write; the clips stay due.
        """
        due = self._store.due_clips(now, MOST_AT_ONCE)
        for clip in due:
            if self._thread.stopping:
                break
            self._thread.beat()
            self._one(clip, now)
        return len(due)

    def last_turn(self) -> int:
        """Write the clips that are still growing as far as packets are held; gives how many.

        Clips with masks come last, as encoding them may take all the time there is. What is not
        written stays wanted, and the next run says what became of it.

        Raises:
            StoreError: the store cannot read or write; the clips stay wanted.
        """
        give_up_s = time.monotonic() + LAST_TURN_S
        growing = [
            clip
            for clip in self._store.due_clips(math.inf, MOST_AT_THE_STOP)
            if self._shows_something(clip)
        ]
        growing.sort(key=lambda clip: bool(self._footage[clip.camera].masks))
        for number, clip in enumerate(growing):
            if time.monotonic() >= give_up_s:
                log.warning("no time at the stop for %d clips", len(growing) - number)
                return number
            self._one(clip, time.time())
        return len(growing)

    def _run(self) -> None:
        while not self._thread.stopping:
            self._thread.beat()
            busy = False
            try:
                busy = self.turn(time.time()) > 0
                self._fault = ""
            except StoreError as error:
                self._say_once(str(error))
            except Exception as error:  # the top of the thread: said once, then it goes on
                if str(error) != self._fault:
                    log.exception("a clip could not be made")
                self._fault = str(error)
                busy = False
            if not busy:
                self._thread.pause(POLL_S)
        try:
            self.last_turn()
        except StoreError as error:
            self._say_once(str(error))
        except Exception:  # the end of the thread: what is wanted stays wanted
            log.exception("the last clips could not be made")

    def _say_once(self, fault: str) -> None:
        if fault != self._fault:
            log.error("clips wait, the store does not do its part: %s", fault)
        self._fault = fault

    def _one(self, clip: ClipRecord, now: float) -> None:
        """Finish a clip; one of which nothing can be said waits, and longer each time."""
        try:
            self._finish_one(clip, now)
        except StoreError:
            raise
        except Exception:  # our own fault in one clip must not keep the others waiting
            log.exception("incident %s: nothing can be said of a clip", clip.incident_id)
            wait_s = min(RETRY_S * 2.0 ** min(clip.attempts, 10), MOST_RETRY_S)
            self._store.postpone_clip(clip, now + wait_s, now=now)

    def _finish_one(self, clip: ClipRecord, now: float) -> None:
        try:
            made = self._made(clip)
        except (EvidenceError, OSError) as error:
            disk = isinstance(error, OSError) or isinstance(error.__cause__, OSError)
            if disk and clip.attempts + 1 < MOST_ATTEMPTS:
                log.warning("a clip is tried again in %.0f s: %s", RETRY_S, error)
                self._store.postpone_clip(clip, now + RETRY_S, now=now)
                return
            self._missing(clip, str(error))
        except Exception as error:
            log.exception("incident %s: a clip could not be made", clip.incident_id)
            self._missing(clip, f"internal error ({type(error).__name__})")
        else:
            if made is None:
                self._missing(clip, NO_VIDEO)
            else:
                self._ready(clip, *made)

    def _made(self, clip: ClipRecord) -> tuple[ClipFile, TracksFile | None] | None:
        """Write the clip, or take the file of an earlier run; None where there is nothing."""
        packets = self._packets(clip)
        if packets and (refusal := self._refusal()):
            raise EvidenceError(refusal)
        path = self._folder.path(clip.incident_id, clip.number)
        if packets:
            path = self._folder.place(clip.incident_id, clip.number)
            tracks = self._tracks.write(clip, packets, path)
            try:
                return write_clip(packets, path, self._footage[clip.camera].masks), tracks
            except BaseException:
                self._tracks.remove(path)
                raise
        if not path.exists():
            self._tracks.remove(path)  # of a clip that an earlier run did not come to
            return None
        file = verify_clip(path)
        return file, self._tracks.taken(file, path)

    def _packets(self, clip: ClipRecord) -> Sequence[Packet]:
        """Give what is held of the clip's time, nothing if it shows none of its events."""
        held = self._footage.get(clip.camera)
        packets = held.ring.between(clip.begin_at, clip.end_at) if held else ()
        return packets if packets and _shows_any(packets, clip) else ()

    def _shows_something(self, clip: ClipRecord) -> bool:
        try:
            return bool(self._packets(clip))
        except (KeyError, TypeError, ValueError):  # what is stored of it cannot be read
            log.exception("incident %s: a clip could not be made", clip.incident_id)
            return False

    def _ready(self, clip: ClipRecord, file: ClipFile, tracks: TracksFile | None) -> None:
        wanted_s = round(clip.end_at - clip.begin_at, 3)
        length = EventReason(predicate="clip_s", value=round(file.duration_s, 3), limit=wanted_s)
        beside = dataclasses.asdict(tracks) if tracks else None
        body = dataclasses.asdict(file) | {"tracks": beside}
        self._finish(clip, ClipState.READY, body, length)

    def _missing(self, clip: ClipRecord, reason: str) -> None:
        plain = self._folder.without_paths(reason)
        why = EventReason(predicate="no_clip", value=plain, limit="")
        self._finish(clip, ClipState.MISSING, {"reason": plain}, why)
        # Only now: a store that cannot write is asked twice a second, and full disks hold the log
        log.warning("incident %s has no clip %d: %s", clip.incident_id, clip.number, plain)

    def _finish(
        self, clip: ClipRecord, state: ClipState, body: Mapping[str, object], reason: EventReason
    ) -> None:
        record = self._store.incident(clip.incident_id)
        if record is None:
            return  # pruned meanwhile, and the clip with it
        now = time.time()
        number = EventReason(predicate="clip_number", value=clip.number, limit="")
        event = evidence_event(
            self._announcement.site,
            record.incident,
            clip.number,
            (number, reason),
            now,
            ready=state is ClipState.READY,
        )
        said = () if event is None else (event,)
        routes = self._announcement.routes
        self._store.finish_clip(clip, state, json.dumps(body), said, routes, now=now)


def _shows_any(packets: Sequence[Packet], clip: ClipRecord) -> bool:
    """Whether one of the events that asked for the clip happened while these packets came."""
    begin_at, end_at = packets[0].arrived_at - SLACK_S, packets[-1].arrived_at + SLACK_S
    moments: Sequence[float] = json.loads(clip.body)["moments"]
    return any(begin_at <= moment <= end_at for moment in moments)
