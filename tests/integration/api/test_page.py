"""The status page in a real browser, as the people on duty use it."""

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from detector.api.app import create_app
from detector.config.access import ApiKeySettings, ApiSettings, Scope
from detector.events import EventKind
from detector.evidence.overlay import draw, encode_jpeg
from detector.incidents.coverage import WatchSpan, WatchState
from detector.pipeline.health import CameraState
from detector.pipeline.view_follower import GeometryState
from detector.store import Store, StoreSettings, open_store
from detector.types import Severity
from tests.happenings import incident_id, make_event, make_incident
from tests.integration.api.browser import BROWSER, DRIVER, Browser, browsing
from tests.shown_service import LIVE, ShownCamera, ShownService, make_picture, served

pytestmark = pytest.mark.skipif(
    BROWSER is None or DRIVER is None, reason="needs chromium and chromedriver"
)
SECRET = "s" * 32
KEY = ApiKeySettings(name="desk", scopes=(Scope.OPERATE,), secret_env="KEY")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ShownService]:
    with open_store(StoreSettings(path=tmp_path / "events.sqlite3")) as store:
        now = time.time()
        away = replace(LIVE, state=CameraState.STALLED, reason="no picture for 34 s")
        here = replace(LIVE, last_frame_at=now + 3600)
        cameras = [
            ShownCamera("gate", "North gate", state=here, shown=make_picture(decoded_at=now)),
            ShownCamera(
                "river",
                state=replace(away, last_frame_at=now - 34),
                shown=make_picture(decoded_at=now - 34),
            ),
        ]
        yield ShownService(store, shown=cameras)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def commit(store: Store, number: int) -> None:
    event, incident = make_event(number, incident=number), make_incident(number)
    store.append([event], [incident], [], now=time.time())


def test_cameras_and_incidents_are_shown_and_keep_themselves_current(
    service: ShownService, browser: Browser
) -> None:
    with served(create_app(service, ApiSettings())) as url:
        browser.open(url)
        browser.wait("document.querySelectorAll('.camera').length == 2")
        browser.wait("document.querySelector('.camera img').naturalWidth > 0")
        gate, river = browser.script(
            "return [...document.querySelectorAll('.camera')].map((card) => card.innerText)"
        )
        assert "North gate" in gate
        assert "Live" in gate
        assert "12.5 fps" in gate
        assert "no picture for 34 s" in river
        stale = "return [...document.querySelectorAll('.camera')].map(c => c.matches('.stale'))"
        assert browser.script(stale) == [False, True]
        assert "None so far" in browser.text("#incidents")

        commit(service.store, 1)
        browser.wait("document.querySelectorAll('.incident').length == 1")
        assert "Person crossed the line · fence" in browser.text(".incident")

        service.shown[0].shown = make_picture(index=1, decoded_at=time.time())
        before = browser.script("return document.querySelector('.camera img').src")
        browser.wait(f"document.querySelector('.camera img').src != {before!r}")


def test_a_recording_stream_that_is_not_live_is_said_beside_a_camera_that_is(
    service: ShownService, browser: Browser
) -> None:
    service.shown[0].recorded = replace(LIVE, state=CameraState.STALLED, reason="nothing for 34 s")
    told = "Recording stream: ▲ No picture · nothing for 34 s. Alarms may have no clip."
    with served(create_app(service, ApiSettings())) as url:
        browser.open(url)
        browser.errors()  # forget those of earlier pages
        browser.wait("document.querySelector('.camera .recorded')?.innerText")
        assert browser.text(".camera .recorded") == told
        assert browser.script("return document.querySelectorAll('.recorded:not([hidden])').length")
        service.shown[0].recorded = LIVE
        browser.wait("document.querySelector('.camera .recorded').hidden")
        assert browser.errors() == []


def test_a_picture_is_asked_for_once_there_is_one(service: ShownService, browser: Browser) -> None:
    with served(create_app(service, ApiSettings())) as url:
        browser.open(url)
        browser.errors()  # forget those of earlier pages
        commit(service.store, 1)
        browser.wait("document.querySelector('.incident')?.dataset.readSeq == 1")
        assert browser.script("return document.querySelector('.shot').hidden")

        event = make_event(2, incident=1, has_snapshot=True)
        service.snapshots[event.id] = encode_jpeg(draw(make_picture()))
        service.store.append([event], [make_incident(1)], [], now=time.time())

        browser.wait("document.querySelector('.shot img').naturalWidth > 0")
        assert not browser.script("return document.querySelector('.shot').hidden")
        assert browser.errors() == []


def test_an_incident_is_acknowledged_and_dismissed_with_a_reason(
    service: ShownService, browser: Browser
) -> None:
    commit(service.store, 1)
    with served(create_app(service, ApiSettings())) as url:
        browser.open(url)
        browser.wait("document.querySelector('.incident .moves button')")
        browser.type("#who", "Ana")
        browser.click(".incident .moves button")
        browser.wait("document.querySelector('.operator').innerText == 'Acknowledged'")
        browser.click(".incident .moves button:nth-child(2)")
        browser.type(".dismissal input", "own patrol")
        browser.click(".dismissal button")
        browser.wait("document.querySelector('.operator').innerText == 'Dismissed'")
        assert "Dismissed by Ana: own patrol" in browser.text(".incident")
    record = service.store.incident(incident_id(1))
    assert record is not None
    assert [(move.by, move.reason) for move in record.history] == [
        ("Ana", ""),
        ("Ana", "own patrol"),
    ]


