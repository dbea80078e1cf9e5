"""The incidents of one camera: merges what belongs together, ends what is over.

A transition joins an open incident when they share a track, or when its foot is within ``merge_m``
of where somebody of the incident was last seen; otherwise it opens one. Within an incident each
rule has one part:

- its first happening is an event ``new``, a change is an ``update``, the end of its last open
  happening is ``end``; further happenings of the same rule are updates of that part;
- every barrier crossing is an event ``new`` of its own, because crossings are counted;
- updates that do not escalate are said at most once per ``update_interval_s``; the newest one waits
  for its turn. What escalates, and every end with its outcome, passes at once.

When no part has been open for ``merge_gap_s`` the incident ends with an event of kind ``incident``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from detector.events import (
    Context,
    Event,
    EventData,
    EventKind,
    Incident,
    Moment,
    envelope,
    event_data,
)
from detector.incidents.happening import Happening, Part
from detector.types import Phase, RuleKind, Transition


class IncidentSettings(BaseModel):
    """When transitions belong to one happening, and how often it is spoken about."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    merge_m: float = Field(default=5.0, ge=0, description="feet closer than this are one happening")
    merge_gap_s: float = Field(default=10.0, ge=0, description="quiet time that ends an incident")
    resume_s: float = Field(
        default=60.0, ge=0, description="after a restart, how long an open incident may be taken up"
    )
    update_interval_s: float = Field(
        default=2.0, ge=0, description="least time between updates that do not escalate"
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one frame changed: events in order, and the newest value of each changed incident."""

    events: tuple[Event, ...] = ()
    incidents: tuple[Incident, ...] = ()


class IncidentBook:
    """Keeps the incidents of one camera; no clock, no I/O.

    Args:
        context: what all events of this run have in common; ids derive from its run id.
        settings: merging and rates.
        resumed: incidents that were open when an earlier run stopped.
    """

    def __init__(
        self, context: Context, settings: IncidentSettings, resumed: Sequence[Incident] = ()
    ) -> None:
        self._context = context
        self._settings = settings
        self._to_resume = tuple(resumed)
        self._open: list[Happening] = []
        self._episodes: dict[tuple[str, int], Happening] = {}
        self._incidents = 0
        self._events = 0
        self._said: list[Event] = []
        self._changed: dict[int, tuple[Happening, Phase]] = {}

    def advance(self, moment: Moment, transitions: Sequence[Transition]) -> Outcome:
        """Take what the rules found on one frame; also ends what has been quiet long enough."""
        for incident in self._to_resume:
            self._open.append(Happening.resume(incident, moment))
        self._to_resume = ()
        for transition in transitions:
            self._take(transition, moment)
        self._say_pending(moment)
        for happening in [h for h in self._open if self._is_over(h, moment.pts)]:
            self._end(happening, moment)
        return self._collect(moment)

    def close(self, moment: Moment) -> Outcome:
        """End everything (a recording is over); the rules' own ends must have been taken before."""
        self._say_pending(moment, now=True)
        for happening in list(self._open):
            self._end(happening, moment)
        return self._collect(moment)

    @property
    def open_incidents(self) -> int:
        """How many incidents are open."""
        return len(self._open)

    def _take(self, transition: Transition, moment: Moment) -> None:
        happening = self._happening_of(transition)
        first = transition.rule not in happening.parts or not happening.parts[transition.rule].open
        part = happening.take(transition)
        key = (transition.rule, transition.episode)
        if transition.until_s is None:
            self._episodes[key] = happening
        else:
            self._episodes.pop(key, None)
        phase = self._phase(transition, part, first=first)
        due = transition.at >= part.said_at + self._settings.update_interval_s
        if phase is not Phase.UPDATE or transition.escalates or transition.outcome or due:
            self._say(happening, part, transition, phase, moment)
        else:
            part.pending = transition
        self._changed.setdefault(id(happening), (happening, Phase.UPDATE))

    @staticmethod
    def _phase(transition: Transition, part: Part, *, first: bool) -> Phase:
        if transition.kind is RuleKind.BARRIER_CROSSING:
            return Phase.NEW
        if transition.phase is Phase.NEW and first:
            return Phase.NEW
        if transition.phase is Phase.END and not part.open:
            return Phase.END
        return Phase.UPDATE

    def _happening_of(self, transition: Transition) -> Happening:
        """Find the incident a transition belongs to, or open one."""
        known = self._episodes.get((transition.rule, transition.episode))
        if known is not None:
            return known
        for happening in self._open:
            if happening.shares_track(transition):
                return happening
        for happening in self._open:
            if happening.resumed and transition.place in happening.places:
                happening.resumed = False
                return happening
        near = min(self._open, key=lambda h: h.metres_from(transition), default=None)
        if near is not None and near.metres_from(transition) <= self._settings.merge_m:
            return near
        self._incidents += 1
        happening = Happening(
            incident_id=self._context.incident_id(self._incidents),
            camera=self._context.camera,
            start_s=transition.since_s,
            last_s=transition.at,
        )
        self._open.append(happening)
        self._changed[id(happening)] = (happening, Phase.NEW)
        return happening

    def _say_pending(self, moment: Moment, *, now: bool = False) -> None:
        for happening in self._open:
            for part in happening.parts.values():
                waited = moment.pts >= part.said_at + self._settings.update_interval_s
                if part.pending is not None and (waited or now):
                    self._say(happening, part, part.pending, Phase.UPDATE, moment)

    def _is_over(self, happening: Happening, at: float) -> bool:
        quiet_s = self._settings.resume_s if happening.resumed else self._settings.merge_gap_s
        return not happening.is_open and at - happening.last_s > quiet_s

    def _say(
        self,
        happening: Happening,
        part: Part,
        transition: Transition,
        phase: Phase,
        moment: Moment,
    ) -> None:
        part.said_at, part.pending = transition.at, None
        data = event_data(transition, happening.incident_id, phase, moment, self._context)
        if happening.gravest is None:
            data = data.model_copy(update={"incident_phase": Phase.NEW})
        happening.note_said(data)
        self._append(data, moment)

    def _end(self, happening: Happening, moment: Moment) -> None:
        self._open.remove(happening)
        self._episodes = {k: h for k, h in self._episodes.items() if h is not happening}
        if happening.resumed:
            happening.outcome = happening.outcome or "restart"
        self._changed[id(happening)] = (happening, Phase.END)
        incident = happening.value(moment, Phase.END)
        if incident.gravest is not None:
            changes = {
                "incident_phase": Phase.END,
                "phase": Phase.END,
                "model": self._context.model,
                "config": self._context.config,
                "latency": None,
                "has_snapshot": False,
                "rule": EventKind.INCIDENT,
                "rule_name": "",
                "pts_s": round(moment.pts, 6),
                "start_s": incident.start_s,
                "end_s": incident.end_s,
                "track_ids": incident.track_ids,
                "direction": "",
                "side_from": "",
                "side_to": "",
                "eta_s": None,
                "outcome": incident.outcome,
                "count": incident.count,
                "reasons": (),
            }
            self._append(incident.gravest.model_copy(update=changes), moment)

    def _append(self, data: EventData, moment: Moment) -> None:
        self._events += 1
        self._said.append(envelope(data, self._events, moment, self._context))

    def _collect(self, moment: Moment) -> Outcome:
        outcome = Outcome(
            tuple(self._said),
            tuple(h.value(moment, phase) for h, phase in self._changed.values()),
        )
        self._said, self._changed = [], {}
        return outcome
