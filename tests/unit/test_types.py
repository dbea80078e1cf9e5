import numpy as np
import pytest

from detector.types import CameraId, ClockSource, Detections, Frame, ObjectClass, Severity, Tracks


def test_a_wrong_shape_or_dtype_fails_where_the_value_is_made() -> None:
    with pytest.raises(
        ValueError, match=r"xyxy: expected float32 \(1, 4\), found float64 \(1, 4\)"
    ):
        Detections(np.zeros((1, 4)), np.zeros(1, np.float32), np.zeros(1, np.int64))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="confidence"):
        Detections(np.zeros((2, 4), np.float32), np.zeros(1, np.float32), np.zeros(2, np.int64))
    with pytest.raises(ValueError, match="image"):
        Frame(CameraId("n"), 0, np.zeros((4, 4), np.uint8), 0, 0, ClockSource.NONE, 0)


def test_what_flows_cannot_be_written_to() -> None:
    boxes = np.zeros((1, 4), np.float32)
    found = Detections(boxes, np.zeros(1, np.float32), np.zeros(1, np.int64))
    with pytest.raises(ValueError, match="read-only"):
        found.xyxy[0, 0] = 1
    tracks = Tracks.empty(1.0)
    assert not tracks.xyxy.flags.writeable
    assert not tracks.track_id.flags.writeable


def test_severities_rise() -> None:
    ranks = [severity.rank for severity in Severity]
    assert ranks == sorted(ranks)
    assert Severity.WELFARE.rank > Severity.ALERT.rank


def test_classes_have_the_words_of_the_configuration() -> None:
    assert [c.label for c in ObjectClass] == ["person", "ladder"]
