from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.evidence.overlay import (
    Banner,
    Note,
    Picture,
    distance_text,
    draw,
    encode_jpeg,
    marked,
)
from detector.scene import BarrierSettings, Scene, SideNames, ZoneSettings
from detector.types import (
    U8,
    CameraId,
    ClockSource,
    Frame,
    ObjectClass,
    Severity,
    TrackId,
    Tracks,
)

GREY = 90
SIZE = (640, 480)
GREEN, ORANGE, YELLOW, RED = (115, 200, 0), (0, 159, 230), (66, 228, 240), (40, 60, 213)


def make_picture(
    *boxes: tuple[float, float, float, float],
    kind: ObjectClass = ObjectClass.PERSON,
    scene: Scene | None = None,
    size: tuple[int, int] = SIZE,
    **more: object,
) -> Picture:
    image = np.full((size[1], size[0], 3), GREY, np.uint8)
    frame = Frame(CameraId("gate"), 0, image, 0.0, 0.0, ClockSource.NONE, 0.0)
    n = len(boxes)
    tracks = Tracks(
        at=0.0,
        xyxy=np.array(boxes, np.float32).reshape(n, 4),
        confidence=np.full(n, 0.9, np.float32),
        class_id=np.full(n, kind, np.int64),
        track_id=np.arange(n, dtype=np.int64),
    )
    return Picture(frame=frame, tracks=tracks, scene=scene, **more)  # type: ignore[arg-type]


def make_scene(
    right: str = "inside", *, zone: bool = False, enabled: bool = True, name: str = "fence"
) -> Scene:
    """A fence up the middle, walked upwards: its right hand is that of the viewer."""
    corners = ((0.1, 0.5), (0.3, 0.5), (0.3, 0.9), (0.1, 0.9))
    zones = {"strip": ZoneSettings(coordinates=corners, enabled=enabled)} if zone else {}
    barrier = BarrierSettings(
        points=((0.5, 0.9), (0.5, 0.1)),
        sides=SideNames(left="outside", right=right),
        enabled=enabled,
        friendly_name=name,
    )
    return Scene.build(SIZE, zones, {"fence": barrier})


