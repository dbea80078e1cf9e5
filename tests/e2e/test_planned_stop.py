"""SIGTERM to the whole service while a live camera's incident goes on."""

import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.faults.aftermath import aftermath
from benchmarks.faults.camera import RtspCamera, missing_gstreamer
from benchmarks.faults.film import make_film
from benchmarks.faults.site import Site
from tests.site_folder import camera

STOPS_WITHIN_S = 30.0


@pytest.mark.skipif(bool(missing_gstreamer()), reason="needs gst-rtsp-server and its bindings")
def test_a_planned_stop_writes_the_clip_and_the_next_run_tells_it(tmp_path: Path) -> None:
    server = RtspCamera(make_film(tmp_path / "film.h264", fps=5), fps=5)
    live = camera(server.url()) | {"record": {"pre_capture_s": 1, "post_capture_s": 25}}
    site = Site(tmp_path, {"north": live})
    try:
        server.start()
        site.start()
        deadline_s = time.monotonic() + 60
        while not site.clips():
            assert time.monotonic() < deadline_s
            time.sleep(0.05)
        began_s = time.monotonic()
        site.end(signal.SIGTERM)
        took_s = time.monotonic() - began_s
        states = [clip.state for clip in site.clips()]
        server.kill()
        site.start()
        site.settle()
        found = aftermath(site, set())
    finally:
        site.close()
        server.kill()
    assert took_s < STOPS_WITHIN_S
    assert Counter(states) == {"ready": len(states)}, "due only 26.5 s after the event"
    assert found.wrong == {}
    assert found.clips_ready == len(states)
