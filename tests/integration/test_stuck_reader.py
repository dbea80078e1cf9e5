"""A camera whose connection hangs where no time-out reaches it, in the running service."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from detector.config import load_config
from detector.pipeline import source_thread
from detector.pipeline.health import CameraState
from detector.service import Camera, Service, camera_assembly
from detector.streams import Source, open_source
from tests.integration.test_camera_watch import OFFLINE_AFTER_S, camera_at, said, site, until
from tests.receiver import free_port

STALL_S = 2.0
LOOKUP_S = 1.0
"""Instead of the product's, which is for name servers that do not answer: here is none."""
PATIENCE_S = 3 * STALL_S + 2 / 5 + LOOKUP_S + 5.0
"""Until a reader is given up: by its `stall_s`, its rate, and the looks of the relief."""


@pytest.fixture
def opening(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], threading.Event]]:
    """Let so many first attempts to connect hang until the event that is given is set."""
    let_go = threading.Event()
    left = 0
    tried = 0

    def hang(first: int) -> threading.Event:
        nonlocal left
        left = first
        return let_go

    def open_or_hang(*given: Any, **options: Any) -> Source:
        nonlocal tried
        tried += 1
        if tried <= left:
            assert let_go.wait(120.0)
        return open_source(*given, **options)

    monkeypatch.setattr(camera_assembly, "open_source", open_or_hang)
    yield hang
    let_go.set()


def test_a_hanging_connection_is_offline_then_replaced_and_its_camera_restored(
    tmp_path: Path,
    opening: Callable[[int], threading.Event],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(source_thread, "NAME_LOOKUP_S", LOOKUP_S)
    port = free_port()
    let_go = opening(1)
    loaded = load_config(site(tmp_path, port, stall_s=STALL_S))
    with camera_at(port), Service(loaded) as service:
        (camera,) = service.cameras()
        until(lambda: said(service), OFFLINE_AFTER_S + 3)
        assert (said(service)[0].rule, said(service)[0].phase) == ("camera_offline", "new")
        until(lambda: camera.health().state is CameraState.LIVE, PATIENCE_S + 15)
        until(lambda: said(service)[-1].outcome == "restored", 15)
        assert (camera.health().replaced, camera.health().stuck) == (1, 1)
        assert [check.detail for check in service.readiness() if not check.ok] == []
        let_go.set()
        until(lambda: camera.health().stuck == 0, 15)
        assert connects_stay_one(camera)


def connects_stay_one(camera: Camera) -> bool:
    """Whether the reader that came back left the picture of its camera alone."""
    before = camera.health()
    time.sleep(1.0)
    after = camera.health()
    return after.state is CameraState.LIVE and before.connects == after.connects == 1
