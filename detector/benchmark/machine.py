"""Names the processor that a benchmark ran on."""

import platform
from pathlib import Path


def processor() -> str:
    """Give the processor's name as the kernel knows it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
