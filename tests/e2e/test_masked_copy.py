"""A rendered sample, seen by the shipped network: exported with its people masked, and verified."""

import hashlib
import json
import zipfile
from io import BytesIO
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from detector.cli import main
from detector.config import load_config
from detector.evidence.clip import write_clip
from detector.evidence.clip_folder import ClipFolder, tracks_beside
from detector.evidence.clip_tracks import ClipSubject, clip_tracks, write_tracks
from detector.evidence.overlay import encode_jpeg
from detector.evidence.person_masks import PersonMasks
from detector.evidence.snapshot import SnapshotFolder
from detector.evidence.tracks import ClipTracks
from detector.evidence.trail import TrailPicture
from detector.evidence.verify_package import ALTERED
from detector.incidents.clip_plan import ClipWish
from detector.replay import Replay
from detector.store import ClipState, StoreSettings, open_store
from detector.streams.packets import Packet
from detector.streams.tap import coding_of
from detector.types import U8, ClockSource
from tests.happenings import GATE, START, incident_id, make_event, make_incident
from tests.site_folder import make_config, write

SAMPLES = Path(__file__).parents[2] / "samples"
NAME, SECONDS = "turn_back", 5.0
FIRST = incident_id(1)
EVENT = make_event(4, has_snapshot=True)
"""Four seconds into the clip."""
DARK = 24
CLIP = f"incidents/{FIRST}/clips/1"


def packets() -> list[Packet]:
    """The sample's first seconds as they would come from a camera."""
    with av.open(str(SAMPLES / f"{NAME}.mp4")) as container:
        stream = container.streams.video[0]
        coding = coding_of(stream)
        sent = [(p, START + float(p.pts * p.time_base)) for p in container.demux(stream) if p.size]
        return [
            Packet(bytes(p), coding, p.pts, p.dts, p.is_keyframe, at, at)
            for p, at in sent
            if at < START + SECONDS
        ]


def analysed() -> tuple[list[TrailPicture], U8]:
    """Who was where by the shipped network, and the picture of the event's moment."""
    trail: list[TrailPicture] = []
    for step in Replay(load_config(SAMPLES / "site.yaml"), NAME).run(str(SAMPLES / f"{NAME}.mp4")):
        at, frame = START + step.pts_s, step.picture.frame
        if step.pts_s >= SECONDS:
            break
        boxes = TrailPicture.of(frame, step.picture.tracks).boxes
        trail.append(TrailPicture(at, ClockSource.ARRIVAL, at, boxes))
        if step.pts_s == EVENT.data.pts_s:
            image = frame.image
    return trail, image


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site that keeps clip, tracks and snapshot of an incident."""
    folder = tmp_path_factory.mktemp("site")
    write(folder, make_config(folder) | {"data_dir": "data"})
    data = folder / "data"
    sent, (trail, image) = packets(), analysed()
    path = ClipFolder(data / "clips").place(FIRST, 1)
    clip = write_clip(sent, path)
    tracks = clip_tracks(sent, trail, ClipSubject(FIRST, 1, GATE, (1,)))
    written = write_tracks(tracks, tracks_beside(path))
    pictures = SnapshotFolder(data / "snapshots")
    pictures.save(EVENT.id, encode_jpeg(image), clean=True)
    pictures.save(EVENT.id, encode_jpeg(image))
    with open_store(StoreSettings(path=data / "events.sqlite3")) as store:
        wish = ClipWish(EVENT.id, FIRST, GATE, START + 4, START, START + SECONDS, 30)
        store.append([EVENT], [make_incident()], [], now=START, clips=[wish])
        (wanted,) = store.due_clips(START + 60, 1)
        body = {"sha256": clip.sha256, "tracks": {"sha256": written.sha256}}
        store.finish_clip(wanted, ClipState.READY, json.dumps(body), [], [], now=START)
    return folder


def export(site: Path, out: Path) -> int:
    asked = ["export", str(FIRST), str(out / "out.zip"), "--config", str(site / "site.yaml")]
    return main([*asked, "--purpose", "case 7", "--masked", str(out / "masked.zip")])


def shown(content: bytes) -> list[tuple[float, U8]]:
    """Times and pictures of a clip."""
    with av.open(BytesIO(content)) as container:
        return [(f.time, f.to_ndarray(format="bgr24")) for f in container.decode(video=0)]


def people(at_s: float) -> list[tuple[int, int, int, int]]:
    """Where the renderer put them, in pixels."""
    truth = json.loads((SAMPLES / f"{NAME}.truth.json").read_text())
    frame = truth["frames"][round(at_s * truth["fps"])]
    boxes = [o["visible"] for o in frame["objects"] if o["class"] == "person" and o["visible"]]
    return [tuple(max(0, round(side)) for side in box) for box in boxes]


def test_people_are_hidden_and_the_rest_of_a_sample_is_as_it_was(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(site, tmp_path) == 0
    said = capsys.readouterr().out
    assert "only people who were tracked are masked" in said
    assert "lacks:" not in said
    with zipfile.ZipFile(tmp_path / "out.zip") as original:
        before = shown(original.read(f"{CLIP}.mp4"))
        tracks = ClipTracks.model_validate_json(original.read(f"{CLIP}.tracks.json"))
    with zipfile.ZipFile(tmp_path / "masked.zip") as copy:
        after = shown(copy.read(f"{CLIP}.masked.mp4"))
        snapshot = copy.read(f"incidents/{FIRST}/snapshots/{EVENT.id}.masked.jpg")
    assert [at for at, _ in after] == [at for at, _ in before]
    assert len(after) == 50
    masks, masked = PersonMasks(tracks), 0
    for (at_s, image), (_, hidden) in zip(before, after, strict=True):
        for x1, y1, x2, y2 in people(at_s):
            assert hidden[y1:y2, x1:x2].max() < DARK
            masked += 1
        expected = np.full_like(image, 255)
        masks.burn(expected, at_s)
        near = cv2.dilate(255 - expected[:, :, 0], np.ones((33, 33), np.uint8)) > 0
        changed = np.abs(hidden[~near].astype(int) - image[~near])
        assert near.mean() < 0.5
        assert changed.mean() < 4
    assert masked > 40
    picture = cv2.imdecode(np.frombuffer(snapshot, np.uint8), cv2.IMREAD_COLOR)
    ((x1, y1, x2, y2),) = people(EVENT.data.pts_s)
    assert picture[y1:y2, x1:x2].max() < DARK


def test_a_masked_copy_is_verified_and_a_flipped_byte_of_its_video_found(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(site, tmp_path) == 0
    copy = tmp_path / "masked.zip"
    assert main(["verify", str(copy)]) == 0
    said = capsys.readouterr().out
    with zipfile.ZipFile(tmp_path / "out.zip") as original:
        sha256 = hashlib.sha256(original.read(f"{CLIP}.mp4")).hexdigest()
    assert f"masked: {CLIP}.masked.mp4 is of {CLIP}.mp4, SHA-256 {sha256}" in said
    content = bytearray(copy.read_bytes())
    content[content.index(b"mdat") + 1000] ^= 1
    copy.write_bytes(content)
    assert main(["verify", str(copy)]) == ALTERED
    assert f"First fault: {CLIP}.masked.mp4" in capsys.readouterr().out
