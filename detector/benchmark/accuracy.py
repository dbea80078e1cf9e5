"""The accuracy benchmark: every recording of a site that has a truth file, run twice and scored."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from detector import __version__
from detector.benchmark import mistakes, scoring
from detector.benchmark.alarms import alarms_of, outcomes_of
from detector.benchmark.frames import FrameScorer
from detector.benchmark.machine import processor
from detector.benchmark.matching import Protocol
from detector.benchmark.report import (
    AccuracyReport,
    ClipCard,
    Dataset,
    Machine,
    ModelCard,
    Pass,
    PassScore,
    ProtocolCard,
)
from detector.benchmark.runs import Run, run
from detector.benchmark.scoring import Heard, Judged
from detector.benchmark.sweep import curve
from detector.benchmark.truth import ALERT_KINDS, Truth, read_truth, truth_beside
from detector.config import LoadedConfig
from detector.config.plan import camera_rules
from detector.errors import ConfigError, Problem
from detector.vision import Detector

Progress = Callable[[str, Pass, float, float], None]
"""Is told the camera, the pass, how far it is and how long the recording is, stream seconds."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A camera whose recording has a truth file beside it."""

    camera: str
    media: Path
    truth: Truth


def find_clips(loaded: LoadedConfig, cameras: Sequence[str] = ()) -> list[Clip]:
    """Read the truth of the cameras' recordings, of all cameras or of those that are named.

    Raises:
        ConfigError: a named camera is not there; a recording has no truth file beside it, or the
            truth file is about another recording.
    """
    known = loaded.config.cameras
    if unknown := [name for name in cameras if name not in known]:
        raise ConfigError(
            *(Problem(f"{loaded.path} cameras", f"one of {', '.join(known)}", n) for n in unknown)
        )
    clips = []
    for name in cameras or known:
        media = Path(known[name].ffmpeg.detect.path)
        path = truth_beside(media)
        truth = read_truth(path)
        if truth.media != media.name:
            raise ConfigError(Problem(f"{path} media", repr(media.name), repr(truth.media)))
        clips.append(Clip(name, media, truth))
    return clips


def measure(
    loaded: LoadedConfig,
    clips: Sequence[Clip],
    detector: Detector,
    protocol: Protocol,
    progress: Progress = lambda *_: None,
) -> AccuracyReport:
    """Run all recordings and score them.

    With boxes in the truth files each is run a second time, with true boxes in place of the
    network, so that what network and tracker miss is told from what the rules do.

    Raises:
        StreamError: a recording cannot be read.
    """
    frames = FrameScorer()
    seen: list[Heard] = []
    ideal: list[Heard] = []
    factors = []
    for clip in clips:
        done = _run(loaded, clip, detector, "detector", progress)
        factors.append(done.realtime_factor)
        seen.append(_heard(clip, done))
        if clip.truth.frames:
            frames.add(clip.truth, done.pictures)
            ideal.append(_heard(clip, _run(loaded, clip, detector, "true_boxes", progress)))
    whole = len(ideal) == len(clips)
    judged = scoring.judge(seen, protocol)
    judged_ideal = scoring.judge(ideal, protocol) if whole else None
    info = detector.info
    return AccuracyReport(
        tool=f"barrier-detector {__version__}",
        date=datetime.now(UTC).date().isoformat(),
        machine=Machine(
            processor=processor(),
            cores=os.cpu_count() or 0,
            provider=info.provider,
            precision=info.precision,
            threads=info.threads,
        ),
        model=ModelCard(name=info.model, version=info.version, sha256=info.sha256),
        config_sha256=loaded.sha256,
        dataset=_dataset(loaded.config.site, clips, judged, factors),
        protocol=_protocol_card(protocol),
        detector=pass_score(seen, protocol),
        true_boxes=pass_score(ideal, protocol) if whole else None,
        split=mistakes.split(judged, judged_ideal) if judged_ideal else None,
        frames=frames.result(),
        kinds_without_rule=_kinds_without_rule(loaded, judged),
        failures=mistakes.failures(judged, judged_ideal, protocol),
    )


def pass_score(heard: Sequence[Heard], protocol: Protocol) -> PassScore:
    """Score one pass in every way."""
    judged = scoring.judge(heard, protocol)
    return PassScore(
        overall=scoring.tally(judged, protocol),
        alerts=scoring.of_kinds(judged, protocol, ALERT_KINDS),
        by_kind=scoring.by_kind(judged, protocol),
        by_window=scoring.by_window(heard, protocol),
        alerts_by_window=scoring.by_window(heard, protocol, ALERT_KINDS),
        by_tag=scoring.by_tag(judged, protocol),
        by_height=scoring.by_height(judged, protocol),
        by_clip=scoring.by_clip(judged, protocol),
        height=scoring.height_fit(judged),
        curve=curve(heard, protocol),
        confusion=mistakes.confusion(judged, protocol),
        counting=mistakes.counting(judged),
        errors=mistakes.errors(judged),
    )


def _run(
    loaded: LoadedConfig, clip: Clip, detector: Detector, boxes: Pass, progress: Progress
) -> Run:
    def told(at_s: float) -> None:
        progress(clip.camera, boxes, at_s, clip.truth.duration_s)

    return run(loaded, clip.camera, clip.truth, detector, boxes, told)


def _heard(clip: Clip, done: Run) -> Heard:
    return Heard(clip.camera, clip.truth, alarms_of(done.events), outcomes_of(done.events))


def _dataset(
    name: str, clips: Sequence[Clip], judged: Sequence[Judged], factors: Sequence[float]
) -> Dataset:
    whole = hashlib.sha256()
    cards = []
    for clip, j, factor in zip(clips, judged, factors, strict=True):
        for file in (clip.media, truth_beside(clip.media)):
            with file.open("rb") as data:  # recordings may be larger than memory
                whole.update(hashlib.file_digest(data, "sha256").digest())
        cards.append(
            ClipCard(
                name=clip.camera,
                media=clip.media.name,
                duration_s=clip.truth.duration_s,
                events=len(j.matched.events),
                tags=clip.truth.tags,
                realtime_factor=round(factor, 2),
            )
        )
    return Dataset(
        name=name,
        sha256=whole.hexdigest(),
        clips=tuple(cards),
        camera_hours=sum(j.heard.hours for j in judged),
        events=sum(card.events for card in cards),
        quiet_clips=sum(not card.events for card in cards),
    )


def _protocol_card(protocol: Protocol) -> ProtocolCard:
    return ProtocolCard(
        window_s=protocol.window_s,
        early_s=protocol.early_s,
        merge_gap_s=protocol.merge_gap_s,
        join_gap_s=protocol.join_gap_s,
        late_is_fp=protocol.late_is_fp,
    )


def _kinds_without_rule(loaded: LoadedConfig, judged: Sequence[Judged]) -> dict[str, int]:
    """Count the events of kinds that no rule of their camera asks for."""
    missing: Counter[str] = Counter()
    for j in judged:
        rules = camera_rules(loaded.config.cameras[j.heard.name])
        asked = {rule.kind for rule in rules.values()}
        missing.update(r.event.kind for r in j.matched.events if r.event.kind not in asked)
    return dict(sorted(missing.items()))
