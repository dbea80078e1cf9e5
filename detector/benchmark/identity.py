"""MOT metrics by TrackEval: do tracks keep to the same person?"""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.benchmark.extra import bench_extra
from detector.benchmark.report import Mot
from detector.geometry import iou
from detector.types import F32, I64


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Who was truly in one picture, and which tracks were.

    Attributes:
        true_id: (N,) int64.
        true_xyxy: (N, 4) float32 pixels.
        track_id: (M,) int64.
        xyxy: (M, 4) float32 pixels.
    """

    true_id: I64
    true_xyxy: F32
    track_id: I64
    xyxy: F32


def mot(sequences: Sequence[Sequence[Seen]]) -> Mot | None:
    """Score tracks over several recordings; None where nobody is.

    Raises:
        DetectorError: TrackEval is not installed.
    """
    real = [sequence for sequence in sequences if any(len(seen.true_id) for seen in sequence)]
    if not real:
        return None
    metrics = evaluate(real)
    hota, clear, identity = metrics["HOTA"], metrics["CLEAR"], metrics["Identity"]
    return Mot(
        hota=100 * float(np.mean(hota["HOTA"])),
        det_a=100 * float(np.mean(hota["DetA"])),
        ass_a=100 * float(np.mean(hota["AssA"])),
        idf1=100 * float(identity["IDF1"]),
        mota=100 * float(clear["MOTA"]),
        id_switches=int(clear["IDSW"]),
    )


def evaluate(sequences: Sequence[Sequence[Seen]]) -> dict[str, dict[str, Any]]:
    """Give TrackEval's own results of HOTA, CLEAR and Identity over all sequences.

    Raises:
        DetectorError: TrackEval is not installed.
    """
    with bench_extra(), contextlib.redirect_stdout(io.StringIO()):  # it prints on import
        from trackeval.metrics import CLEAR, HOTA, Identity  # noqa: PLC0415 - optional, heavy
    data = [_trackeval(sequence) for sequence in sequences]
    quiet = {"PRINT_CONFIG": False}
    results = {}
    for name, metric in {
        "HOTA": HOTA(),
        "CLEAR": CLEAR(quiet),
        "Identity": Identity(quiet),
    }.items():
        scored = {str(i): metric.eval_sequence(d) for i, d in enumerate(data)}
        results[name] = metric.combine_sequences(scored)
    return results


def _trackeval(sequence: Sequence[Seen]) -> dict[str, Any]:
    """Lay a sequence out as TrackEval wants it: identities numbered from 0 without holes."""
    true_ids, true_count = _dense([seen.true_id for seen in sequence])
    ids, count = _dense([seen.track_id for seen in sequence])
    return {
        "num_timesteps": len(sequence),
        "num_gt_dets": sum(len(i) for i in true_ids),
        "num_tracker_dets": sum(len(i) for i in ids),
        "num_gt_ids": true_count,
        "num_tracker_ids": count,
        "gt_ids": true_ids,
        "tracker_ids": ids,
        "similarity_scores": [iou(seen.true_xyxy, seen.xyxy) for seen in sequence],
    }


def _dense(keys: Sequence[I64]) -> tuple[list[npt.NDArray[np.intp]], int]:
    """Number identities from 0 without holes; give them per picture, and how many there are."""
    found, flat = np.unique(np.concatenate(keys), return_inverse=True)
    return np.split(flat, np.cumsum([len(k) for k in keys])[:-1]), len(found)
