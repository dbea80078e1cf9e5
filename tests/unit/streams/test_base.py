import pytest
from pydantic import ValidationError

from detector.streams import InputSettings, redact
from detector.streams.base import SCHEMES
from detector.streams.sources import _OPENERS


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://u:p@h:554/a", "rtsp://***@h:554/a"),
        ("rtsp://u@h/a", "rtsp://***@h/a"),
        ("rtsp://u:p%40ss@h/a?x=1", "rtsp://***@h/a?x=1"),
        ("rtsp://u:p@ss@h/a", "rtsp://***@h/a"),
        ("http://h/cam.mjpg?user=a&pwd=b", "http://h/cam.mjpg?user=a&pwd=***"),
        ("two: rtsp://a:b@c/d and http://e:f@g/h", "two: rtsp://***@c/d and http://***@g/h"),
        ("/records/12:30.mp4", "/records/12:30.mp4"),
        ("", ""),
    ],
)
def test_secrets_of_addresses_are_never_shown(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_every_scheme_the_settings_accept_can_be_opened() -> None:
    assert set(_OPENERS) == set(SCHEMES)


@pytest.mark.parametrize("path", ["gopher://h/1", "rtmp://u:hidden@h/1", ""])
def test_an_unknown_scheme_is_refused_with_what_is_known_and_without_secrets(path: str) -> None:
    with pytest.raises(ValidationError) as caught:
        InputSettings(path=path)

    assert "hidden" not in str(caught.value)
    assert not path or "rtsp://" in str(caught.value)


@pytest.mark.parametrize(
    ("path", "scheme"),
    [
        ("RTSP://h/1", "rtsp"),
        ("https://h/a.m3u8", "https"),
        ("device:0", "device"),
        ("device:", "file"),
        ("2026-01-01T12:30:00.mp4", "file"),
        ("file:///a b.mp4", "file"),
    ],
)
def test_the_scheme_is_read_from_the_path(path: str, scheme: str) -> None:
    assert InputSettings(path=path).scheme == scheme


def test_unknown_keys_are_refused() -> None:
    with pytest.raises(ValidationError, match="extra"):
        InputSettings.model_validate({"path": "a.mp4", "hwaccel": "cuda"})
