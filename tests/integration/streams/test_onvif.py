"""Real SOAP and UDP on the loopback; the cameras are ours, their answers those of the standard."""

import importlib.util
import socket
import sys
from pathlib import Path

import pytest
import yaml

from detector.cli import main
from detector.config import load_config
from detector.config.discovered import cameras_block, propose
from detector.errors import DetectorError, SourceBroken, SourceRefused, SourceTimeout
from detector.streams.onvif import Device, Login, ask, find
from tests.onvif_camera import FakeCamera, FakeStream, discoverable
from tests.receiver import free_port

needs_library = pytest.mark.skipif(
    importlib.util.find_spec("onveef") is None, reason="the extra onvif is not installed"
)

MAIN = FakeStream("101", "rtsp://127.0.0.1:554/main?channel=1", "H264", 2560, 1440, 25)
SUB = FakeStream("102", "rtsp://127.0.0.1:554/sub?channel=1", "H264", 640, 360, 10)
TINY = FakeStream("103", "rtsp://127.0.0.1:554/tiny", "JPEG", 320, 180, 5)
LOGIN = Login("guard", "gate-4711")


@pytest.mark.parametrize("auth", ["token", "http"])
@needs_library
def test_a_camera_tells_its_streams_to_who_knows_the_password(auth: str) -> None:
    with FakeCamera((MAIN, SUB, TINY), auth=auth).running() as camera:
        found = ask(Device(camera.address), LOGIN, 2.0)
    assert found.model == "ACME X1"
    told = [(p.token, p.codec, p.width, p.height, p.fps, p.url) for p in found.profiles]
    assert told == [
        ("101", "h264", 2560, 1440, 25, "rtsp://127.0.0.1:554/main?channel=1"),
        ("102", "h264", 640, 360, 10, "rtsp://127.0.0.1:554/sub?channel=1"),
        ("103", "jpeg", 320, 180, 5, "rtsp://127.0.0.1:554/tiny"),
    ]
    assert not any(LOGIN.password in request for request in camera.seen)


@pytest.mark.parametrize("auth", ["token", "http"])
@needs_library
def test_a_wrong_password_is_said_and_not_shown(auth: str) -> None:
    with (
        FakeCamera((MAIN,), auth=auth).running() as camera,
        pytest.raises(SourceRefused, match="to let in user guard") as failure,
    ):
        ask(Device(camera.address), Login("guard", "wrong-1234"), 2.0)
    assert "wrong-1234" not in str(failure.value)


@needs_library
def test_a_camera_that_wants_a_login_is_told_apart_from_one_with_another_password() -> None:
    with FakeCamera((MAIN,)).running() as camera, pytest.raises(SourceRefused, match="anybody"):
        ask(Device(camera.address), Login(), 2.0)


@needs_library
def test_a_password_is_never_sent_in_clear_to_who_asks_for_that() -> None:
    with FakeCamera((MAIN,), auth="basic").running() as camera, pytest.raises(SourceRefused):
        ask(Device(camera.address), LOGIN, 2.0)
    assert not any("Basic " in request for request in camera.seen)


@pytest.mark.parametrize(
    "answer", ["<html>router</html>", "\x00\xff<s:Env", "<a>" * 500, "", "not xml {DETECTOR_KEY}"]
)
@needs_library
def test_something_else_than_a_camera_is_one_clear_error(answer: str) -> None:
    with (
        FakeCamera((MAIN,), broken=answer or " ").running() as camera,
        pytest.raises(SourceBroken, match=r"expected an ONVIF camera|expected at least one"),
    ):
        ask(Device(camera.address), LOGIN, 2.0)


@needs_library
def test_a_silent_camera_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/onvif/device_service"
        with pytest.raises(SourceTimeout, match="silence"):
            ask(Device(address), LOGIN, 0.3)


@needs_library
def test_no_server_at_all_is_said() -> None:
    with pytest.raises(SourceBroken, match="expected an ONVIF camera"):
        ask(Device(f"http://127.0.0.1:{free_port()}/onvif/device_service"), LOGIN, 1.0)


@needs_library
def test_a_camera_that_names_an_address_nobody_can_reach_is_taken_where_it_answered() -> None:
    away = FakeStream("1", "rtsp://192.0.2.77:8554/main")
    with FakeCamera((away,), media_host="192.0.2.77").running() as camera:
        found = ask(Device(camera.address), LOGIN, 2.0)
    assert [p.url for p in found.profiles] == ["rtsp://127.0.0.1:8554/main"]


@needs_library
def test_an_address_brings_no_login_no_variable_and_no_other_scheme_into_the_configuration() -> (
    None
):
    strange = (
        FakeStream("1", "rtsp://admin:geheim@127.0.0.1/a/{DETECTOR_API_KEY}"),
        FakeStream("2", "file:///etc/passwd"),
    )
    with FakeCamera(strange, model="X {FRIGATE_KEY}").running() as camera:
        found = ask(Device(camera.address), LOGIN, 2.0)
    assert [p.url for p in found.profiles] == ["rtsp://127.0.0.1/a/%7BDETECTOR_API_KEY%7D"]
    assert found.model == "ACME X FRIGATE_KEY"


