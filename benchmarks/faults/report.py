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
    "| fault | n | noticed by | noticed s, p50 (max) | missed | event s, p50 (max) | no event "
    "| back s, p50 (max) | never back | false states | false events | events | lost "
    "| clips ready | missing | lost |\n"
    "|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
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
            rows.append(row | {"kind": fault.kind} | _sums(seen) | _kept(events))
    return rows


def _kept(events: Lines) -> dict[str, Any]:
    """Give what the newest count says: each counts everything since the folder was empty."""
    newest = events[-1] if events else {}
    names = ("committed", "lost", "clips_ready", "clips_missing", "clips_lost")
    keys = ("events", "events_lost", *names[2:])
    return {key: newest.get(name) for key, name in zip(keys, names, strict=True)}


def _sums(seen: Lines) -> dict[str, Any]:
    return {
        "noticed_s": _spread([line["noticed_s"] for line in seen]),
        "missed": sum(line["noticed_s"] is None for line in seen),
        "event_s": _spread([line["event_s"] for line in seen]),
        "no_event": sum(line["event_s"] is None for line in seen),
        "back_s": _spread([line["back_s"] for line in seen]),
        "never_back": sum(line["back_s"] is None for line in seen),
        "false_states": sum(bool(line["false_states"]) for line in seen),
        "false_events": sum(bool(line["false_events"]) for line in seen),
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

    no_event = row["no_event"] if row["kind"] else None
    kept = ("events", "events_lost", "clips_ready", "clips_missing", "clips_lost")
    cells = [
        *(row["fault"], row["n"], row["sign"], spread(row["noticed_s"]), row["missed"]),
        *(spread(row["event_s"]), count(no_event), spread(row["back_s"]), row["never_back"]),
        *(row["false_states"], row["false_events"], *(count(row[key]) for key in kept)),
    ]
    return f"| {' | '.join(map(str, cells))} |"
