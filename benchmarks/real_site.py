"""Makes a site of the labelled real recordings, for ``detector bench accuracy``.

``python -m benchmarks.real_site build/real`` links the recordings of the shared footage there, and
writes their truth files and ``site.yaml``. Their labels say who crossed a line, so crossings are
the only rule that is asked. PETS and the pedestrians were never trained on, but looked at while the
tracker was built (docs/decisions/0007-tracker.md).
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.crossings import LINES, ClipLine
from benchmarks.machine import ROOT
from benchmarks.mot import CLIPS, SHARED_DATA, Clip
from detector.benchmark.mot import Recording, read_rows, to_truth
from detector.benchmark.truth import NoScore, Truth, truth_beside
from detector.errors import SourceNotFound
from detector.streams import InputSettings, open_source
from detector.types import CameraId

TAGS = {"pets_s2l1": ("day", "crowd"), "ped_semi": ("day", "far")}
RATE_HZ = 10


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    cameras = {line.clip: camera(folder, line) for line in LINES if line.clip in TAGS}
    site = {
        "version": 1,
        "site": "real",
        "data_dir": "data",
        "model": {"path": str(ROOT / "models" / "barrier-n")},
        "cameras": cameras,
    }
    (folder / "site.yaml").write_text(yaml.safe_dump(site, sort_keys=False), "utf-8")
    print(f"written: {folder / 'site.yaml'}")


def camera(folder: Path, line: ClipLine) -> dict[str, Any]:
    """Link a recording, write its truth, give its block of the site file."""
    clip = CLIPS[line.clip]
    source = SHARED_DATA / clip.video
    if not source.exists():
        raise SourceNotFound(f"{source}: expected the shared footage (SHARED_DATA), no such file")
    media = folder / source.name
    media.unlink(missing_ok=True)
    media.symlink_to(source.resolve())
    truth_beside(media).write_text(
        truth(media, clip, line).model_dump_json(by_alias=True, exclude_defaults=True), "utf-8"
    )
    width, height = clip.size
    points = [[x / width, y / height] for x, y in (line.start, line.stop)]
    return {
        "ffmpeg": {"inputs": [{"path": media.name}]},
        "detect": {"fps": RATE_HZ},
        "barriers": {"line": {"points": points}},
        "rules": {"crossing": {"kind": "barrier_crossing", "barrier": "line"}},
    }


def truth(media: Path, clip: Clip, line: ClipLine) -> Truth:
    """Give the truth of a clip; what is not labelled is not scored."""
    settings = InputSettings(path=str(media))
    with open_source(settings, CameraId(clip.name)) as source:
        length_s = source.duration_s or clip.frames / clip.fps
    rows = read_rows(SHARED_DATA / clip.truth)
    rows = rows[np.asarray(rows[:, 0] <= clip.frames)]
    recording = Recording(media.name, clip.fps, clip.frames, clip.size)
    found = to_truth(rows, recording, "line", line.line, TAGS[clip.name])
    labelled_s = clip.frames / clip.fps
    if length_s <= labelled_s + 1 / clip.fps:
        return found
    rest = NoScore(start_s=labelled_s, end_s=length_s, reason="not labelled")
    return found.model_copy(update={"duration_s": length_s, "no_score": (rest,)})


if __name__ == "__main__":
    main()