@needs_library
def test_a_camera_with_no_stream_is_an_error() -> None:
    with FakeCamera(()).running() as camera, pytest.raises(SourceBroken, match="RTSP stream"):
        ask(Device(camera.address), LOGIN, 2.0)


@needs_library
def test_a_host_says_by_discovery_where_its_service_is() -> None:
    told = "http://[fe80::1]/x http://169.254.3.4/x http://192.0.2.9:8899/onvif/ds"
    with discoverable(told, count=2) as port:
        (device,) = find(["127.0.0.1"], None, 0.5, port)
    assert device == Device("http://127.0.0.1:8899/onvif/ds", "Gate north", "X1")


@needs_library
def test_a_host_that_does_not_answer_discovery_is_asked_at_the_usual_place() -> None:
    assert find(["127.0.0.1"], None, 0.1, free_port()) == (
        Device("http://127.0.0.1/onvif/device_service"),
    )


@needs_library
def test_the_command_prints_a_configuration_that_loads_and_holds_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DETECTOR_CAMERA_USER", LOGIN.user)
    monkeypatch.setenv("DETECTOR_CAMERA_PASSWORD", LOGIN.password)
    with (
        FakeCamera((MAIN, SUB, TINY)).running() as one,
        FakeCamera((MAIN,)).running() as two,
        FakeCamera((MAIN,), password="other").running() as refusing,
    ):
        hosts = [a for c in (one, two, refusing) for a in ("--host", f"127.0.0.1:{c.port}")]
        assert main(["discover", *hosts, "--timeout", "2", "--yaml"]) == 4
    out, err = capsys.readouterr()
    assert LOGIN.password not in out + err
    assert err.count("FAILED") == 1
    config = tmp_path / "site.yaml"
    config.write_text(f"version: 1\nsite: s\nmodel: {{path: m}}\n{out}", "utf-8")
    cameras = load_config(config).config.cameras
    assert [[i.roles for i in c.ffmpeg.inputs] for c in cameras.values()] == [
        [("record",), ("detect",)],
        [("detect", "record")],
    ]
    first = cameras["acme-x1"].ffmpeg
    assert first.detect.path == "rtsp://guard:gate-4711@127.0.0.1:554/sub?channel=1"
    assert list(cameras) == ["acme-x1", "acme-x1-2"]


@needs_library
def test_the_command_lists_streams_with_placeholders(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    login = tmp_path / "login"
    login.write_text("guard:p@ss:w\n", "utf-8")
    with FakeCamera((MAIN, SUB), password="p@ss:w").running() as camera:
        options = ["--host", f"127.0.0.1:{camera.port}", "--login-file", str(login)]
        assert main(["discover", *options]) == 0
    out, err = capsys.readouterr()
    assert "640x360 h264 10 fps detect" in " ".join(out.split())
    assert "rtsp://{DETECTOR_CAMERA_USER}:{DETECTOR_CAMERA_PASSWORD}@127.0.0.1:554/sub" in out
    assert "percent-encoded" in err
    assert "p@ss" not in out + err


@needs_library
def test_a_camera_with_several_lenses_becomes_several_cameras() -> None:
    lenses = tuple(
        FakeStream(f"{lens}{kind}", f"rtsp://127.0.0.1/{lens}{kind}", width=width, source=lens)
        for kind, width in (("main", 1920), ("sub", 704))
        for lens in ("left", "right")
    )
    with FakeCamera(lenses).running() as camera:
        proposals = propose([ask(Device(camera.address, "Hof Süd"), LOGIN, 2.0)])
    assert [p.name for p in proposals] == ["hof-s-d", "hof-s-d-2"]
    block = yaml.safe_load(cameras_block(proposals, "DETECTOR_A", "DETECTOR_B"))
    paths = [i["path"] for c in block["cameras"].values() for i in c["ffmpeg"]["inputs"]]
    assert [p.rpartition("/")[2] for p in paths] == [
        "leftmain",
        "leftsub",
        "rightmain",
        "rightsub",
    ]


def test_without_the_extra_the_command_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "onveef", None)
    monkeypatch.setitem(sys.modules, "onveef.wsdiscovery", None)
    assert main(["discover", "--host", "127.0.0.1:1"]) == 1
    assert "pip install 'barrier-detector[onvif]'" in capsys.readouterr().err
    with pytest.raises(DetectorError, match="extra onvif"):
        find([], None, 0.1)


@pytest.mark.parametrize("text", ["", "nocolon", "a:b\nc:d"])
def test_a_login_file_that_is_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    path = tmp_path / "login"
    path.write_text(text, "utf-8")
    assert main(["discover", "--host", "127.0.0.1:1", "--login-file", str(path)]) == 2
    assert "one line USER:PASSWORD" in capsys.readouterr().err


def test_a_variable_that_no_configuration_may_name_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["discover", "--password-env", "PATH"]) == 2
    assert "DETECTOR_CAMERA_USER" in capsys.readouterr().err


@needs_library
def test_an_interface_that_this_machine_does_not_have_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["discover", "--interface", "192.0.2.1"]) == 2
    assert "an IPv4 address of this machine, found '192.0.2.1'" in capsys.readouterr().err