def test_with_keys_the_page_asks_for_one_and_shows_nothing_before(
    service: ShownService, browser: Browser
) -> None:
    commit(service.store, 1)
    app = create_app(service, ApiSettings(keys=(KEY,)), {"KEY": SECRET})
    with served(app) as url:
        browser.open(url)
        browser.wait("!document.querySelector('#signin').hidden")
        assert "crossed" not in browser.text()
        browser.type("#key", "wrong")
        browser.click("#signin button")
        browser.wait("document.querySelector('#signin-problem').innerText.includes('not known')")
        browser.type("#key", SECRET)
        browser.click("#signin button")
        browser.wait("document.querySelector('.incident')")
        browser.click(".incident .moves button")
        browser.wait("document.querySelector('.decided').innerText.includes('key desk')")


def test_a_service_that_is_gone_is_told_and_old_pictures_are_greyed(
    service: ShownService, browser: Browser
) -> None:
    with served(create_app(service, ApiSettings())) as url:
        browser.open(url)
        browser.wait("document.querySelectorAll('.camera').length == 2")
    browser.wait("document.querySelector('#link').innerText.includes('No connection')")
    assert browser.script("return document.body.matches('.stale')")


def test_text_from_outside_is_never_markup_and_the_policy_holds(
    service: ShownService, browser: Browser
) -> None:
    service.shown[0].friendly_name = "<img src=x onerror=\"document.title='owned'\">"
    with served(create_app(service, ApiSettings())) as url:
        browser.open(url)
        browser.errors()  # forget those of earlier pages
        browser.wait("document.querySelectorAll('.camera').length == 2")
        assert "onerror" in browser.text(".camera h3")
        assert browser.script("return document.title") != "owned"
        assert browser.errors() == []


def test_a_dead_camera_is_an_incident_of_the_camera_and_of_no_person(
    service: ShownService, browser: Browser, tmp_path: Path
) -> None:
    rule = EventKind.CAMERA_OFFLINE
    facts = {"place": "", "count": 0, "class": "camera", "track_ids": ()}
    event = make_event(1, rule=rule, severity=Severity.DETECTION, **facts)
    changes = {"rules": (rule,), "places": (), "track_ids": (), "count": 0, "gravest": event.data}
    incident = make_incident(1, severity=Severity.DETECTION).model_copy(update=changes)
    service.store.append([event], [incident], [], now=time.time())
    with served(create_app(service, ApiSettings())) as url:
        browser.open(url)
        browser.wait("document.querySelectorAll('.incident').length == 1")
        shown = browser.text(".incident")
        browser.screenshot(tmp_path / "page.png")
    assert "Camera gives no picture" in shown
    assert "person" not in shown.lower()


def test_each_camera_says_whether_it_watches_since_when_and_how_much_of_the_day(
    service: ShownService, browser: Browser
) -> None:
    now = time.time()
    gate, river = service.shown
    gate.span = WatchSpan("gate", WatchState.WATCHED, "", now - 43200, now)
    river.span = WatchSpan("river", WatchState.BLIND, "no_picture", now - 600, now)
    spans = [
        WatchSpan("gate", WatchState.BLIND, "service_down", now - 90000, now - 43200),
        WatchSpan("river", WatchState.WATCHED, "", now - 43200, now - 7800),
        WatchSpan("river", WatchState.DEGRADED, "blurred", now - 7800, now - 600),
    ]
    service.store.write_watch(spans)
    with served(create_app(service, ApiSettings())) as url:
        browser.open(url)
        browser.errors()  # forget those of earlier pages
        browser.wait("document.querySelectorAll('.camera .coverage:not([hidden])').length == 2")
        browser.wait("document.querySelectorAll('.camera .watch').length == 2")
        browser.wait("document.querySelectorAll('.camera')[1].innerText.includes('Blind')")
        watched, blind = browser.script(
            "return [...document.querySelectorAll('.camera')].map((card) => card.innerText)"
        )
        bars = browser.script(
            "return [...document.querySelectorAll('.bar')].map((bar) =>"
            " [...bar.children].map((piece) => Math.round(100 * piece.offsetWidth"
            " / bar.offsetWidth)))"
        )
        assert browser.errors() == []
    assert "Watching" in watched
    assert "(12 h)" in watched
    assert "no picture analysed · since" in blind
    assert "(10 min)" in blind
    assert re.search(r"(49.9|50.0) % watched", watched)
    assert "blind 12 h (service was down)" in watched
    assert "81.9 % watched of 12 h" in blind
    assert "degraded 2.0 h (blurred), blind 10 min (no picture analysed)" in blind
    assert "not known for 12 h" in blind
    assert bars == [[50, 0, 50, 0], [41, 8, 1, 50]], "watched, degraded, blind, unknown"


def test_a_view_that_was_moved_is_told_beside_the_picture_and_on_it(
    service: ShownService, browser: Browser
) -> None:
    gate, river = service.shown
    river.lies = GeometryState.MOVED_ALONG
    warned = (
        "return [...document.querySelectorAll('.camera')].map((card) =>"
        " [card.querySelector('.geometry').innerText,"
        " card.querySelector('.misplaced').checkVisibility()])"
    )
    with served(create_app(service, ApiSettings())) as url:
        browser.open(url)
        browser.wait("document.querySelectorAll('.camera')[1]?.innerText.includes('turned')")
        assert browser.script(warned) == [["", False], ["◐ View was turned", False]]
        assert "follow it" in browser.text(".lies:not([hidden])")

        gate.lies, river.lies = GeometryState.DEGRADED, GeometryState.AS_DRAWN
        browser.wait("document.querySelector('.camera')?.innerText.includes('rules go on')")
        assert browser.script(warned)[0] == ["▲ View was moved", True]
        browser.wait("document.querySelectorAll('.lies')[1].hidden")

        gate.zones = gate.barriers = ()
        browser.wait("!document.querySelector('.misplaced').checkVisibility()")
        assert "rules go on" not in browser.text(".camera")
