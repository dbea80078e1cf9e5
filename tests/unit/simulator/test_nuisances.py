import numpy as np
import pytest

from benchmarks.simulator.boxes import Seen, visible_box
from benchmarks.simulator.camera import Camera
from benchmarks.simulator.fauna import animal
from benchmarks.simulator.frames import Shot
from benchmarks.simulator.insects import blot
from benchmarks.simulator.mast import Mast, Moved
from benchmarks.simulator.nuisances import AnimalSpec, DriftSpec, InsectSpec, ShakeSpec

SIZE = (160, 96)


def test_a_camera_with_a_margin_sees_the_same_thing_farther_in() -> None:
    camera = Camera((0.0, -6.0, 3.0), (6.0, 0.0, 0.5), 60.0, *SIZE)
    points = np.array([[5.0, -1.0, 0.3], [9.0, 2.0, 1.0]])
    wide = camera.widened(10)
    assert (wide.width_px, wide.height_px) == (180, 116)
    assert np.allclose(wide.project(points), camera.project(points) + 10)
    assert camera.widened(0) is camera


def test_a_still_mast_needs_no_margin_and_moves_nothing() -> None:
    mast = Mast(SIZE, None, None, 1)
    assert mast.margin_px(600) == 0
    assert np.allclose(mast.at(77.0), [[1, 0, 0], [0, 1, 0]])


def test_shake_is_smooth_and_stays_within_its_bound_and_margin() -> None:
    mast = Mast(SIZE, ShakeSpec(px=4.0, hz=1.5), None, 3)
    corners = np.array([[0, 0, 1], [160, 0, 1], [0, 96, 1], [160, 96, 1], [80, 48, 1]], float)
    moved = np.array([corners @ mast.at(t).T - corners[:, :2] for t in np.arange(0, 60, 0.1)])
    middle = np.abs(moved[:, -1])
    assert middle.max() < 4.0
    assert np.sqrt((middle**2).mean()) > 0.8
    assert np.abs(moved).max() <= mast.margin_px(60)
    steps = np.abs(np.diff(moved[:, -1], axis=0)).max()
    assert 0.3 < steps < 4.0


def test_drift_goes_where_it_says_by_the_minute() -> None:
    mast = Mast(SIZE, None, DriftSpec(px_per_min=6.0, direction_deg=90.0), 3)
    assert np.allclose(mast.at(120.0)[:, 2], [0.0, -12.0])
    assert mast.margin_px(120) >= 12
    assert mast.margin_px(3600) == 64


@pytest.mark.parametrize("shift", [(0.0, 0.0), (6.0, -3.0), (2.5, 1.5)])
def test_picture_mask_and_boxes_move_together(shift: tuple[float, float]) -> None:
    margin, scale = 10, 2
    linear = np.zeros((116, 180, 3), np.float32)
    mask = np.zeros((232, 360), np.uint8)
    linear[50:70, 60:80] = 1.0
    mask[100:140, 120:160] = 7
    wide = Seen(7, (60.0, 50.0, 80.0, 70.0), (60.0, 50.0, 80.0, 70.0), 0.8, 1600)
    moved = Moved(np.array([[1, 0, shift[0]], [0, 1, shift[1]]]), margin, SIZE)
    shot = moved.shot(Shot(linear, mask), scale)
    assert shot.linear.shape == (96, 160, 3)
    assert shot.identities.shape == (192, 320)
    look = moved.look(wide, shot, scale)
    expected = (50 + shift[0], 40 + shift[1], 70 + shift[0], 60 + shift[1])
    assert look.visible == pytest.approx(expected, abs=0.51)
    assert look.amodal == pytest.approx(expected)
    assert look.visibility == pytest.approx(0.8, abs=0.01)
    y, x = np.nonzero(shot.linear[..., 0] > 0.5)
    assert (x.min(), y.min(), x.max() + 1, y.max() + 1) == pytest.approx(expected, abs=0.51)


def test_what_moves_out_of_the_picture_is_less_visible() -> None:
    mask = np.zeros((232, 360), np.uint8)
    mask[100:140, 20:60] = 7  # 10 pixels wide at the left edge of the picture
    wide = Seen(7, (10.0, 50.0, 30.0, 70.0), (10.0, 50.0, 30.0, 70.0), 1.0, 1600)
    moved = Moved(np.array([[1.0, 0, -5.0], [0, 1.0, 0]]), 10, SIZE)
    shot = moved.shot(Shot(np.zeros((116, 180, 3), np.float32), mask), 2)
    look = moved.look(wide, shot, 2)
    assert look.visible == (0.0, 40.0, 15.0, 60.0)
    assert look.amodal == (-5.0, 40.0, 15.0, 60.0)
    assert look.visibility == 0.75
    assert visible_box(shot.identities, 7, 2)[1] == 1200


def test_an_insect_is_bright_in_infrared_dark_by_day_and_only_where_it_is() -> None:
    spec = InsectSpec(starts_s=2.0, for_s=10.0, size_px=30.0, path=((0.2, 0.5), (0.8, 0.5)))
    assert blot(spec, 1.9, SIZE, 0, 1) is None
    assert blot(spec, 12.1, SIZE, 0, 1) is None
    for mode, brighter in ((0, False), (1, True)):
        picture = np.full((96, 160, 3), 0.5, np.float32)
        found = blot(spec, 7.0, SIZE, mode, 1)
        assert found is not None
        assert found.at == pytest.approx((80.0, 48.0))
        found.over(picture)
        assert (picture[48, 80, 0] > 0.7) if brighter else (picture[48, 80, 0] < 0.3)
        assert np.allclose(picture[:, :40], 0.5, atol=1e-3)


def test_an_insect_at_the_edge_is_cut_and_outside_is_nothing() -> None:
    spec = InsectSpec(starts_s=0.0, for_s=10.0, size_px=30.0, path=((-1.0, 0.5), (1.0, 0.5)))
    touched = []
    for t_s in (0.0, 5.0):
        picture = np.full((96, 160, 3), 0.5, np.float32)
        found = blot(spec, t_s, SIZE, 1, 1)
        assert found is not None
        found.over(picture)
        touched.append(float(np.abs(picture - 0.5).max()))
    assert touched[0] == 0.0
    assert touched[1] > 0.3


@pytest.mark.parametrize(
    ("kind", "low_m", "high_m"),
    [("dog", 0.6, 0.85), ("deer", 1.1, 1.5), ("fox", 0.3, 0.55), ("bird", 2.3, 2.9)],
)
def test_animals_have_their_size(kind: str, low_m: float, high_m: float) -> None:
    spec = AnimalSpec.model_validate({"kind": kind, "path": [[0, 0], [10, 0]], "speed_mps": 2})
    tops = []
    for t_s in (0.2, 1.1, 2.3):
        mesh = animal(spec, t_s)
        assert mesh is not None
        tops.append(float(mesh["pos"][:, 2].max()))
    assert low_m < np.mean(tops) < high_m
    assert animal(spec, 5.1) is None


def test_an_animal_nobody_knows_is_an_error() -> None:
    with pytest.raises(ValueError, match="'dog', 'deer', 'fox' or 'bird'"):
        AnimalSpec.model_validate({"kind": "cow", "path": [[0, 0], [1, 0]]})
