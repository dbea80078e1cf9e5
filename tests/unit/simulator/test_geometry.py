import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.simulator.bodies import BONES, INDEX, bodies
from benchmarks.simulator.camera import Camera
from benchmarks.simulator.ladder_postures import Rails, climb
from benchmarks.simulator.ladders import Ladder, ladder_axes, ladder_mesh
from benchmarks.simulator.pose import bend, resolve, turn, vec
from benchmarks.simulator.postures import Place, crawl, crouch, gait, sit, stand, stride_m

CAMERA = Camera((0.0, -8.0, 5.0), (10.0, 0.0, 1.0), 60.0, 960, 540)
coordinate = st.floats(-3, 3)


def test_the_bodies_are_as_tall_as_people() -> None:
    heights = [body.height_m for body in bodies()]
    assert len(heights) >= 6
    assert all(1.55 < h < 2.0 for h in heights)
    assert all(np.allclose(body.bone_weight.sum(1), 1) for body in bodies())


def test_a_body_in_rest_pose_is_its_rest_mesh() -> None:
    body = bodies()[0]
    still = np.tile(np.eye(3), (len(BONES), 1, 1))
    posed, normals = body.skin(still, body.joints, np.zeros_like(body.vertices))
    assert np.allclose(posed, body.vertices)
    assert np.isclose(np.linalg.norm(normals, axis=1), 1).mean() > 0.99


@settings(deadline=None, max_examples=30)
@given(coordinate, coordinate, coordinate)
def test_a_limb_keeps_its_bones_lengths(x: float, y: float, z: float) -> None:
    middle, end = bend(np.zeros(3), vec(x, y, z) + 1e-3, (0.42, 0.40), vec(1, 0, 0.2))
    assert np.linalg.norm(middle) == pytest.approx(0.42)
    assert np.linalg.norm(end - middle) == pytest.approx(0.40, abs=1e-6)


@settings(deadline=None, max_examples=30)
@given(st.floats(0, 1), st.floats(0.5, 3.5))
def test_bone_rotations_are_rotations(cycle: float, speed: float) -> None:
    rotation, _ = resolve(bodies()[0], gait(bodies()[0], Place(vec(1, 2, 0), 0.7), cycle, speed))
    assert np.allclose(rotation @ rotation.transpose(0, 2, 1), np.eye(3), atol=1e-6)
    assert np.allclose(np.linalg.det(rotation), 1, atol=1e-6)


def test_a_planted_foot_does_not_slide() -> None:
    body, speed = bodies()[0], 1.3
    stride = stride_m(body, speed)
    feet = []
    for share in (0.10, 0.25, 0.40):
        at = vec(share * stride, 0, 0)
        _, position = resolve(body, gait(body, Place(at, 0.0), share, speed))
        feet.append(position[INDEX["foot.L"]][0])
    assert np.ptp(feet) < 0.12 * stride


@pytest.mark.parametrize("posture", [stand, crouch, sit])
def test_nobody_sinks_into_the_ground(posture: object) -> None:
    body = bodies()[2]
    rotation, position = resolve(body, posture(body, Place(vec(0, 0, 0), 0.3)))  # type: ignore[operator]
    posed, _ = body.skin(rotation, position, np.zeros_like(body.vertices))
    assert posed[:, 2].min() > -0.12


def test_who_crawls_is_low() -> None:
    body = bodies()[1]
    rotation, position = resolve(body, crawl(body, Place(vec(0, 0, 0), 0.0), 0.3))
    posed, _ = body.skin(rotation, position, np.zeros_like(body.vertices))
    assert posed[:, 2].max() < 0.95
    assert np.ptp(posed[:, 0]) > 0.9


def test_a_climber_rises_with_the_rungs_and_holds_the_rails() -> None:
    body = bodies()[0]
    rails = Rails(vec(0, -1, 0), vec(0, -0.1, 3.6), vec(1, 0, 0), 0.2, 0.28)
    hips = []
    for height in (0.3, 1.0, 1.7):
        stance = climb(body, rails, height)
        _, position = resolve(body, stance)
        hips.append(position[INDEX["hips"]][2])
        for side in "LR":
            hand = position[INDEX[f"hand.{side}"]]
            along = rails.foot + rails.up * ((hand - rails.foot) @ rails.up)
            assert np.linalg.norm(hand - along) < 0.35
    assert hips[0] < hips[1] < hips[2]


def test_a_ladder_has_its_length_width_and_rungs() -> None:
    mesh = ladder_mesh(Ladder(length_m=4.0, width_m=0.4, top_width_m=0.4, rung_pitch_m=0.25))
    low, high = mesh["pos"].min(0), mesh["pos"].max(0)
    assert high[0] - low[0] == pytest.approx(4.0, abs=0.02)
    assert high[1] - low[1] == pytest.approx(0.4, abs=0.04)


def test_ladder_axes_are_a_rotation() -> None:
    axes = ladder_axes(vec(0.3, 0.2, 0.9), vec(1, 0, 0))
    assert np.allclose(axes.T @ axes, np.eye(3))
    assert np.linalg.det(axes) == pytest.approx(1)


@settings(deadline=None, max_examples=30)
@given(st.floats(4, 30), st.floats(-4, 4))
def test_a_ground_point_projects_to_where_it_is_seen(x: float, y: float) -> None:
    u, v = CAMERA.project(np.array([[x, y, 0.0]]))[0]
    back = CAMERA.ground(float(u), float(v))
    assert back is not None
    assert np.allclose(back, [x, y], atol=1e-6)


def test_the_clip_matrix_agrees_with_the_projection() -> None:
    point = np.array([9.0, -1.5, 1.2])
    clip = CAMERA.matrix() @ np.append(point, 1.0)
    u = (clip[0] / clip[3] + 1) / 2 * CAMERA.width_px
    v = (1 - clip[1] / clip[3]) / 2 * CAMERA.height_px
    assert np.allclose(CAMERA.project(point[None])[0], [u, v])


def test_what_is_behind_the_camera_has_no_place_in_the_picture() -> None:
    assert np.isnan(CAMERA.project(np.array([[-20.0, -20.0, 5.0]]))).all()
    assert CAMERA.ground(480, 5) is None or CAMERA.ground(480, -2000) is None


def test_turning_leads_forward_to_the_left() -> None:
    assert np.allclose(turn(np.pi / 2) @ vec(1, 0, 0), vec(0, 1, 0))
    assert (turn(0, 0.5) @ vec(0, 0, 1))[0] > 0
