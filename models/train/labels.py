"""Reads and writes YOLO label files (class, centre, size; all relative to the picture)."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

PICTURES = (".jpg", ".jpeg", ".png", ".webp")


def read(path: Path, width: int, height: int) -> tuple[npt.NDArray[np.int64], Array]:
    """Classes (N,) and xyxy in pixels (N, 4); a missing file means a picture without objects."""
    rows = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
    table = np.array([row[:5] for row in rows if row], np.float32).reshape(-1, 5)
    centre, side = table[:, 1:3], table[:, 3:5]
    corners = np.concatenate([centre - side / 2, centre + side / 2], axis=1)
    return table[:, 0].astype(np.int64), corners * np.array([width, height] * 2, np.float32)


def write(
    path: Path, boxes: list[tuple[int, float, float, float, float]], width: int, height: int
) -> None:
    """Write (class, x1, y1, x2, y2) boxes given in pixels; no boxes make an empty file."""
    lines = []
    for number, x1, y1, x2, y2 in boxes:
        left, right = np.clip([x1, x2], 0, width) / width
        top, bottom = np.clip([y1, y2], 0, height) / height
        middle = (left + right) / 2, (top + bottom) / 2
        lines.append(
            f"{number} {middle[0]:.6f} {middle[1]:.6f} {right - left:.6f} {bottom - top:.6f}"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line + "\n" for line in lines))


def beside(picture: Path) -> Path:
    """Where a picture's labels lie: `…/images/…/a.jpg` has `…/labels/…/a.txt`, else `a.txt`."""
    parts = list(picture.with_suffix(".txt").parts)
    for index in range(len(parts) - 2, -1, -1):
        if parts[index].endswith("images"):
            parts[index] = parts[index][: -len("images")] + "labels"
            break
    return Path(*parts)


def pictures(folder: Path) -> list[Path]:
    """All pictures under a folder, sorted."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES)
