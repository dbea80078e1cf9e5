"""The tables of the fault campaign."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av

from benchmarks.faults.kinds import FAULTS
from benchmarks.faults.site import PROFILES
from benchmarks.machine import stamp, write_result

Lines = Sequence[dict[str, Any]]
_HEAD = (
    "| fault | n | noticed by | noticed s, p50 (max) | missed | event s, p50 (max) "
    "| back s, p50 (max) | never back | false states | events | lost |\n"
    "|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|"
)


def report(lines: Lines, out: Path) -> None:
    """Write ``faults.md`` and ``faults.json``."""
    rows = [row for profile in PROFILES for row in _rows(lines, profile)]
    result = {
        "command": "python -m benchmarks.faults",
        **stamp(),
        "versions": {"av": av.__version__, **{k: list(v) for k, v in av.library_versions.items()}},
        "rows": rows,
    }
    write_result(out, "faults", result, markdown(result))


def _rows(lines: Lines, profile: str) -> list[dict[str, Any]]:
    mine = [line for line in lines if line["profile"] == profile]
    rows = []
    for fault in FAULTS:
        seen = [line for line in mine if line.get("fault") == fault.name]
        events = [line for line in mine if line.get("events") == fault.name]
        if seen:
            row = {"profile": profile, "fault": fault.name, "sign": fault.sign, "n": len(seen)}
            rows.append(row | _sums(seen, events))
    return rows


def _sums(seen: Lines, events: Lines) -> dict[str, Any]:
    return {
        "noticed_s": _spread([line["noticed_s"] for line in seen]),
        "missed": sum(line["noticed_s"] is None for line in seen),
        "event_s": _spread([line["event_s"] for line in seen]),
        "back_s": _spread([line["back_s"] for line in seen]),
        "never_back": sum(line["back_s"] is None for line in seen),
        "false_states": sum(bool(line["false_states"]) for line in seen),
        "events": sum(line["committed"] for line in events) if events else None,
        "events_lost": sum(line["lost"] for line in events) if events else None,
    }


def _spread(values: Sequence[float | None]) -> dict[str, float] | None:
    """Give median and maximum of what was measured; None where nothing was."""
    known = [value for value in values if value is not None]
    return {"p50": round(statistics.median(known), 2), "max": max(known)} if known else None


def markdown(result: dict[str, Any]) -> str:
    """Lay the rows out for people."""
    machine = result["machine"]
    text = [
        "# Fault campaign",
        "",
        (
            f"`{result['command']}` · {result['date']} · {machine['processor']}, {machine['cores']}"
            f" cores · commit {result['commit']} · PyAV {result['versions']['av']}"
        ),
        "",
        (
            "Real RTSP cameras on the loopback, all faults beside each other under one service; "
            "[definitions](../../docs/faults.md)."
        ),
    ]
    for name, profile in PROFILES.items():
        rows = [row for row in result["rows"] if row["profile"] == name]
        if rows:
            limits = (
                f"stall_s {profile.stall_s or 10:g}, reconnect {profile.reconnect or 'default'}"
            )
            text += ["", f"## Profile {name}: {limits}", "", _HEAD, *map(_line, rows)]
    return "\n".join([*text, ""])


def _line(row: dict[str, Any]) -> str:
    def spread(value: dict[str, float] | None) -> str:
        return "—" if value is None else f"{value['p50']:.1f} ({value['max']:.1f})"

    def count(value: int | None) -> str:
        return "—" if value is None else str(value)

    missed = "—" if row["sign"] == "event" else row["missed"]
    return (
        f"| {row['fault']} | {row['n']} | {row['sign']} | {spread(row['noticed_s'])} | {missed} "
        f"| {spread(row['event_s'])} | {spread(row['back_s'])} | {row['never_back']} "
        f"| {row['false_states']} | {count(row['events'])} | {count(row['events_lost'])} |"
    )
