"""Watches one camera: gone, frozen, covered, blurred, dark, moved, its clock wrong; well again.

Each fault is an incident of its own with an event ``new`` and an event ``end`` whose outcome is
``restored``; an offline camera's reader may meet another obstacle meanwhile, which is an
``update``. Faults begin when their condition held for the check's ``after_s`` without a break, and
end when it did not hold for ``restored_after_s``. A silence has held since the last picture, not
since its reader noticed it.

A fault of the view is unknowable while no picture comes: what is open stays open. Of the faults
that explain each other only the gravest begins: a dark picture is neither covered nor blurred.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from detector.events import (
    VIEW_KINDS,
    Context,
    Event,
    EventData,
    EventKind,
    EventReason,
    Incident,
    Moment,
    watch_envelope,
)
from detector.incidents.book import Outcome
from detector.incidents.clock_watch import ClockWatch
from detector.incidents.coverage import WatchState
from detector.incidents.view import IntegritySettings, ViewMeasures
from detector.types import Phase, Severity

RESTORED = "restored"
RESTART = "restart"
UPDATE_EVERY_S = 10.0
"""Reconnecting alternates between causes; a new cause is said no more often than this."""

BLINDING = frozenset(
    {
        EventKind.CAMERA_OFFLINE,
        EventKind.CAMERA_FROZEN,
        EventKind.CAMERA_COVERED,
        EventKind.CAMERA_DARK,
    }
)
"""Faults under which nobody is seen; the others degrade what is seen."""

_GRAVEST_FIRST = (
    EventKind.CAMERA_OFFLINE,
    EventKind.CAMERA_DARK,
    EventKind.CAMERA_COVERED,
    EventKind.CAMERA_FROZEN,
    EventKind.CAMERA_MOVED,
    EventKind.CAMERA_BLURRED,
    EventKind.CAMERA_CLOCK,
)
_EXPLAINED_BY: Mapping[EventKind, frozenset[EventKind]] = {
    EventKind.CAMERA_COVERED: frozenset({EventKind.CAMERA_DARK}),
    EventKind.CAMERA_MOVED: frozenset({EventKind.CAMERA_DARK, EventKind.CAMERA_COVERED}),
    EventKind.CAMERA_BLURRED: frozenset(
        {EventKind.CAMERA_DARK, EventKind.CAMERA_COVERED, EventKind.CAMERA_MOVED}
    ),
}
_WITHOUT_PICTURE = frozenset({EventKind.CAMERA_OFFLINE, EventKind.CAMERA_CLOCK})
"""Faults that are judged at every moment, whether or not a picture came."""
_WITHHELD = EventReason(
    predicate="pictures", value="withheld: the privacy masks no longer fit", limit=""
)
CLOCK_UNKNOWN_S = 10.0
"""A clock fault of an earlier run is over once the clock was right for so long in this one."""
_OF_REFERENCE = frozenset(
    {EventKind.CAMERA_COVERED, EventKind.CAMERA_BLURRED, EventKind.CAMERA_MOVED}
)


@dataclass(frozen=True, slots=True)
class Link:
    """Whether pictures come.

    Attributes:
        up: they do, or nothing is at fault that they do not.
        state: of the reader, in a word.
        reason: why, in words; "" while all is well.
        silent_s: seconds for which no picture has come already; it is no news when it is told.
    """

    up: bool
    state: str
    reason: str = ""
    silent_s: float = 0.0


@dataclass(slots=True)
class _Fault:
    """One kind of fault: whether its condition holds, since when, and its open incident."""

    kind: EventKind
    after_s: float
    well_after_s: float
    since_s: float | None = None
    well_since_s: float | None = None
    reasons: tuple[EventReason, ...] = ()
    incident_id: UUID | None = None
    began_s: float = 0.0
    said: str = ""
    said_at_s: float = 0.0
    resumed: bool = False

    @property
    def open(self) -> bool:
        return self.incident_id is not None

    def note(
        self,
        reasons: tuple[EventReason, ...],
        at: float,
        forgive_s: float,
        held_s: float = 0.0,
    ) -> None:
        """Take whether the condition holds; a break shorter than ``forgive_s`` is none.

        ``held_s``: how long it has held already, as far as is known.
        """
        if reasons:
            self.reasons, self.well_since_s = reasons, None
            began_s = at - held_s
            self.since_s = began_s if self.since_s is None else min(self.since_s, began_s)
            return
        self.well_since_s = at if self.well_since_s is None else self.well_since_s
        if at - self.well_since_s >= forgive_s:
            self.since_s = None


class CameraWatch:
    """Turns a camera's measures and the state of its reader into events; no clock, no I/O.

    Args:
        context: what all events of this run have in common; ids derive from its run id.
        settings: what is a fault.
        resumed: open incidents of an earlier run; those that are not about the view are ignored.
        clock_limit_s: how far the camera's clock may be off, either way.
    """

    def __init__(
        self,
        context: Context,
        settings: IntegritySettings,
        resumed: Sequence[Incident] = (),
        clock_limit_s: float = 2.0,
    ) -> None:
        self._context = context
        self._settings = settings
        self._to_resume = tuple(i for i in resumed if VIEW_KINDS.intersection(i.rules))
        self._faults = {kind: self._fault(kind) for kind in _GRAVEST_FIRST}
        self._clock = ClockWatch(clock_limit_s)
        self._link = Link(up=True, state="")
        self._incidents = self._events = 0
        self.followed = False
        """Zones and barriers moved along with the view: being moved degrades nothing then."""
        self.withholds = False
        """Pictures of a view that is moved and not followed are shown to nobody: it is blind."""
        self.unconfirmed = False
        """It was moved before the usual view was forgotten (in an earlier run, or as its pictures
        have another size now), and nobody has changed the configuration since: where pictures are
        withheld, they are until somebody does."""
        self.displaced = False
        """The newest measured picture shows the view moved, for however long, or no usual view."""
        self._said: list[Event] = []
        self._changed: list[Incident] = []

    @property
    def faults(self) -> tuple[EventKind, ...]:
        """The open faults, gravest first."""
        return tuple(kind for kind, fault in self._faults.items() if fault.open)

    @property
    def state(self) -> tuple[WatchState, str]:
        """Give how it watches and why not well, for the ledger; why is "" while watched."""
        faults = self._degrading
        if not faults:
            return WatchState.WATCHED, ""
        blinding = BLINDING | ({EventKind.CAMERA_MOVED} if self.withholds else set())
        state = WatchState.BLIND if blinding.intersection(faults) else WatchState.DEGRADED
        return state, faults[0].removeprefix("camera_")

    @property
    def since_s(self) -> float | None:
        """When the gravest of what degrades it began, on the timeline of the run, or None."""
        faults = self._degrading
        return self._faults[faults[0]].began_s if faults else None

    @property
    def _degrading(self) -> tuple[EventKind, ...]:
        return tuple(
            kind for kind in self.faults if kind is not EventKind.CAMERA_MOVED or not self.followed
        )

    def advance(
        self, moment: Moment, link: Link | None = None, measures: ViewMeasures | None = None
    ) -> Outcome:
        """Take what is known at ``moment``; call it at least every second, picture or not.

        Args:
            moment: now, on the timeline of the run; its size is (0, 0) before the first picture,
                its reading of the camera's clock None while that is not known.
            link: state of the reader; None where there is none (a recording).
            measures: of a new picture, if there is one.
        """
        self._resume(moment)
        if self._settings.enabled:
            if link is not None:
                self._take_link(link, moment)
            if self._settings.clock.enabled:
                self._take_clock(moment)
            if measures is not None:
                self._take_measures(measures, moment.pts)
            for fault in self._faults.values():
                self._judge(fault, moment, seen=measures is not None)
        return self._collect()

    def close(self, moment: Moment) -> Outcome:
        """End everything (a recording is over): what is open ended with the recording."""
        for fault in self._faults.values():
            if fault.open:
                self._say(fault, Phase.END, moment, "lost")
        return self._collect()

    def _collect(self) -> Outcome:
        outcome = Outcome(tuple(self._said), tuple(self._changed))
        self._said, self._changed = [], []
        return outcome

    def _fault(self, kind: EventKind) -> _Fault:
        if kind is EventKind.CAMERA_CLOCK:  # ClockWatch has waited already
            return _Fault(kind, after_s=0.0, well_after_s=0.0)
        check = getattr(self._settings, kind.removeprefix("camera_"))
        return _Fault(kind, float(check.after_s), self._settings.restored_after_s)

    def _resume(self, moment: Moment) -> None:
        """Go on with the faults an earlier run left open; a second one of a kind is ended."""
        for incident in self._to_resume:
            fault = self._faults.get(incident.rules[0])
            started = incident.started_at.timestamp() if incident.started_at else None
            began_s = moment.pts if started is None else moment.pts - moment.captured_at + started
            spare = fault is None or fault.open or not self._settings.enabled
            if fault is None or spare:
                fault = _Fault(incident.rules[0], 0.0, 0.0)
            fault.incident_id, fault.began_s, fault.resumed = incident.incident_id, began_s, True
            if incident.gravest is not None:
                fault.reasons = incident.gravest.reasons
                fault.said = str(fault.reasons[0].value) if fault.reasons else ""
            if spare:
                self._say(fault, Phase.END, moment, RESTART)
            elif fault.kind is EventKind.CAMERA_MOVED and incident.gravest is not None:
                self.unconfirmed = incident.gravest.config == self._context.config
        self._to_resume = ()

    def _take_link(self, link: Link, moment: Moment) -> None:
        self._link = link
        limit_s = self._settings.offline.after_s
        reasons = (
            EventReason(predicate="reader_state", value=link.state, limit="live"),
            EventReason(predicate="without_pictures_s", value=0.0, limit=limit_s),
            *([EventReason(predicate="said", value=link.reason, limit="")] if link.reason else []),
        )
        fault = self._faults[EventKind.CAMERA_OFFLINE]
        down = not link.up and self._settings.offline.enabled
        forgive_s = self._settings.restored_after_s
        fault.note(reasons if down else (), moment.pts, forgive_s, link.silent_s)
        if down and fault.since_s is not None:
            waited = round(moment.pts - fault.since_s, 2)
            fault.reasons = (
                reasons[0],
                reasons[1].model_copy(update={"value": waited}),
                *reasons[2:],
            )
            for kind, other in self._faults.items():
                if kind is not EventKind.CAMERA_OFFLINE and not other.open:
                    other.since_s = None

    def _take_clock(self, moment: Moment) -> None:
        wrong = self._clock.update(moment.pts, moment.reading)
        if moment.reading is None:
            return
        reasons: tuple[EventReason, ...] = ()
        if wrong is not None:
            value, limit = wrong.reason.value, wrong.reason.limit
            reasons = (EventReason(predicate="clock_offset_s", value=value, limit=limit),)
        self._faults[EventKind.CAMERA_CLOCK].note(reasons, moment.pts, forgive_s=0.0)

    def _take_measures(self, seen: ViewMeasures, at: float) -> None:
        conditions = self._conditions(seen)
        moved = conditions[EventKind.CAMERA_MOVED]
        check, structure = self._settings.moved, seen.structure
        unlike = structure is not None and structure <= check.max_structure  # blurred by the turn
        if self.withholds and self.displaced and structure is None:  # the usual view was forgotten
            self.unconfirmed = True
        self.displaced = check.enabled and (bool(moved) or unlike)
        if self.withholds and (moved or self.unconfirmed):
            conditions[EventKind.CAMERA_MOVED] = (*moved, _WITHHELD)
            self.displaced = True
        for kind, reasons in conditions.items():
            check = getattr(self._settings, kind.removeprefix("camera_"))
            self._faults[kind].note(reasons if check.enabled else (), at, forgive_s=0.0)

    def _conditions(self, seen: ViewMeasures) -> dict[EventKind, tuple[EventReason, ...]]:
        """Give for each kind the predicates that hold; empty where it does not."""
        s = self._settings
        dark = seen.bright_grey <= s.dark.max_bright_grey
        still = seen.change_grey is not None and seen.change_grey <= s.frozen.max_change_grey
        found = {
            EventKind.CAMERA_FROZEN: _if(
                still, ("change_grey", seen.change_grey, s.frozen.max_change_grey)
            ),
            EventKind.CAMERA_DARK: _if(
                dark, ("bright_grey", seen.bright_grey, s.dark.max_bright_grey)
            ),
        }
        return found | self._against_reference(seen)

    def _against_reference(self, seen: ViewMeasures) -> dict[EventKind, tuple[EventReason, ...]]:
        s = self._settings
        lost, like = seen.lost_share, seen.likeness
        empty = seen.textured_share <= s.covered.max_textured_share
        hidden = lost is not None and like is not None and lost >= s.covered.min_lost_share
        covered = _if(
            hidden and like is not None and like < s.covered.max_likeness,
            ("lost_share", lost, s.covered.min_lost_share),
            ("likeness", like, s.covered.max_likeness),
        ) or _if(
            empty and (lost is None or hidden),
            ("textured_share", seen.textured_share, s.covered.max_textured_share),
        )
        soft = seen.sharpness is not None and seen.sharpness <= s.blurred.max_sharpness
        moved = _if(
            seen.shift_share >= s.moved.min_shift_share,
            ("shift_share", seen.shift_share, s.moved.min_shift_share),
            ("shift_x_share", seen.shift[0], s.moved.min_shift_share),
            ("shift_y_share", seen.shift[1], s.moved.min_shift_share),
            ("zoom", seen.zoom, 1.0),
            ("roll_deg", seen.roll_deg, 0.0),
        ) or _if(
            seen.structure is not None and seen.structure <= s.moved.max_structure and not soft,
            ("structure", seen.structure, s.moved.max_structure),
        )
        return {
            EventKind.CAMERA_COVERED: covered,
            EventKind.CAMERA_MOVED: moved,
            EventKind.CAMERA_BLURRED: _if(
                soft, ("sharpness", seen.sharpness, s.blurred.max_sharpness)
            ),
        }

    def _judge(self, fault: _Fault, moment: Moment, *, seen: bool) -> None:
        at, offline = moment.pts, fault.kind is EventKind.CAMERA_OFFLINE
        known = seen or fault.kind in _WITHOUT_PICTURE
        if not fault.open:
            due = fault.since_s is not None and at - fault.since_s >= fault.after_s
            if due and known and fault.well_since_s is None and not self._explained(fault.kind):
                self._incidents += 1
                fault.incident_id = self._context.watch_incident_id(self._incidents)
                fault.began_s = at if fault.since_s is None else fault.since_s
                self._say(fault, Phase.NEW, moment)
            return
        well_s = 0.0 if fault.well_since_s is None else at - fault.well_since_s
        if fault.well_since_s is not None and known and well_s >= self._well_after_s(fault):
            unknown = fault.resumed and fault.kind in _OF_REFERENCE
            self._say(fault, Phase.END, moment, RESTART if unknown else RESTORED)
        elif offline and not self._link.up and self._link.state != fault.said:
            self._say_obstacle(fault, moment)

    @staticmethod
    def _well_after_s(fault: _Fault) -> float:
        of_clock = fault.kind is EventKind.CAMERA_CLOCK
        return CLOCK_UNKNOWN_S if of_clock and fault.resumed else fault.well_after_s

    def _say_obstacle(self, fault: _Fault, moment: Moment) -> None:
        if moment.pts - fault.said_at_s >= UPDATE_EVERY_S:
            self._say(fault, Phase.UPDATE, moment)

    def _explained(self, kind: EventKind) -> bool:
        """Something graver is open, or its condition holds at this moment."""
        return any(
            self._faults[other].open or self._faults[other].since_s is not None
            for other in _EXPLAINED_BY.get(kind, ())
        )

    def _say(self, fault: _Fault, phase: Phase, moment: Moment, outcome: str = "") -> None:
        data = self._data(fault, phase, moment, outcome)
        self._events += 1
        self._said.append(watch_envelope(data, self._events, moment, self._context))
        self._changed.append(_incident(data, moment))
        fault.said, fault.said_at_s = self._link.state, moment.pts
        if phase is Phase.END:
            fault.incident_id, fault.resumed = None, False
            fault.since_s = fault.well_since_s = None

    def _data(self, fault: _Fault, phase: Phase, moment: Moment, outcome: str) -> EventData:
        assert fault.incident_id is not None  # noqa: S101  (only open faults are spoken of)
        width, height = moment.size
        return EventData(
            incident_id=fault.incident_id,
            incident_phase=phase,
            phase=phase,
            rule=fault.kind,
            rule_name="integrity",
            place="",
            camera=self._context.camera,
            recording=self._context.recording,
            severity=Severity.DETECTION,
            pts_s=round(moment.pts, 6),
            start_s=round(fault.began_s, 6),
            end_s=round(moment.pts, 6) if phase is Phase.END else None,
            track_ids=(),
            object_class="camera",
            score=1.0,
            box=(0.0, 0.0, float(width), float(height)),
            foot=(width / 2, float(height)),
            frame_size=moment.size,
            distance_m=None,
            estimated=False,
            eta_s=None,
            direction="",
            side_from="",
            side_to="",
            outcome=outcome,
            count=0,
            reasons=fault.reasons,
            clock=moment.clock_stamp,
            latency=None,
            model=self._context.model,
            config=self._context.config,
        )


def _if(holds: bool, *values: tuple[str, float | None, float]) -> tuple[EventReason, ...]:  # noqa: FBT001
    if not holds:
        return ()
    return tuple(
        EventReason(predicate=name, value=round(value or 0.0, 4), limit=limit)
        for name, value, limit in values
    )


def _incident(data: EventData, moment: Moment) -> Incident:
    ended = data.phase is Phase.END
    return Incident(
        incident_id=data.incident_id,
        camera=data.camera,
        phase=data.phase,
        severity=data.severity,
        rules=(data.rule,),
        places=(),
        track_ids=(),
        count=0,
        outcome=data.outcome,
        start_s=data.start_s,
        last_s=data.pts_s,
        end_s=data.end_s,
        started_at=moment.utc(data.start_s),
        last_at=moment.utc(data.pts_s),
        ended_at=moment.utc(data.pts_s) if ended else None,
        gravest=data,
    )
