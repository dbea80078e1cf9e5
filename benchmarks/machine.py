"""Says when, where and on which commit a benchmark ran."""

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from detector.benchmark.machine import processor

ROOT = Path(__file__).resolve().parents[1]


def stamp() -> dict[str, Any]:
    """Give date, machine and commit, for the head of a result."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {"processor": processor(), "cores": os.cpu_count()},
        "commit": _commit(),
    }


def write_result(folder: Path, name: str, result: dict[str, Any], table: str) -> None:
    """Write a result as ``NAME.json`` and, for people, as ``NAME.md``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (folder / f"{name}.md").write_text(table, encoding="utf-8")


def _commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()
