from uuid import UUID

import pytest

from detector.events import Event, EventKind, Incident
from detector.incidents.camera_watch import CameraWatch, Link
from detector.incidents.view import FrozenCheck, IntegritySettings, OfflineCheck, ViewMeasures
from detector.types import Phase
from tests.unit.incidents.test_book import context, moment

USUAL = ViewMeasures(
    change_grey=12.0,
    bright_grey=150.0,
    textured_share=0.6,
    lost_share=0.0,
    sharpness=1.0,
    likeness=0.99,
    structure=0.9,
)
UP = Link(up=True, state="live")
STEP_S = 0.5


def measures(**changed: object) -> ViewMeasures:
    fields = {name: getattr(USUAL, name) for name in USUAL.__dataclass_fields__}
    return ViewMeasures(**(fields | changed))  # type: ignore[arg-type]


COVERED = measures(lost_share=0.9, likeness=0.1, sharpness=0.05, structure=0.0, textured_share=0.1)
DARK = measures(bright_grey=4.0, lost_share=1.0, likeness=0.0, sharpness=0.0, textured_share=0.0)
BLURRED = measures(sharpness=0.2, lost_share=0.9, likeness=0.97)
FROZEN = measures(change_grey=0.0)
MOVED = measures(shift=(0.05, 0.0), structure=0.3, aligned=0.9)
ROLLED = measures(roll_deg=3.0, corner_share=0.05, structure=0.3, aligned=0.9)


class Stand:
    """Plays a camera to a watch, half a second at a time."""

    def __init__(self, watch: CameraWatch) -> None:
        self.watch = watch
        self.at = 0.0
        self.events: list[Event] = []
        self.incidents: list[Incident] = []

    def play(self, for_s: float, seen: ViewMeasures | None = USUAL, link: Link = UP) -> "Stand":
        for _ in range(round(for_s / STEP_S)):
            self.at += STEP_S
            outcome = self.watch.advance(moment(self.at), link, seen if link.up else None)
            self.events += outcome.events
            self.incidents += outcome.incidents
        return self

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(e.data.rule.value, e.data.phase.value) for e in self.events]


@pytest.fixture
def stand() -> Stand:
    return Stand(CameraWatch(context(), IntegritySettings()))


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        (COVERED, "camera_covered"),
        (DARK, "camera_dark"),
        (BLURRED, "camera_blurred"),
        (FROZEN, "camera_frozen"),
        (MOVED, "camera_moved"),
        (ROLLED, "camera_moved"),
    ],
)
def test_each_fault_is_told_once_and_restored(stand: Stand, seen: ViewMeasures, kind: str) -> None:
    stand.play(20).play(30, seen).play(20)
    assert stand.told == [(kind, "new"), (kind, "end")]
    first, last = stand.events
    assert (first.data.outcome, last.data.outcome) == ("", "restored")
    assert first.data.incident_id == last.data.incident_id
    assert first.data.object_class == "camera"
    assert first.data.box == (0.0, 0.0, 1280.0, 720.0)
    assert first.data.reasons
    assert first.data.start_s == pytest.approx(20.5)
    assert last.data.end_s == pytest.approx(50.5 + 3.0)
    assert [i.phase for i in stand.incidents] == [Phase.NEW, Phase.END]


def test_a_fault_shorter_than_its_time_is_never_told(stand: Stand) -> None:
    for _ in range(10):
        stand.play(2, COVERED).play(2)
    assert stand.told == []


def test_a_camera_that_never_connected_is_told_after_the_limit(stand: Stand) -> None:
    stand.play(4.5, None, Link(up=False, state="connecting"))
    assert stand.told == []
    stand.play(1.5, None, Link(up=False, state="connecting"))
    assert stand.told == [("camera_offline", "new")]


