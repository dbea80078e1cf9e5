"""Clips on the status page, in a real browser: what became of them, and boxes over the video."""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from detector.api.app import create_app
from detector.config.access import ApiKeySettings, ApiSettings
from detector.evidence.clip import write_clip
from detector.evidence.clip_folder import tracks_beside
from detector.evidence.clip_tracks import ClipSubject, clip_tracks, write_tracks
from detector.evidence.trail import Trail
from detector.incidents.clip_plan import ClipWish
from detector.store import ClipState, Store, StoreSettings, open_store
from detector.types import ClockSource, Frame, Tracks
from tests.happenings import GATE, incident_id, make_event, make_incident
from tests.integration.api.browser import BROWSER, DRIVER, Browser, browsing
from tests.moving_square import FPS, LAP, SIZE, bright_box, moving_film, moving_packets, scene
from tests.shown_service import ShownCamera, ShownService, make_picture, served

pytestmark = pytest.mark.skipif(
    BROWSER is None or DRIVER is None, reason="needs chromium and chromedriver"
)
BEGUN = 1_790_000_000.0
ANALYSED_EVERY = 5
SECRET = "s" * 32
PLAYER = "document.querySelector('.incident .player')"
VIDEO = f"{PLAYER}?.querySelector('video')"
CANVAS = f"{PLAYER}?.querySelector('canvas')"
SQUARE_JS = f"""
  const video = {VIDEO}, paper = document.createElement("canvas");
  paper.width = video.videoWidth; paper.height = video.videoHeight;
  const pen = paper.getContext("2d");
  pen.drawImage(video, 0, 0);
  const {{ data, width, height }} = pen.getImageData(0, 0, paper.width, paper.height);
  let [left, right] = [width, 0];
  for (let n = 0; n < width * height; n++) if (data[4 * n] > 135) {{
    left = Math.min(left, n % width); right = Math.max(right, n % width + 1);
  }}
  return [left, right, JSON.parse({CANVAS}.dataset.boxes)];
"""
"""Where the square is in the picture that the browser shows, and the boxes it drew."""


@pytest.fixture(params=[(1400, 1000), (500, 900)], ids=["desk", "phone"], scope="module")
def browser(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("profile"), *request.param) as opened:
        yield opened


def trail() -> Trail:
    """The square as an incident's track 4, and somebody who stands beside as track 9."""
    made = Trail(60, 1 << 20)
    for number in range(0, LAP, ANALYSED_EVERY):
        at_s, image = number / FPS, scene(number)
        frame = Frame(
            GATE, number, image, at_s, BEGUN + at_s, ClockSource.ARRIVAL, BEGUN + at_s + 0.1
        )
        boxes = np.array([bright_box(image), (4, 60, 24, 110)], np.float32)
        score, ids = np.full(2, 0.9, np.float32), np.array([4, 9], np.int64)
        made.add(frame, Tracks(at_s, boxes, score, np.zeros(2, np.int64), ids))
    return made


def want(store: Store, number: int, pieces: int = 1) -> None:
    for piece in range(pieces):
        event = make_event(10 * number + piece, incident=number)
        at = BEGUN + 40 * piece
        wish = ClipWish(event.id, incident_id(number), GATE, at, at, at + 4, 1)
        store.append([event], [make_incident(number)], [], now=time.time(), clips=[wish])


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ShownService]:
    with open_store(StoreSettings(path=tmp_path / "events.sqlite3")) as store:
        camera = ShownCamera("gate", shown=make_picture(decoded_at=time.time()))
        shown = ShownService(store, shown=[camera], clips=tmp_path)
        want(store, 1, pieces=3)
        ready, missing, _ = store.due_clips(BEGUN + 1000, 10)
        packets = moving_packets(moving_film(tmp_path / "moving.h264"), BEGUN)
        path = shown.clip(incident_id(1), 1)
        subject = ClipSubject(incident_id(1), 1, GATE, (4,))
        tracks = write_tracks(
            clip_tracks(packets, trail().pictures(), subject), tracks_beside(path)
        )
        body = asdict(write_clip(packets, path)) | {"tracks": asdict(tracks)}
        store.finish_clip(ready, ClipState.READY, json.dumps(body), [], [], now=time.time())
        why = {"reason": "no video of the event is held: the camera was gone"}
        store.finish_clip(missing, ClipState.MISSING, json.dumps(why), [], [], now=time.time())
        yield shown


