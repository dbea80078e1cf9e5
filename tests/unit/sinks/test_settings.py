import base64
import sys
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from detector.errors import ConfigError
from detector.sinks import AnySinkSettings, make_sink
from detector.sinks.log import LogSink
from detector.sinks.mqtt import MqttSettings, MqttSink
from detector.sinks.webhook import WebhookSettings, WebhookSink, retry_after_s
from tests.happenings import START

KEY = "whsec_" + base64.b64encode(bytes(24)).decode()
SETTINGS: TypeAdapter[AnySinkSettings] = TypeAdapter(AnySinkSettings)


def hook(**changes: object) -> WebhookSettings:
    given = {"url": "https://control.example/hook", "secrets": [{"env": "HOOK_KEY"}]} | changes
    return WebhookSettings.model_validate(given)


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "log"},
        {"kind": "mqtt", "host": "broker.example", "filter": {"min_severity": "alert"}},
        {"kind": "webhook", "url": "http://10.0.0.7/x", "secrets": [{"file": "key"}]},
    ],
)
def test_settings_are_told_apart_by_their_kind(given: dict[str, object]) -> None:
    assert SETTINGS.validate_python(given).kind == given["kind"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"kind": "pigeon"}, "kind"),
        ({"kind": "log", "colour": True}, "colour"),
        ({"kind": "log", "concurrency": 2}, "concurrency"),
        ({"kind": "mqtt", "host": "b", "prefix": "a/+/b"}, "prefix"),
        ({"kind": "webhook", "url": "http://x/", "secrets": []}, "secrets"),
        ({"kind": "webhook", "url": "ftp://x/", "secrets": [{"env": "A"}]}, "url"),
        ({"kind": "webhook", "url": "http://u:p@x/", "secrets": [{"env": "A"}]}, "no user and"),
        ({"kind": "webhook", "url": "http://x/", "secrets": [{}]}, "either env"),
        (
            {"kind": "webhook", "url": "http://x/", "secrets": [{"env": "A", "file": "b"}]},
            "either env",
        ),
        (
            {"kind": "webhook", "url": "http://x/", "secrets": [{"env": "A"}], "allow": ["1.2/x"]},
            "a host name, an address or a range",
        ),
    ],
)
def test_a_slip_is_refused_by_name(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SETTINGS.validate_python(wrong)


def test_a_secret_comes_from_the_environment_or_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOOK_KEY", KEY)
    (tmp_path / "old").write_text(f"{KEY}\n")
    both = hook(secrets=[{"env": "HOOK_KEY"}, {"file": tmp_path / "old"}])
    assert isinstance(make_sink("hook", both), WebhookSink)


@pytest.mark.parametrize(
    ("secret", "found"),
    [
        ("", "found none"),
        ("hunter2hunter2", "found a secret without whsec_"),
        ("whsec_AAAA", "found 3 bytes"),
        ("whsec_" + "A" * 401, "found"),
    ],
)
def test_an_unusable_secret_is_named_but_never_shown(
    monkeypatch: pytest.MonkeyPatch, secret: str, found: str
) -> None:
    monkeypatch.setenv("HOOK_KEY", secret)
    with pytest.raises(ConfigError, match=r"sinks\.hook\.secrets.0") as caught:
        make_sink("hook", hook())
    assert found in str(caught.value)
    assert not secret or secret.removeprefix("whsec_") not in str(caught.value)


def test_every_kind_can_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKER_PASSWORD", "quite secret")
    broker = {"kind": "mqtt", "host": "b", "tls": True, "password": {"env": "BROKER_PASSWORD"}}
    assert isinstance(make_sink("broker", SETTINGS.validate_python(broker)), MqttSink)
    assert isinstance(make_sink("screen", SETTINGS.validate_python({"kind": "log"})), LogSink)


def test_mqtt_without_its_extra_or_its_authority_is_a_config_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"sinks\.broker\.ca_file: expected a file of cert"):
        make_sink("broker", MqttSettings(host="b", tls=True, ca_file=tmp_path / "none"))
    monkeypatch.setitem(sys.modules, "aiomqtt", None)
    with pytest.raises(ConfigError, match="expected the extra mqtt to be installed"):
        make_sink("broker", MqttSettings(host="b"))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        (" 7 ", 7),
        ("-7", None),
        ("1.5", None),
        ("", None),
        ("٣", None),
        ("9" * 400, 86400),
        ("Tue, 14 Nov 2023 22:13:30 GMT", 10),
        ("Tue, 14 Nov 2023 22:13:30 -0000", 10),
        ("Tue, 14 Nov 2023 22:13:10 GMT", 0),
        ("Fri, 14 Nov 2099 22:13:10 GMT", 86400),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_at_most_a_day(
    value: str, seconds: float | None
) -> None:
    assert retry_after_s(value, START) == seconds


def test_a_missing_secret_file_and_a_missing_authority_are_config_errors(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="a secret in file"):
        make_sink("hook", hook(secrets=[{"file": tmp_path / "none"}]))
    monkeypatch.setenv("HOOK_KEY", KEY)
    with pytest.raises(ConfigError, match=r"sinks\.hook\.ca_file: expected a file of certificates"):
        make_sink("hook", hook(ca_file=tmp_path / "none"))
