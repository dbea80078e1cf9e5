import time
from dataclasses import replace

import cv2
import numpy as np
import pytest

from detector.incidents.coverage import WatchSpan, WatchState
from detector.pipeline.health import CameraState
from detector.pipeline.view_follower import GeometryState
from detector.scene import PrivacyMaskSettings
from tests.shown_service import LIVE, Client, ShownCamera, ShownService, make_picture


def test_cameras_come_in_the_order_of_the_configuration_with_their_health(
    client: Client, service: ShownService
) -> None:
    away = replace(LIVE, state=CameraState.BACKOFF, reason="no answer", last_frame_at=None)
    service.shown = [ShownCamera("b", "North gate"), ShownCamera("a", state=away)]
    b, a = client.get("/api/v1/cameras").json()["cameras"]
    assert (b["name"], b["friendly_name"], b["state"], b["fps_in"]) == (
        "b",
        "North gate",
        "live",
        12.5,
    )
    assert (a["name"], a["friendly_name"], a["reason"]) == ("a", "a", "no answer")
    assert a["frame_age_s"] is None
    assert b["frame_age_s"] > 0
    assert client.get("/api/v1/cameras/a").json() == a


def test_a_camera_says_how_it_watches_and_where_its_geometry_is(
    client: Client, service: ShownService
) -> None:
    before = client.get("/api/v1/cameras/gate").json()
    assert (before["watch"], before["watch_reason"]) == ("unknown", "")
    assert before["watch_since"] is None
    service.shown[0].span = WatchSpan("gate", WatchState.DEGRADED, "moved", 60.0, 61.0)
    service.shown[0].lies = GeometryState.DEGRADED
    after = client.get("/api/v1/cameras/gate").json()
    assert (after["watch"], after["watch_reason"]) == ("degraded", "moved")
    assert after["watch_since"] == "1970-01-01T00:01:00Z"
    assert (before["geometry"], after["geometry"]) == ("as_drawn", "degraded")


def test_a_stream_that_is_only_recorded_has_its_own_state(
    client: Client, service: ShownService
) -> None:
    assert client.get("/api/v1/cameras/gate").json()["record_stream"] is None
    service.shown[0].recorded = replace(
        LIVE,
        state=CameraState.AUTH_FAILED,
        reason="401",
        frames=7,
        connects=2,
        failures=3,
        last_frame_at=None,
        codec="hevc",
        width=1920,
        replaced=2,
        stuck=1,
    )

    camera = client.get("/api/v1/cameras/gate").json()

    stream = camera["record_stream"]
    assert (camera["state"], stream["state"], stream["reason"]) == ("live", "auth_failed", "401")
    assert (stream["packets"], stream["connects"], stream["failures"]) == (7, 2, 3)
    assert (stream["codec"], stream["width"], stream["height"]) == ("hevc", 1920, 48)
    assert (stream["last_packet_at"], stream["packet_age_s"]) == (None, None)
    assert (stream["readers_replaced"], stream["readers_stuck"]) == (2, 1)
    assert (camera["readers_replaced"], camera["readers_stuck"]) == (0, 0)


def test_what_is_hidden_of_a_camera_is_said(client: Client, service: ShownService) -> None:
    corners = [[0.0, 0.0], [0.5, 0.0], [0.0, 0.5]]
    mask = PrivacyMaskSettings.model_validate({"coordinates": corners, "reason": "a window"})
    service.shown = [ShownCamera("a", privacy_masks={"flat": mask}), ShownCamera("b")]
    a, b = client.get("/api/v1/cameras").json()["cameras"]
    assert a["privacy_masks"] == [{"name": "flat", "reason": "a window", "coordinates": corners}]
    assert b["privacy_masks"] == []


def test_an_unknown_camera_is_answered_with_the_known_ones(client: Client) -> None:
    for path in ("/api/v1/cameras/west", "/api/v1/cameras/west/latest.jpg"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.json()["detail"] == "camera: expected one of gate, found west"


def test_the_newest_picture_is_drawn_and_says_how_old_it_is(
    client: Client, service: ShownService
) -> None:
    service.shown[0].shown = make_picture(decoded_at=time.time() - 5)
    answer = client.get("/api/v1/cameras/gate/latest.jpg")
    image = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (480, 640, 3)
    assert np.abs(image[300, 100:160].astype(int) - 90).max() > 50, "the box is not drawn"
    assert 5 <= float(answer.headers["x-frame-age"]) < 60
    assert answer.headers["cache-control"] == "no-store"


def test_a_small_picture_is_smaller_and_a_large_one_is_never_enlarged(
    client: Client, service: ShownService
) -> None:
    service.shown[0].shown = make_picture()
    for asked, given in ((180, 180), (1080, 480)):
        answer = client.get(f"/api/v1/cameras/gate/latest.jpg?height={asked}")
        image = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
        assert image.shape[0] == given


def test_a_picture_that_the_client_has_is_not_sent_again(
    client: Client, service: ShownService
) -> None:
    service.shown[0].shown = make_picture(index=4)
    path = "/api/v1/cameras/gate/latest.jpg"
    tag = client.get(path).headers["etag"]
    again = client.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    service.shown[0].shown = make_picture(index=5)
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_a_camera_without_a_picture_yet_says_why(client: Client, service: ShownService) -> None:
    service.shown[0].state = replace(LIVE, state=CameraState.AUTH_FAILED, reason="wrong password")
    answer = client.get("/api/v1/cameras/gate/latest.jpg")
    assert answer.status_code == 503
    assert answer.json()["detail"] == "gate: no picture yet: wrong password"
    assert answer.headers["retry-after"] == "2"


@pytest.mark.parametrize("height", ["0", "89", "2161", "tall"])
def test_only_sensible_heights_can_be_asked_for(client: Client, height: str) -> None:
    assert client.get(f"/api/v1/cameras/gate/latest.jpg?height={height}").status_code == 422


def test_a_picture_is_drawn_once_for_all_who_look(
    client: Client, service: ShownService, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    from detector.api import pictures  # noqa: PLC0415

    original = pictures.draw
    monkeypatch.setattr(pictures, "draw", lambda *a, **k: drawn.append(1) or original(*a, **k))
    service.shown[0].shown = make_picture()
    for _ in range(3):
        client.get("/api/v1/cameras/gate/latest.jpg")
    assert len(drawn) == 1