def test_attempts_to_reconnect_do_not_end_it_and_do_not_tell_it_again(stand: Stand) -> None:
    stand.play(10)
    for _ in range(20):
        stand.play(4, None, Link(up=False, state="backoff", reason="refused")).play(1)
    assert stand.told == [("camera_offline", "new")]
    stand.play(5)
    assert stand.told == [("camera_offline", "new"), ("camera_offline", "end")]


def test_another_obstacle_is_an_update_with_its_state(stand: Stand) -> None:
    stand.play(20, None, Link(up=False, state="stalled"))
    stand.play(20, None, Link(up=False, state="auth_failed", reason="401"))
    assert stand.told == [("camera_offline", "new"), ("camera_offline", "update")]
    values = {r.predicate: r.value for r in stand.events[-1].data.reasons}
    assert values["reader_state"] == "auth_failed"
    assert values["said"] == "401"


def test_alternating_obstacles_are_not_a_flood(stand: Stand) -> None:
    for _ in range(60):
        stand.play(0.5, None, Link(up=False, state="stalled"))
        stand.play(0.5, None, Link(up=False, state="backoff"))
    assert 1 < len(stand.events) <= 1 + 60 / 10


def test_a_fault_of_the_view_stays_open_while_no_picture_comes(stand: Stand) -> None:
    stand.play(10).play(10, COVERED).play(30, None, Link(up=False, state="stalled"))
    assert stand.told == [("camera_covered", "new"), ("camera_offline", "new")]
    assert stand.watch.faults == (EventKind.CAMERA_OFFLINE, EventKind.CAMERA_COVERED)
    assert stand.watch.state == ("blind", "offline")


def test_the_ledger_state_follows_the_gravest_fault(stand: Stand) -> None:
    assert stand.play(5).watch.state == ("watched", "")
    assert stand.play(10, MOVED).watch.state == ("degraded", "moved")
    assert stand.play(10, COVERED).watch.state == ("blind", "covered")


def test_an_offline_camera_is_taken_up_after_a_restart_and_ends_once(stand: Stand) -> None:
    down = Link(up=False, state="backoff")
    stand.play(20, None, down)
    again = Stand(CameraWatch(context(UUID(int=8)), IntegritySettings(), stand.incidents[-1:]))
    again.play(20, None, down).play(10)
    assert again.told == [("camera_offline", "end")]
    assert again.events[0].data.incident_id == stand.events[0].data.incident_id
    assert again.events[0].data.outcome == "restored"


def test_a_covered_camera_is_taken_up_but_not_called_restored_without_its_reference(
    stand: Stand,
) -> None:
    stand.play(20, COVERED)
    again = Stand(CameraWatch(context(UUID(int=8)), IntegritySettings(), stand.incidents[-1:]))
    again.play(20)
    assert [(e.data.phase, e.data.outcome) for e in again.events] == [("end", "restart")]


def test_ids_are_stable_and_never_those_of_the_incidents_of_people() -> None:
    first, second = (Stand(CameraWatch(context(), IntegritySettings())) for _ in range(2))
    for stand in (first, second):
        stand.play(10, DARK)
    assert first.events == second.events
    assert first.events[0].id not in {context().event_id(n) for n in range(10)}
    assert first.events[0].data.incident_id not in {context().incident_id(n) for n in range(10)}


def test_what_is_switched_off_is_not_told() -> None:
    settings = IntegritySettings(
        frozen=FrozenCheck(enabled=False), offline=OfflineCheck(enabled=False)
    )
    stand = Stand(CameraWatch(context(), settings))
    stand.play(30, FROZEN).play(30, None, Link(up=False, state="stalled"))
    assert stand.told == []
    stand = Stand(CameraWatch(context(), IntegritySettings(enabled=False)))
    assert stand.play(30, DARK).told == []


def test_a_recording_ends_its_faults_with_it(stand: Stand) -> None:
    stand.play(20, DARK)
    outcome = stand.watch.close(moment(20.0))
    assert [(e.data.phase, e.data.outcome) for e in outcome.events] == [("end", "lost")]
