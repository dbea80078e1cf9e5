"""Plane geometry on arrays: boxes, polygons, polylines and homographies; pure functions.

Points are ``(N, 2)`` float arrays of ``x, y``; boxes are ``(N, 4)`` arrays ``x1, y1, x2, y2``. In
pictures y runs downwards, and *left* and *right* of a line mean what a walker sees who goes from
its first to its last point on the screen. Boxes are never clipped and never rounded: clipping moves
feet into zones they are not in.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from detector.types import F64, Xy

Bools = npt.NDArray[np.bool_]
_EDGE = 1e-9  # of the extent: how near the border counts as being on it
_DEGENERATE = 1e-7  # of the largest singular value
_SHORTEST_FOCUS, _LONGEST_FOCUS = 0.3, 30.0  # picture widths: 118 to 2 degrees of view


class Anchor(StrEnum):
    """Which part of a box has to be in a zone."""

    BOTTOM_CENTER = "bottom_center"
    CENTER = "center"
    ANY = "any"


class Offsets(NamedTuple):
    """Where points lie from a polyline.

    Attributes:
        distance: (N,) to the nearest point of the polyline, never negative.
        side: (N,) +1 left, -1 right, 0 exactly on the line or on the prolongation of an end.
        nearest: (N, 2) that nearest point.
    """

    distance: F64
    side: npt.NDArray[np.int8]
    nearest: F64


class HomographyFit(NamedTuple):
    """A plane-to-plane mapping and how well it meets the points it was made from.

    Attributes:
        matrix: (3, 3) source to target, scaled so that points in front of the horizon have w > 0.
        inverse: (3, 3) target to source, scaled alike.
        target_error: largest distance between a mapped source point and its target, target units.
        source_error: the same in the other direction, source units.
    """

    matrix: F64
    inverse: F64
    target_error: float
    source_error: float


def _areas(xyxy: F64) -> F64:
    sides = np.clip(xyxy[:, 2:] - xyxy[:, :2], 0, None)
    return sides[:, 0] * sides[:, 1]


def _overlaps(a: F64, b: F64) -> F64:
    """Give the (N, M) areas common to two sets of boxes."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = np.clip(high - low, 0, None)
    return np.asarray(sides[..., 0] * sides[..., 1])


def _ratio(part: F64, whole: F64) -> F64:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def iou(a: npt.ArrayLike, b: npt.ArrayLike) -> F64:
    """Intersection over union of boxes (N, 4) and (M, 4): (N, M) in 0..1; 0 for boxes without area.

    >>> iou([[0, 0, 2, 2]], [[1, 0, 3, 2], [5, 5, 6, 6]]).round(3).tolist()
    [[0.333, 0.0]]
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    common = _overlaps(a, b)
    return _ratio(common, _areas(a)[:, None] + _areas(b)[None] - common)


def ios(a: npt.ArrayLike, b: npt.ArrayLike) -> F64:
    """Intersection over the smaller box: (N, M) in 0..1; 1 where one box lies in the other.

    >>> ios([[0, 0, 4, 4]], [[1, 1, 2, 2]]).tolist()
    [[1.0]]
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return _ratio(_overlaps(a, b), np.minimum(_areas(a)[:, None], _areas(b)[None]))


