"""Accuracy reports for tests of how they are shown and compared: one full, one empty."""

from collections.abc import Sequence

from detector.benchmark.report import (
    AccuracyReport,
    BoxScore,
    ClipCard,
    Confusion,
    Counting,
    Curve,
    CurvePoint,
    Dataset,
    Errors,
    Failure,
    FrameScore,
    HeightFit,
    Machine,
    ModelCard,
    Mot,
    PassScore,
    ProtocolCard,
    Row,
    Score,
    Split,
    TimeToAlarm,
)
from detector.benchmark.statistics import f_score, poisson, quantile, ratio, wilson

HOURS = 0.6
ODD_NAME = "gate <b>|1 $x$"
"""A clip's name that every form of the report has to defuse."""
LIMITS_S = (1.0, 2.0, 5.0, 10.0)


def make_score(
    events: int = 20, hits: int = 16, false: int = 3, hours: float = HOURS, pace_s: float = 1.0
) -> Score:
    """Counts and everything that follows from them; the n-th hit comes after a time of its own."""
    precision, recall = ratio(hits, hits + false), ratio(hits, events)
    bounds = poisson(false, hours)
    delays = [pace_s * (0.2 + 1.7 * (n / max(hits, 1)) ** 3) for n in range(hits)]
    every = delays + [float("inf")] * (events - hits)
    p95 = quantile(every, 0.95)
    p50 = quantile(every, 0.5)
    return Score(
        events=events,
        tp=hits,
        fn=events - hits,
        fp=false,
        late=min(1, events - hits),
        duplicates=hits // 4,
        ignored=0,
        precision=precision,
        recall=recall,
        recall_ci95=wilson(hits, events),
        f1=f_score(precision, recall, 1.0),
        f0_65=f_score(precision, recall, 0.65),
        f75=f_score(precision, recall, 75.0),
        camera_hours=hours,
        fa_per_camera_hour=ratio(false, hours),
        fa_per_camera_hour_ci95=bounds,
        fa_per_camera_day=ratio(24 * false, hours),
        fa_per_camera_day_ci95=bounds and (24 * bounds[0], 24 * bounds[1]),
        tta_s=TimeToAlarm(
            p50=quantile(delays, 0.5),
            p90=quantile(delays, 0.9),
            p95=quantile(delays, 0.95),
            max=max(delays, default=None),
            all_p50=None if p50 == float("inf") else p50,
            all_p95=None if p95 == float("inf") else p95,
            within={
                f"{s:g}": sum(delay <= s for delay in delays) / events for s in LIMITS_S if events
            },
        ),
    )


def _rows(*counts: tuple[str, int, int, int], hours: float = HOURS) -> tuple[Row, ...]:
    return tuple(
        Row(name=name, score=make_score(events, hits, false, hours))
        for name, events, hits, false in counts
    )


def _curve(*points: tuple[float, float, float]) -> Curve:
    """A curve of (least score, recall, false alarms per camera-day)."""
    drawn = tuple(
        CurvePoint(
            min_score=score,
            recall=recall,
            precision=0.8,
            fa_per_camera_day=false,
            f0_65=0.8,
            f75=recall,
        )
        for score, recall, false in points
    )
    return Curve(
        points=drawn,
        pd_at={"0.1": None, "1": None, "10": None, "100": drawn[0].recall},
        operational_alert=drawn[1],
        event_recording=drawn[-1],
    )


def make_pass(better: int = 0) -> PassScore:
    """One pass; ``better`` events more are told and as many alarms fewer are false."""
    b = better
    return PassScore(
        overall=make_score(58, 47 + b, 6 - b),
        alerts=make_score(24, 20 + b, 2),
        by_kind=_rows(
            ("approach", 12, 11, 1),
            ("barrier_crossing", 9, 8, 0),
            ("climbing", 8, 6 + b, 1),
            ("fence_work", 3, 0, 0),
            ("group_size", 6, 5, 1),
            ("ladder_at_barrier", 4, 3, 0),
            ("ladder_carried", 4, 4, 1),
            ("zone_intrusion", 12, 10, 2),
        ),
        by_window=_rows(
            ("1 s", 58, 31 + b, 6 - b),
            ("2 s", 58, 42 + b, 6 - b),
            ("5 s", 58, 46 + b, 6 - b),
            ("10 s", 58, 47 + b, 6 - b),
        ),
        alerts_by_window=_rows(
            ("1 s", 24, 14 + b, 2), ("2 s", 24, 18, 2), ("5 s", 24, 19, 2), ("10 s", 24, 20 + b, 2)
        ),
        by_tag=(
            *_rows(("day", 30, 27 + b, 1), ("dusk", 0, 0, 2), ("night", 18, 12, 2), hours=0.24),
            *_rows(("rain", 10, 8, 3), ("quiet", 0, 0, 0), hours=0.12),
        ),
        by_height=_rows(
            ("16-24 px", 6, 2, 1),
            ("24-32 px", 8, 5, 0),
            ("32-48 px", 10, 8 + b, 2),
            ("48-64 px", 12, 11, 0),
            ("96-128 px", 12, 11, 1),
            ("128+ px", 10, 10, 0),
        ),
        by_clip=_rows(("ladder_day", 20, 18, 1), (ODD_NAME, 38, 29, 5), hours=0.3),
        height=HeightFit(h50_px=23.4 - b, h90_px=51.0 - b),
        curve=_curve(
            (0.8, 0.45 + 0.05 * b, 0.0),
            (0.6, 0.7 + 0.05 * b, 80.0 - 20 * b),
            (0.4, 0.76 + 0.05 * b, 160.0 - 20 * b),
            (0.1, 0.81 + 0.02 * b, 240.0 - 40 * b),
        ),
        confusion=(
            Confusion(kind="climbing", was="nothing", alarms=1),
            Confusion(kind="zone_intrusion", was="approach", alarms=2),
        ),
        counting=(
            Counting(what="persons in groups", clips=4, true=14, told=12, error=0.143),
            Counting(what="crossings", clips=6, true=0, told=1, error=None),
        ),
        errors=Errors(
            directions=8,
            directions_wrong=1,
            outcomes=9,
            outcomes_wrong=2,
            distances=31,
            distance_error_m_p50=0.31,
            distance_error_m_p90=1.2,
        ),
    )