def where(image: U8, colour: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the pixels of about this colour: edges are smoothed."""
    return np.nonzero(np.abs(image.astype(int) - colour).sum(axis=2) < 120)


def test_the_frame_itself_is_not_touched() -> None:
    picture = make_picture((10, 50, 60, 200), scene=make_scene(zone=True))
    drawn = draw(picture, Banner("gate"))
    assert (picture.frame.image == GREY).all()
    assert drawn.shape == picture.frame.image.shape
    assert drawn.flags.writeable


def test_nothing_to_draw_gives_the_picture_as_it_is() -> None:
    assert (draw(make_picture()) == GREY).all()


@pytest.mark.parametrize("height", [None, 240, 120])
def test_a_box_is_where_the_object_is_whatever_the_size(height: int | None) -> None:
    drawn = draw(make_picture((200, 120, 320, 360)), height_px=height)
    scale = (height or SIZE[1]) / SIZE[1]
    assert drawn.shape == (round(480 * scale), round(640 * scale), 3)
    rows, columns = where(drawn, GREEN)
    assert columns.min() == pytest.approx(200 * scale, abs=2)
    assert rows.max() == pytest.approx(360 * scale, abs=2)


def test_a_picture_is_never_enlarged() -> None:
    assert draw(make_picture(), height_px=4000).shape == (480, 640, 3)


def test_people_and_ladders_have_their_own_colours() -> None:
    person, ladder = (draw(make_picture((200, 200, 300, 400), kind=kind)) for kind in ObjectClass)
    assert len(where(person, GREEN)[0]) > 0
    assert len(where(person, ORANGE)[0]) == 0
    assert len(where(ladder, ORANGE)[0]) > 0


def test_a_grave_note_colours_its_box_and_no_other() -> None:
    boxes = ((50, 200, 100, 400), (400, 200, 500, 400))
    notes = {TrackId(1): Note("0.4 m", Severity.ALERT)}
    drawn = draw(make_picture(*boxes, notes=notes))
    assert where(drawn, RED)[1].min() > 380
    assert where(drawn, GREEN)[1].max() < 300


def test_each_side_of_a_barrier_bears_its_own_name() -> None:
    one, other = (draw(make_picture(scene=make_scene(right))) for right in ("inside", "country"))
    _, columns, _ = np.nonzero(one != other)
    assert len(columns) > 0
    assert columns.min() > 320, "the right-hand name must stand right of a line walked upwards"


@pytest.mark.parametrize(
    ("direction", "heavier"), [("left_to_right", "right"), ("right_to_left", "left"), ("", "both")]
)
def test_the_arrow_points_the_way_that_counts(
    direction: Literal["", "left_to_right", "right_to_left"], heavier: str
) -> None:
    scene = make_scene(name=" ")
    drawn = draw(make_picture(scene=scene, size=(1280, 960), directions={"fence": direction}))
    rows, columns = where(drawn, YELLOW)
    near = abs(rows - 480) < 40
    left = int((near & (columns < 625)).sum())
    right = int((near & (columns > 655)).sum())
    if heavier == "both":
        assert left == pytest.approx(right, abs=max(left, right) / 3)
    else:
        assert (right > left) == (heavier == "right")
        assert max(left, right) > 1.2 * min(left, right)


def test_zones_are_tinted_and_disabled_ones_are_not_drawn() -> None:
    on, off = (draw(make_picture(scene=make_scene(zone=True, enabled=e))) for e in (True, False))
    inside, outside = on[360, 128], on[60, 60]
    assert inside[0] > inside[2]
    assert (outside == GREY).all()
    assert (off == GREY).all()


def test_the_upper_edge_of_a_barrier_is_drawn_too() -> None:
    foot, top = ((0.1, 0.9), (0.9, 0.9)), ((0.1, 0.4), (0.9, 0.4))
    scene = Scene.build(SIZE, {}, {"wall": BarrierSettings(points=foot, top=top)})
    drawn = draw(make_picture(scene=scene))
    rows, columns = where(drawn, YELLOW)
    assert ((abs(rows - 192) < 3) & (abs(columns - 500) < 50)).any()


def test_the_banner_has_the_colour_of_its_severity_and_lies_on_top() -> None:
    picture = make_picture((0, 0, 300, 100))
    drawn = draw(picture, Banner("gate · live", Severity.ALERT))
    assert tuple(drawn[2, 630]) == RED
    assert tuple(drawn[2, 2]) == RED


def test_names_in_any_european_alphabet_are_written_out() -> None:
    names = ("Північ", "Ґанок", "Žaliasis", "Błonie", "Ελλάδα", "??????")
    drawn = [draw(make_picture(scene=make_scene(name=name))) for name in names]
    for n, image in enumerate(drawn):
        for other in drawn[:n]:
            assert (image != other).any()


def test_labels_at_the_borders_are_moved_into_the_picture() -> None:
    corners = ((0, 0, 20, 20), (620, 0, 640, 20), (620, 460, 640, 480), (0, 460, 20, 480))
    for box in corners:
        words = where(draw(make_picture(box)), GREEN)
        assert len(words[0]) > 300, "the plate of the label is not whole"


@settings(max_examples=60, deadline=None)
@given(
    boxes=st.lists(st.tuples(*[st.floats(-2000, 4000, allow_nan=False, width=32)] * 4), max_size=5),
    width=st.integers(1, 300),
    height=st.integers(1, 200),
    wanted=st.one_of(st.none(), st.integers(1, 400)),
    text=st.text(max_size=30),
)
def test_any_boxes_on_any_picture_can_be_drawn(
    boxes: list[tuple[float, float, float, float]],
    width: int,
    height: int,
    wanted: int | None,
    text: str,
) -> None:
    picture = make_picture(*boxes, size=(width, height), notes={TrackId(0): Note(text)})
    drawn = draw(picture, Banner(text), height_px=wanted)
    assert drawn.shape[0] == min(height, wanted or height)
    assert drawn.dtype == np.uint8


def test_threads_may_draw_at_the_same_time() -> None:
    picture = make_picture((100, 100, 200, 300), scene=make_scene(zone=True))
    alone = draw(picture, Banner("gate · Північ"))
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda _: draw(picture, Banner("gate · Північ")), range(64)))
    assert all((image == alone).all() for image in drawn)


@pytest.mark.parametrize(
    ("distance_m", "estimated", "text"),
    [(0.04, False, "0.0 m"), (9.96, False, "10.0 m"), (27.6, False, "28 m"), (3, True, "≈ 3.0 m")],
)
def test_distances_are_written_as_exactly_as_they_are_known(
    distance_m: float,
    estimated: bool,  # noqa: FBT001
    text: str,
) -> None:
    assert distance_text(distance_m, estimated=estimated) == text


def test_a_jpeg_shows_the_picture_and_is_smaller_at_lower_quality() -> None:
    drawn = draw(make_picture((100, 100, 200, 300)))
    fine, coarse = encode_jpeg(drawn, 95), encode_jpeg(drawn, 20)
    shown = cv2.imdecode(np.frombuffer(fine, np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(shown.astype(int) - drawn.astype(int)).mean() < 2
    assert len(coarse) < len(fine)


def test_a_note_that_names_its_object_does_not_name_it_twice() -> None:
    ladder = ObjectClass.LADDER
    box = (200, 200, 300, 400)

    def plate_width(text: str) -> int:
        notes = {TrackId(0): Note(text)}
        rows, columns = where(draw(make_picture(box, kind=ladder, notes=notes)), ORANGE)
        return int(np.ptp(columns[rows < 198]))

    assert plate_width("ladder at barrier") < plate_width("at the long barrier")


def test_a_picture_no_jpeg_can_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="found \\(2, 70000, 3\\)"):
        encode_jpeg(np.zeros((2, 70_000, 3), np.uint8))


def test_a_marked_box_has_a_thick_line_of_its_severity_and_leaves_the_picture_alone() -> None:
    image = np.full((480, 640, 3), GREY, np.uint8)
    note = Note("missed: climbing", Severity.ALERT)
    drawn = marked(image, (200.0, 200.0, 440.0, 400.0), note, width_px=320)
    assert drawn.shape == (240, 320, 3)
    assert (image == GREY).all()
    left_edge = drawn[150, 90:110].astype(int)
    assert (np.abs(left_edge - RED).max(axis=1) < 40).sum() >= 3
    assert (drawn[150, 120:200] == GREY).all()
    assert (np.abs(drawn[85:98, 100:160].astype(int) - RED).max(axis=2) < 40).mean() > 0.3
