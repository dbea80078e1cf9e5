"""A main stream that is away while the camera's other stream is watched, in the running service."""

from pathlib import Path

from detector.config import load_config
from detector.pipeline.health import CameraState
from detector.service import ReadyCheck, Service
from tests.integration.test_camera_watch import OFFLINE_AFTER_S, camera_at, site, until
from tests.receiver import free_port


def recorded(service: Service) -> ReadyCheck:
    (check,) = (check for check in service.readiness() if check.name == "record")
    return check


def test_a_dead_main_stream_fails_readiness_until_it_is_there(tmp_path: Path) -> None:
    port, main_port = free_port(), free_port()
    path = site(tmp_path, port, record_at=f"http://127.0.0.1:{main_port}/video.mjpg")
    with camera_at(port), Service(load_config(path)) as service:
        (camera,) = service.cameras()
        until(lambda: camera.health().state is CameraState.LIVE, 15)
        until(lambda: not recorded(service).ok, OFFLINE_AFTER_S + 5)
        detail = recorded(service).detail
        assert detail.startswith("camera north: its clips will be missing, recording backoff: ")
        assert "Connection refused" in detail
        with camera_at(main_port):
            until(lambda: recorded(service).ok, 15)
            health = camera.record_health()
            assert health is not None
            assert (health.state, health.connects) == (CameraState.LIVE, 1)
            assert (health.codec, health.width, health.height) == ("mjpeg", 640, 360)


def test_a_camera_that_is_away_altogether_is_an_event_and_not_unrecorded(tmp_path: Path) -> None:
    port = free_port()
    path = site(tmp_path, port, record_at=f"http://127.0.0.1:{port}/main.mjpg")
    with Service(load_config(path)) as service:
        until(service.store.last_seq, OFFLINE_AFTER_S + 5)
        assert recorded(service).ok
