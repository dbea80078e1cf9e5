"""One small picture of a folder of rendered clips: a row for each, with its true boxes."""

import json
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
_GREEN, _AMBER, _WHITE, _BLACK = (80, 255, 80), (0, 200, 255), (255, 255, 255), (0, 0, 0)
_MOST_BYTES = 600_000


def contact_sheet(folder: Path, columns: int = 6, width_px: int = 224) -> Image:
    """A sheet (H, W, 3) of all clips with a truth file; raises ValueError when there is none."""
    truths = sorted(folder.glob("*.truth.json"))
    if not truths:
        raise ValueError(f"{folder}: expected rendered clips (*.truth.json), found none")
    rows = [_row(path, columns, width_px) for path in truths]
    return np.asarray(np.vstack(rows), np.uint8)


def write_sheet(sheet: Image, path: Path) -> None:
    """Writes a JPEG of at most 600 kB, in the best quality that fits."""
    for quality in (88, 80, 72, 64, 56, 48, 40, 32):
        _, data = cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if len(data) <= _MOST_BYTES:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data.tobytes())
            return
    raise ValueError(f"{path}: expected at most {_MOST_BYTES} bytes, found {len(data)}")


def _row(truth_file: Path, columns: int, width_px: int) -> Image:
    truth = json.loads(truth_file.read_text("utf-8"))
    frames = truth["frames"]
    picks = [int((k + 0.5) * len(frames) / columns) for k in range(columns)]
    tiles = []
    with av.open(str(truth_file.with_name(truth["media"]))) as clip:
        for number, frame in enumerate(clip.decode(video=0)):
            if number in picks:
                image = np.array(frame.to_ndarray(format="bgr24"), np.uint8)
                tiles.append(_tile(image, frames[number], width_px))
    kinds = sorted({e["kind"] for e in truth["events"] if not e["ignore"]}) or ["nothing"]
    row = np.asarray(np.hstack(tiles), np.uint8)
    _write(row, f"{truth['scene']}: {', '.join(kinds)}", row.shape[0] - 5)
    return row


def _tile(image: Image, frame: dict[str, Any], width_px: int) -> Image:
    for thing in frame["objects"]:
        if thing["visible"] is not None:
            x0, y0, x1, y1 = (int(v) for v in thing["visible"])
            colour = _GREEN if thing["class"] == "person" else _AMBER
            cv2.rectangle(image, (x0 - 2, y0 - 2), (x1 + 2, y1 + 2), colour, 2)
    height_px = round(image.shape[0] * width_px / image.shape[1])
    small = cv2.resize(image, (width_px, height_px), interpolation=cv2.INTER_AREA)
    tile = np.asarray(small, np.uint8)
    _write(tile, f"{frame['t_s']:.0f} s", 11, right=True)
    return tile


def _write(tile: Image, text: str, y: int, *, right: bool = False) -> None:
    """White letters on a dark plate: they can be read on snow and at night."""
    font, size = cv2.FONT_HERSHEY_SIMPLEX, 0.32
    (width, height), _ = cv2.getTextSize(text, font, size, 1)
    x = tile.shape[1] - width - 3 if right else 3
    cv2.rectangle(tile, (x - 2, y - height - 2), (x + width + 1, y + 3), _BLACK, cv2.FILLED)
    cv2.putText(tile, text, (x, y), font, size, _WHITE, 1, cv2.LINE_AA)
