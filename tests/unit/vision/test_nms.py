import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from detector.geometry import iou
from detector.types import F32, I64
from detector.vision.nms import suppress


def by_the_book(xyxy: F32, confidence: F32, class_id: I64, limit: float) -> list[int]:
    """The definition, one box after another."""
    kept: list[int] = []
    for index in np.argsort(-confidence, kind="stable"):
        rivals = [k for k in kept if class_id[k] == class_id[index]]
        if not rivals or iou(xyxy[[index]], xyxy[rivals]).max() <= limit:
            kept.append(int(index))
    return kept


@given(
    seed=st.integers(0, 10_000), count=st.integers(0, 60), limit=st.sampled_from([0.3, 0.5, 0.7])
)
def test_nms_is_greedy_by_confidence_within_each_class(seed: int, count: int, limit: float) -> None:
    rng = np.random.default_rng(seed)
    low, size = rng.uniform(0, 200, (count, 2)), rng.uniform(5, 80, (count, 2))
    xyxy = np.concatenate([low, low + size], axis=1).astype(np.float32)
    confidence = rng.uniform(0.05, 1, count).astype(np.float32)
    class_id = rng.integers(0, 2, count)
    kept = suppress(xyxy, confidence, class_id, limit).tolist()
    assert kept == by_the_book(xyxy, confidence, class_id, limit)


@given(arrays.arrays(np.float32, st.tuples(st.integers(1, 20), st.just(4)), elements=st.just(7.0)))
def test_boxes_without_area_do_not_break_it(xyxy: F32) -> None:
    kept = suppress(xyxy, np.ones(len(xyxy), np.float32), np.zeros(len(xyxy), np.int64), 0.5)
    assert 1 <= len(kept) <= len(xyxy)