def kept(browser: Browser, name: str) -> None:
    """Keep a picture of the page where somebody wants to look at it."""
    if folder := os.environ.get("PAGE_PICTURES"):
        browser.screenshot(Path(folder) / f"{name}.png")


def seek(browser: Browser, at_s: float) -> None:
    browser.script(f"document.querySelector('.player video').currentTime = {at_s}")
    browser.wait(f"!{VIDEO}.seeking && {CANVAS}.dataset.boxes")
    browser.wait(f"{PLAYER}.querySelector('.at').innerText.startsWith('{at_s:.1f} s')")


def test_a_clip_is_played_with_boxes_that_lie_on_what_it_shows(
    service: ShownService, browser: Browser
) -> None:
    with served(create_app(service, ApiSettings())) as url:
        browser.open(url)
        browser.errors()  # forget those of earlier pages
        browser.wait("document.querySelector('.clip-list button')")
        told = browser.text(".clip-list")
        assert "Clip 1 · 4 s" in told
        assert "Clip 2 missing" in told
        assert "the camera was gone" in told
        assert "Clip 3 is being written" in told
        kept(browser, f"list-{browser.script('return innerWidth')}")

        browser.click(".clip-list button")
        browser.wait(f"{VIDEO}.videoWidth > 0")
        for at_s in (1.02, 1.14, 2.5):  # between analysed pictures, which come every 0.2 s
            seek(browser, at_s)
            left, right, boxes = browser.script(SQUARE_JS)
            assert boxes[0][0] * SIZE[0] == pytest.approx(left, abs=2.0)
            assert boxes[0][2] * SIZE[0] == pytest.approx(right, abs=2.0)
        browser.script(f"{PLAYER}.scrollIntoView({{block: 'center'}})")
        kept(browser, f"player-{browser.script('return innerWidth')}")
        wide = "return document.documentElement.scrollWidth <= innerWidth"
        assert browser.script(wide), "nothing sticks out sideways"
        assert browser.errors() == []


def test_boxes_can_be_switched_off_and_the_player_closed(
    service: ShownService, browser: Browser
) -> None:
    inked = f"""
      const {{ width, height }} = {CANVAS};
      const {{ data }} = {CANVAS}.getContext("2d").getImageData(0, 0, width, height);
      return data.some((value) => value > 0);
    """
    with served(create_app(service, ApiSettings())) as url:
        browser.open(f"{url}#clip={incident_id(1)}/1@2.2")
        browser.wait(f"{CANVAS}?.dataset.boxes")
        assert browser.script(inked)
        browser.click(".player .boxes")
        assert not browser.script(inked)
        browser.click(".player .boxes")
        assert browser.script(inked)
        browser.click(".player .close")
        assert browser.script(f"return {PLAYER}.hidden && !{VIDEO}.src")


def test_an_address_with_a_clip_and_a_second_opens_it_there(
    service: ShownService, browser: Browser
) -> None:
    with served(create_app(service, ApiSettings())) as url:
        browser.open("about:blank")
        browser.open(f"{url}#clip={incident_id(1)}/1@1.5")
        browser.wait(f"{PLAYER}?.querySelector('.at').innerText.startsWith('1.5 s')")


def test_a_clip_without_tracks_is_played_and_says_so(
    service: ShownService, browser: Browser
) -> None:
    tracks_beside(service.clip(incident_id(1), 1)).unlink()
    with served(create_app(service, ApiSettings())) as url:
        browser.open("about:blank")
        browser.open(f"{url}#clip={incident_id(1)}/1")
        browser.wait(f"{PLAYER} && {VIDEO}.videoWidth > 0")
        assert "none were kept" in browser.text(".player")
        assert browser.script(f"return {PLAYER}.querySelector('.boxes').disabled")


def test_clips_are_played_with_a_key_too(service: ShownService, browser: Browser) -> None:
    keys = (ApiKeySettings(name="desk", secret_env="KEY"),)
    with served(create_app(service, ApiSettings(keys=keys), {"KEY": SECRET})) as url:
        browser.open(url)
        browser.wait("!document.querySelector('#signin').hidden")
        browser.type("#key", SECRET)
        browser.click("#signin button")
        browser.wait("document.querySelector('.clip-list button')")
        browser.click(".clip-list button")
        browser.wait(f"{VIDEO}.videoWidth > 0")
