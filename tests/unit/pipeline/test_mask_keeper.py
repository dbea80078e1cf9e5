"""Masks are drawn where what they hide is, and while that is unknown nothing is shown."""

from dataclasses import replace
from functools import cache
from uuid import uuid4

import cv2
import numpy as np
import pytest

from detector.events import ConfigStamp, Event, EventKind, Incident
from detector.incidents.camera_watch import CameraWatch
from detector.incidents.coverage import WatchState
from detector.incidents.view import IntegritySettings
from detector.pipeline.camera_guard import CameraGuard
from detector.pipeline.mask_keeper import MaskKeeper, meter_of
from detector.pipeline.view_follower import GeometryState, ViewFollower
from detector.streams import IdleSettings, PrivacyMasks
from detector.types import U8
from tests.shown_service import LIVE
from tests.unit.incidents.test_book import context
from tests.unit.pipeline.test_camera import frame
from tests.unit.pipeline.test_view_follower import HEIGHT, WIDE, WIDTH
from tests.unit.vision.test_integrity import noisy

FPS = 5.0
MASK = [(0.0, 0.0), (0.25, 0.0), (0.25, 1.0), (0.0, 1.0)]
SECRET = (255, 0, 255)
SMALL = (WIDTH // 3, HEIGHT // 3)


@cache
def picture(shift_px: int, seed: int) -> U8:
    """A yard moved to the right; the left quarter of what was drawn on, and beyond, is secret."""
    left = 400 - shift_px
    shown = WIDE[400 : 400 + HEIGHT, left : left + WIDTH].copy()
    shown[:, : max(0, shift_px + WIDTH // 4)] = SECRET
    return noisy(shown[::3, ::3], seed)


def leaks(image: U8) -> bool:
    blue, green, red = (image[..., channel].astype(int) for channel in range(3))
    return bool(((blue - green > 60) & (red - green > 60)).any())


class Post:
    """A masked camera whose view a test moves; what is shown of it is looked at each time."""

    def __init__(self, resumed: tuple[Incident, ...] = (), config: str = "b" * 64) -> None:
        self.at = 0.0
        settings = IntegritySettings()
        masks = MaskKeeper.of(PrivacyMasks([MASK]), settings, FPS)
        assert masks is not None
        self.masks = masks
        meter = meter_of(settings.model_copy(update={"learn_s": 5.0}), [MASK], masks)
        about = context(uuid4()).model_copy(update={"config": ConfigStamp(sha256=config)})
        watch = CameraWatch(about, settings, resumed)
        follower = ViewFollower(meter, settings.moved)
        self.guard = CameraGuard(
            meter, watch, lambda: LIVE, follower, self.now, self.now, masks=masks
        )
        self.events: list[Event] = []
        self.open: list[Incident] = []
        self.withheld_s = 0.0

    def now(self) -> float:
        return self.at

    def see(self, *shifts_px: int, size: tuple[int, int] = SMALL) -> U8:
        """Take a picture; with several shifts one that was blurred by the turn."""
        exposed = [picture(shift_px, self.number % 4) for shift_px in shifts_px]
        return self.take(np.asarray(cv2.resize(np.mean(exposed, axis=0).astype(np.uint8), size)))

    @property
    def number(self) -> int:
        """Of the next picture."""
        return round(self.at * FPS) + 1

    def take(self, image: U8) -> U8:
        """Take a picture and give what is shown of it."""
        self.at += 1 / FPS
        size = (image.shape[1], image.shape[0])
        self.masks.burn(image)  # as the reader does
        given = replace(frame(self.at, size), image=image, decoded_at=self.at)
        outcome = self.guard.look(given)
        self.events += outcome.events
        self.open += outcome.incidents
        assert self.guard.shown is not None
        self.withheld_s += self.masks.withheld / FPS
        return self.guard.shown.image

    def leaks(self, seconds: float, shift_px: int) -> int:
        return sum(leaks(self.see(shift_px)) for _ in range(round(seconds * FPS)))


@pytest.mark.parametrize("shift_px", [45, 90, 150, -60])
def test_masks_follow_a_turn_and_nothing_is_shown_until_they_do(shift_px: int) -> None:
    post = Post()
    assert post.leaks(8, 0) == 0
    assert post.leaks(15, shift_px) == 0
    assert post.guard.geometry.state is GeometryState.MOVED_ALONG
    assert 2.0 < post.withheld_s < 10.0
    shown = post.see(shift_px)
    assert shown[:, shown.shape[1] // 2 :].max() > 100
    (said,) = [event for event in post.events if event.data.rule is EventKind.CAMERA_MOVED]
    assert any("withheld" in str(reason.value) for reason in said.data.reasons)
    assert post.leaks(6, 0) == 0, "turned back"
    assert not post.masks.withheld


@pytest.mark.parametrize(("zoom", "roll_deg"), [(1.1, 0.0), (0.9, 0.0), (1.0, 3.0), (1.0, -10.0)])
def test_nothing_is_shown_of_a_view_that_is_zoomed_or_rolled(zoom: float, roll_deg: float) -> None:
    post = Post()
    post.leaks(8, 0)
    matrix = cv2.getRotationMatrix2D(((SMALL[0] - 1) / 2, (SMALL[1] - 1) / 2), roll_deg, zoom)
    for _ in range(round(5 * FPS)):
        view = picture(0, post.number % 4)
        turned = cv2.warpAffine(view, matrix, SMALL, borderMode=cv2.BORDER_REFLECT)
        assert not post.take(np.asarray(turned, np.uint8)).any()
    (said,) = [event for event in post.events if event.data.rule is EventKind.CAMERA_MOVED]
    assert {"zoom", "roll_deg", "pictures"} <= {reason.predicate for reason in said.data.reasons}
    assert post.guard.standing().state is WatchState.BLIND
    assert post.leaks(6, 0) == 0, "as it was"
    assert not post.masks.withheld


@pytest.mark.parametrize("px_a_picture", [6, 15, 30, 60, 120])
def test_nothing_is_shown_of_what_a_turn_blurs_either(px_a_picture: int) -> None:
    post = Post()
    post.leaks(8, 0)
    for end_px in range(px_a_picture, 391, px_a_picture):
        exposed = np.linspace(end_px - px_a_picture / 2, end_px, 8).round().astype(int).tolist()
        assert not leaks(post.see(*exposed))
    assert post.masks.withheld


@pytest.mark.parametrize("shift_px", [8, 15, 25, -25])
def test_a_turn_too_small_to_be_noticed_stays_within_the_margin(shift_px: int) -> None:
    post = Post()
    assert post.leaks(8, 0) == 0
    assert post.leaks(8, shift_px) == 0


def test_a_turn_too_large_to_follow_leaves_nothing_to_see_and_counts_as_blind() -> None:
    post = Post()
    assert post.leaks(8, 0) == 0
    for _ in range(60):
        assert int(post.see(380).max()) == 0
    assert post.guard.standing().state is WatchState.BLIND
    assert post.leaks(6, 0) == 0
    assert not post.masks.withheld


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_camera_that_was_moved_stays_withheld_over_a_restart_until_it_is_configured_anew(
    confirmed: bool,  # noqa: FBT001
) -> None:
    before = Post()
    before.leaks(8, 0)
    before.leaks(6, 380)
    after = Post(tuple(before.open[-1:]), "e" * 64 if confirmed else "b" * 64)
    for _ in range(80):
        shown = after.see(380)
    ended = [event.data.outcome for event in after.events]
    assert bool(shown.max()) == confirmed
    assert ended == (["restart"] if confirmed else [])
    assert after.guard.standing().state is (WatchState.WATCHED if confirmed else WatchState.BLIND)


@pytest.mark.parametrize("shift_px", [90, 380])
def test_a_camera_that_was_moved_stays_withheld_over_a_change_of_its_pictures_size(
    shift_px: int,
) -> None:
    """Their size begins the usual view anew, and by the new one it never was moved."""
    post = Post()
    post.leaks(8, 0)
    post.leaks(15, shift_px)
    wide, high = SMALL
    for _ in range(80):
        assert not leaks(post.see(shift_px, size=(wide * 2, high * 2)))
    assert post.masks.withheld
    assert post.guard.standing().state is WatchState.BLIND


def test_a_change_of_the_pictures_size_withholds_nothing_where_the_camera_was_not_moved() -> None:
    post = Post()
    post.leaks(8, 0)
    wide, high = SMALL
    for _ in range(40):
        shown = post.see(0, size=(wide * 2, high * 2))
        assert shown.max()
        assert not leaks(shown)


def test_clips_hide_everything_from_before_a_turn_to_after_it_was_followed() -> None:
    post = Post()
    post.leaks(8, 0)
    post.leaks(15, 90)
    from_s, to_s = 8.0, 8.0 + post.withheld_s

    def seen(at: float) -> bool:
        image = np.full((36, 64, 3), 200, np.uint8)
        post.masks.trail.burn_at(image, at)
        return bool(image.any())

    assert [seen(at) for at in (0.2, 6.8, 7.4, from_s, to_s, to_s + 0.9)] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]
    assert seen(to_s + 1.6)
    assert not seen(post.at + 0.1), "what was not judged"


@pytest.mark.parametrize("check", [{"enabled": False}, {"moved": {"enabled": False}}])
def test_where_moves_are_not_watched_there_is_nobody_to_move_masks(check: dict) -> None:  # type: ignore[type-arg]
    settings = IntegritySettings.model_validate(check)
    assert MaskKeeper.of(PrivacyMasks([MASK]), settings, FPS) is None


@pytest.mark.parametrize("gap_s", [4.0, 20.0])
def test_what_an_idle_camera_held_back_is_hidden_in_clips_however_far_its_key_frames_are_apart(
    gap_s: float,
) -> None:
    keeper = MaskKeeper.of(
        PrivacyMasks([MASK]), IntegritySettings(), FPS, IdleSettings(after_s=10.0, gap_s=gap_s)
    )
    assert keeper is not None
    blank = np.full((36, 64, 3), 200, np.uint8)
    for at in (0.0, gap_s):  # key frames
        keeper.judge(replace(frame(at, SMALL), image=blank, decoded_at=at), None, None)
    # Somebody is seen: what came since is decoded, and shows a turn soon after the key frame.
    woken_at = 2 * gap_s - 0.5
    keeper.judge(replace(frame(0.0, SMALL), image=blank, decoded_at=woken_at), None, None)
    for at in (woken_at + 0.1, woken_at + 30.0):
        keeper.judge(replace(frame(0.0, SMALL), image=blank, decoded_at=at), (0.5, 0.0), None)
    clip = blank.copy()
    keeper.trail.burn_at(clip, gap_s + 0.5)
    assert not clip.any()
    clip = blank.copy()
    keeper.trail.burn_at(clip, 0.0)
    assert clip.any(), "what was known to be in place"