def _box(name: str, boxes: int, ap50: float | None, recall: float | None) -> BoxScore:
    return BoxScore(
        name=name, boxes=boxes, ap50=ap50, recall=recall, false_per_frame=None if boxes else 0.0
    )


def _frames() -> FrameScore:
    return FrameScore(
        frames=1840,
        classes=(_box("person", 4120, 0.83, 0.78), _box("ladder", 310, 0.61, 0.5)),
        by_state=(_box("walking", 2900, None, 0.84), _box("climbing", 410, None, 0.66)),
        by_tag=(_box("night", 1200, 0.7, 0.64),),
        by_height=(_box("16-24 px", 300, None, 0.2), _box("24-32 px", 0, None, None)),
        height=HeightFit(h50_px=21.0, h90_px=None),
        mot=Mot(hota=58.1, det_a=60.0, ass_a=56.4, idf1=71.2, mota=66.0, id_switches=14),
    )


FAILURES = (
    Failure(
        clip="ladder_day",
        media="ladder_day.mp4",
        what="missed",
        kind="climbing",
        where="fence",
        at_s=17.0,
        box=(400.0, 180.0, 430.0, 250.0),
        note="missed with true boxes too: the rules; person_2 climbs the ladder",
    ),
    Failure(
        clip=ODD_NAME,
        media="gate.mp4",
        what="false",
        kind="zone_intrusion",
        where="strip",
        at_s=75.5,
        box=(100.0, 90.0, 260.0, 300.0),
        note="the network: nothing true was near",
    ),
    Failure(
        clip=ODD_NAME,
        media="gate.mp4",
        what="late",
        kind="fence_work",
        where="",
        at_s=3.0,
        box=None,
        note="",
    ),
)


def make_report(**changed: object) -> AccuracyReport:
    """A full report; fields may be replaced."""
    report = AccuracyReport(
        tool="barrier-detector 0.1.0",
        date="2026-11-22",
        machine=Machine(
            processor="AMD EPYC", cores=2, provider="OpenVINO", precision="int8", threads=2
        ),
        model=ModelCard(name="barrier-n", version="1", sha256="3129d9258c87" + "0" * 52),
        config_sha256="c" * 64,
        dataset=Dataset(
            name="samples",
            sha256="d" * 64,
            clips=(
                ClipCard(
                    name="ladder_day",
                    media="ladder_day.mp4",
                    duration_s=1080.0,
                    events=20,
                    tags=("day", "ladder"),
                    realtime_factor=3.4,
                ),
                ClipCard(
                    name=ODD_NAME,
                    media="gate.mp4",
                    duration_s=1080.0,
                    events=38,
                    tags=(),
                    realtime_factor=12.0,
                ),
            ),
            camera_hours=HOURS,
            events=58,
            quiet_clips=1,
        ),
        protocol=ProtocolCard(
            window_s=10.0, early_s=0.5, merge_gap_s=0.0, join_gap_s=10.0, late_is_fp=False
        ),
        detector=make_pass(),
        true_boxes=make_pass(better=2),
        split=Split(
            found_by_both=45,
            lost_by_network=4,
            lost_by_rules=7,
            found_only_with_network=2,
            false_with_true_boxes=3,
            false_with_network=3,
        ),
        frames=_frames(),
        kinds_without_rule={"fence_work": 3},
        failures=FAILURES,
    )
    return report.model_copy(update=changed)


def make_empty_report() -> AccuracyReport:
    """Nothing happened, for no time at all: every value that can be missing is."""
    nothing = make_score(0, 0, 0, 0.0)
    unknown = HeightFit(h50_px=None, h90_px=None)
    empty = PassScore(
        overall=nothing,
        alerts=nothing,
        by_kind=(),
        by_window=_no_rows(("1 s", "10 s"), nothing),
        alerts_by_window=(),
        by_tag=(),
        by_height=(),
        by_clip=(),
        height=unknown,
        curve=Curve(points=(), pd_at={}, operational_alert=None, event_recording=None),
        confusion=(),
        counting=(),
        errors=Errors(
            directions=0,
            directions_wrong=0,
            outcomes=0,
            outcomes_wrong=0,
            distances=0,
            distance_error_m_p50=None,
            distance_error_m_p90=None,
        ),
    )
    dataset = Dataset(
        name="empty", sha256="e" * 64, clips=(), camera_hours=0.0, events=0, quiet_clips=0
    )
    return make_report(
        dataset=dataset,
        detector=empty,
        true_boxes=None,
        split=None,
        frames=None,
        kinds_without_rule={},
        failures=(),
    )


def _no_rows(names: Sequence[str], score: Score) -> tuple[Row, ...]:
    return tuple(Row(name=name, score=score) for name in names)