def box_gaps(a: npt.ArrayLike, b: npt.ArrayLike) -> F64:
    """Shortest distance between boxes (N, 4) and (M, 4): (N, M), 0 where they touch or overlap.

    A point is a box without extent.

    >>> box_gaps([[0, 0, 1, 1]], [[4, 5, 6, 6], [0, 0, 0, 0]]).tolist()
    [[5.0, 0.0]]
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    apart = np.maximum(a[:, None, :2] - b[None, :, 2:], b[None, :, :2] - a[:, None, 2:])
    return np.asarray(np.linalg.norm(np.clip(apart, 0, None), axis=-1))


def bottom_centers(xyxy: npt.ArrayLike) -> F64:
    """Middle of the lower edge of boxes (N, 4): (N, 2); where a standing person's feet are.

    >>> bottom_centers([[0, 0, 10, 30]]).tolist()
    [[5.0, 30.0]]
    """
    box = np.asarray(xyxy, np.float64)
    return np.stack([(box[:, 0] + box[:, 2]) / 2, box[:, 3]], axis=1)


def centers(xyxy: npt.ArrayLike) -> F64:
    """Middle of boxes (N, 4): (N, 2).

    >>> centers([[0, 0, 10, 30]]).tolist()
    [[5.0, 15.0]]
    """
    box = np.asarray(xyxy, np.float64)
    return np.asarray((box[:, :2] + box[:, 2:]) / 2)


def points_in_polygon(points: npt.ArrayLike, polygon: npt.ArrayLike) -> Bools:
    """Which points (N, 2) lie in a simple polygon (K, 2), its border included: (N,).

    Even-odd rule; independent of winding and of the first vertex.

    >>> points_in_polygon([[1, 1], [2, 1], [3, 1]], [[0, 0], [2, 0], [2, 2], [0, 2]]).tolist()
    [True, True, False]
    """
    p, a = np.asarray(points, np.float64), np.asarray(polygon, np.float64)
    b = np.roll(a, -1, axis=0)
    x, y = p[:, None, 0], p[:, None, 1]
    straddles = (a[:, 1] > y) != (b[:, 1] > y)
    rise = np.where(straddles, b[:, 1] - a[:, 1], 1.0)
    cut = a[:, 0] + (y - a[:, 1]) * (b[:, 0] - a[:, 0]) / rise
    odd = (straddles & (x < cut)).sum(axis=1) % 2 == 1
    edge = _segment_offsets(p, a, b)[0].min(axis=1) <= _EDGE * np.ptp(a, axis=0).max()
    return np.asarray(odd | edge)


def boxes_meet_polygon(xyxy: npt.ArrayLike, polygon: npt.ArrayLike) -> Bools:
    """Which boxes (N, 4) have any point in common with a simple polygon (K, 2): (N,).

    >>> triangle = [[0, 0], [10, 0], [0, 10]]
    >>> boxes_meet_polygon([[-5, -5, 1, 1], [8, 8, 9, 9], [4, 4, 20, 20]], triangle).tolist()
    [True, False, True]
    """
    box, poly = np.asarray(xyxy, np.float64), np.asarray(polygon, np.float64)
    corners = box[:, [[0, 1], [2, 1], [2, 3], [0, 3]]]
    met = points_in_polygon(corners.reshape(-1, 2), poly).reshape(-1, 4).any(axis=1)
    low, high = box[:, None, :2], box[:, None, 2:]
    within = (poly >= low) & (poly <= high)
    met |= (within[..., 0] & within[..., 1]).any(axis=1)
    ring = np.vstack([poly, poly[:1]])
    for start in range(4):
        p, q = corners[:, start], corners[:, (start + 1) % 4]
        met |= ~np.isnan(last_cuts(p, q, ring))
    return np.asarray(met)


def boxes_in_polygon(xyxy: npt.ArrayLike, polygon: npt.ArrayLike, anchor: Anchor) -> Bools:
    """Which boxes (N, 4) are in a polygon (K, 2), judged by their anchor: (N,).

    >>> square = [[0, 0], [100, 0], [100, 100], [0, 100]]
    >>> boxes_in_polygon([[50, 20, 350, 90]], square, Anchor.BOTTOM_CENTER).tolist()
    [False]
    >>> boxes_in_polygon([[50, 20, 350, 90]], square, Anchor.ANY).tolist()
    [True]
    """
    if anchor is Anchor.ANY:
        return boxes_meet_polygon(xyxy, polygon)
    points = centers(xyxy) if anchor is Anchor.CENTER else bottom_centers(xyxy)
    return points_in_polygon(points, polygon)


def _segment_offsets(points: F64, a: F64, b: F64) -> tuple[F64, F64, F64]:
    """Give distance (N, K), position 0..1 (N, K) and nearest point (N, K, 2) of segments a-b."""
    along = b - a
    length2 = np.maximum((along**2).sum(axis=1), np.finfo(np.float64).tiny)
    away = points[:, None] - a
    t = np.clip((away * along).sum(axis=2) / length2, 0, 1)
    nearest = a + t[..., None] * along
    return np.linalg.norm(points[:, None] - nearest, axis=2), t, nearest


def distances_to_segments(points: npt.ArrayLike, start: F64, stop: F64) -> F64:
    """Distance of points (N, 2) to the nearest of segments (K, 2) to (K, 2): (N,), inf for none.

    >>> distances_to_segments([[3, 4]], np.array([[0.0, 0.0]]), np.array([[3.0, 0.0]])).tolist()
    [4.0]
    """
    p = np.asarray(points, np.float64)
    if not len(start):
        return np.full(len(p), np.inf)
    return np.asarray(_segment_offsets(p, start, stop)[0].min(axis=1))


def offsets_to_polyline(points: npt.ArrayLike, polyline: npt.ArrayLike) -> Offsets:
    """Distance, side and nearest point of points (N, 2) from an open polyline (K, 2).

    The side at an inner vertex follows the sum of the two normals that meet there (Bærentzen and
    Aanæs 2005, in the plane), so it never depends on rounding; beyond an end it follows the
    prolongation of the end segment. NaN points have distance NaN and side 0.

    >>> offsets = offsets_to_polyline([[3, 5], [-2, 5], [1, 20]], [[0, 0], [0, 10]])
    >>> offsets.distance.round(2).tolist(), offsets.side.tolist()
    ([3.0, 2.0, 10.05], [1, -1, 1])
    """
    p, line = np.asarray(points, np.float64), np.asarray(polyline, np.float64)
    a, b = line[:-1], line[1:]
    along = (b - a) / np.linalg.norm(b - a, axis=1, keepdims=True)
    left = np.stack([along[:, 1], -along[:, 0]], axis=1)
    distance, t, nearest = _segment_offsets(p, a, b)
    rows, k = np.arange(len(p)), distance.argmin(axis=1)
    at_end, at_start = t[rows, k] >= 1, t[rows, k] <= 0
    other = np.clip(k + at_end.astype(int) - at_start.astype(int), 0, len(a) - 1)
    normal = left[k] + np.where((at_end | at_start)[:, None], left[other], 0.0)
    near = nearest[rows, k]
    side = np.sign(np.nan_to_num(((p - near) * normal).sum(axis=1)))
    return Offsets(distance[rows, k], side.astype(np.int8), near)


def last_cuts(start: npt.ArrayLike, stop: npt.ArrayLike, polyline: npt.ArrayLike) -> F64:
    """Where straight moves (N, 2) -> (N, 2) cut a polyline (K, 2) last: (N,) 0..1, NaN for never.

    >>> last_cuts([[0, 0], [0, 0], [0, 9]], [[4, 0], [1, 0], [4, 9]], [[2, -5], [2, 5]]).tolist()
    [0.5, nan, nan]
    """
    p, q = np.asarray(start, np.float64)[:, None], np.asarray(stop, np.float64)[:, None]
    line = np.asarray(polyline, np.float64)
    a, b = line[:-1], line[1:]
    move, wall, gap = q - p, b - a, a - p
    cross = _cross(move, wall)
    safe = np.where(cross == 0, 1.0, cross)
    t, u = _cross(gap, wall) / safe, _cross(gap, move) / safe
    hit = (cross != 0) & (t >= 0) & (t <= 1) & (u >= 0) & (u <= 1)
    last = np.where(hit, t, -1.0).max(axis=1)
    return np.where(last < 0, np.nan, last)


def _cross(a: F64, b: F64) -> F64:
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])


def self_crossing(points: Sequence[Xy], *, closed: bool) -> tuple[int, int] | None:
    """First pair of edges (from 0) of a polygon or polyline that meet where they should not.

    >>> self_crossing([(0, 0), (1, 1), (1, 0), (0, 1)], closed=True)
    (0, 2)
    >>> self_crossing([(0, 0), (1, 0), (1, 1), (0, 1)], closed=True) is None
    True
    """
    line = np.asarray([*points, points[0]] if closed else points, np.float64)
    edges = len(line) - 1
    for first in range(edges):
        for second in range(first + 1, edges):
            a, b, c, d = *line[first : first + 2], *line[second : second + 2]
            neighbours = second == first + 1 or (closed and first == 0 and second == edges - 1)
            if neighbours:
                shared, one, two = (b, a, d) if second == first + 1 else (a, b, c)
                if _folds_back(one - shared, two - shared):
                    return first, second
            elif _segments_touch(a, b, c, d):
                return first, second
    return None


def _folds_back(one: F64, two: F64) -> bool:
    """Tell whether two edges that leave one vertex lie on each other."""
    return bool(_cross(one, two) == 0 and one @ two > 0)


def _segments_touch(a: F64, b: F64, c: F64, d: F64) -> bool:
    if not np.isnan(last_cuts(a[None], b[None], np.stack([c, d])))[0]:
        return True
    ends = _segment_offsets(np.stack([c, d]), a[None], b[None])[0]
    starts = _segment_offsets(np.stack([a, b]), c[None], d[None])[0]
    return bool(min(ends.min(), starts.min()) == 0)


def project(matrix: F64, points: npt.ArrayLike) -> F64:
    """Map points (N, 2) with a homography (3, 3): (N, 2), NaN on and beyond its horizon (w <= 0).

    >>> project(np.diag([2.0, 3.0, 1.0]), [[1, 1]]).tolist()
    [[2.0, 3.0]]
    """
    p = np.asarray(points, np.float64)
    mapped = np.column_stack([p, np.ones(len(p))]) @ matrix.T
    seen = mapped[:, 2] > np.finfo(np.float64).tiny
    w = np.where(seen, mapped[:, 2], np.nan)
    return np.asarray(mapped[:, :2] / w[:, None])


def fit_homography(source: npt.ArrayLike, target: npt.ArrayLike) -> HomographyFit:
    """Least-squares homography of four or more point pairs (N, 2): normalised DLT (Hartley 1997).

    Raises:
        ValueError: fewer than four pairs, too many points on one line, or points on both sides of
            the horizon.

    >>> fit = fit_homography([[0, 0], [1, 0], [1, 1], [0, 1]], [[0, 0], [2, 0], [2, 2], [0, 2]])
    >>> project(fit.matrix, [[0.5, 0.25]]).round(6).tolist(), round(fit.target_error, 6)
    ([[1.0, 0.5]], 0.0)
    """
    p, q = np.asarray(source, np.float64), np.asarray(target, np.float64)
    if len(p) < 4:  # noqa: PLR2004  (eight unknowns, two equations a pair)
        raise ValueError(f"expected at least 4 point pairs, found {len(p)}")
    to_p, to_q = _normaliser(p), _normaliser(q)
    a, b = project(to_p, p), project(to_q, q)
    one, zero = np.ones((len(a), 1)), np.zeros((len(a), 3))
    ax, bx, by = np.hstack([a, one]), b[:, :1], b[:, 1:]
    rows = np.vstack([np.hstack([ax, zero, -bx * ax]), np.hstack([zero, ax, -by * ax])])
    # A row of zeros keeps eight equations from looking like a ninth, exact one.
    values, basis = np.linalg.svd(np.vstack([rows, np.zeros((1, 9))]))[1:]
    core = basis[-1].reshape(3, 3)
    if values[7] < _DEGENERATE * values[0] or abs(np.linalg.det(core)) < _DEGENERATE:
        raise ValueError("expected points spread over the ground, found three or more on one line")
    matrix = _facing(np.linalg.inv(to_q) @ core @ to_p, p)
    inverse = _facing(np.linalg.inv(matrix), q)
    there, back = project(matrix, p), project(inverse, q)
    return HomographyFit(matrix, inverse, _largest(there - q), _largest(back - p))


def _normaliser(points: F64) -> F64:
    """Give the (3, 3) shift and scale to mean 0 and mean distance sqrt(2)."""
    mean = points.mean(axis=0)
    spread = float(np.linalg.norm(points - mean, axis=1).mean())
    if spread == 0:
        raise ValueError("expected distinct points, found all in one place")
    scale = np.sqrt(2) / spread
    return np.array([[scale, 0, -scale * mean[0]], [0, scale, -scale * mean[1]], [0, 0, 1.0]])


def _facing(matrix: npt.NDArray[np.floating], points: F64) -> F64:
    """Scale a homography so that the points (N, 2) have w > 0, 1 on average."""
    w = np.column_stack([points, np.ones(len(points))]) @ matrix[2]
    if w.min() * w.max() <= 0:
        raise ValueError("expected all points on one side of the horizon, found some on either")
    return np.asarray(matrix / w.mean())


def _largest(gaps: F64) -> float:
    return float(np.linalg.norm(gaps, axis=1).max())


def upright(ground_to_image: F64, size: tuple[int, int], foot: Xy) -> F64 | None:
    """Image of the vertical, (3,): Z above ground (X, Y) is at ``matrix @ (X, Y, 1) + Z * it``.

    With square pixels and the optical axis in the middle of the picture one plane gives the focal
    length (Zhang 2000, section 3.1). None where the plane is seen so flat or so straight on that it
    does not. ``foot`` is a ground point in view: up is where a person standing there has the head.
    """
    width, height = size
    centre = np.array([width / 2, height / 2])
    one, two = (
        np.append(column[:2] - centre * column[2], column[2]) for column in ground_to_image.T[:2]
    )
    a = np.array([one[:2] @ two[:2], one[:2] @ one[:2] - two[:2] @ two[:2]])
    b = np.array([one[2] * two[2], one[2] ** 2 - two[2] ** 2])
    inverse_square = -(a @ b) / max(float(a @ a), np.finfo(np.float64).tiny)
    if not _LONGEST_FOCUS**-2 <= inverse_square * width**2 <= _SHORTEST_FOCUS**-2:
        return None
    lens = np.array([inverse_square**-0.5, inverse_square**-0.5, 1.0])
    right, away = one / lens, two / lens
    up = lens * np.cross(right, away) / np.sqrt(np.linalg.norm(right) * np.linalg.norm(away))
    vertical = np.append(up[:2] + centre * up[2], up[2])
    base = ground_to_image @ np.array([*foot, 1.0])
    rises = vertical[1] * base[2] < base[1] * vertical[2]
    return vertical if rises else -vertical
