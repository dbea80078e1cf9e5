"""What Prometheus scrapes: read from the running service and from the committed events.

Names follow https://prometheus.io/docs/practices/naming/ under the prefix ``perimeter``. Nothing is
counted twice: each number is taken, at the time of the scrape, from the part that owns it.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from detector import __version__
from detector.api.disk_metrics import disk_metrics
from detector.api.ports import ServiceView
from detector.api.reader_metrics import reader_metrics
from detector.api.readiness import ReadinessProbe
from detector.errors import StoreError
from detector.pipeline.dispatcher import LATENCY_BOUNDS_S, SinkHealth
from detector.pipeline.health import CameraHealth, CameraState
from detector.store.records import EventQuery
from detector.store.store import Store

LATENCY_BUCKETS_S = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0)
_BATCH = 1000


def build_registry(service: ServiceView, probe: ReadinessProbe) -> CollectorRegistry:
    """Make the registry that ``/metrics`` publishes; call it once per process."""
    disable_created_metrics()  # type: ignore[no-untyped-call]  # they double the series
    registry = CollectorRegistry()
    registry.register(EventTally(service.store))
    registry.register(_ServiceCollector(service, probe))
    return registry


class EventTally(Collector):
    """Counts the events that were committed since the start, by reading them from the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._seq = store.last_seq()
        own = CollectorRegistry()
        self._registry = own
        self._events = Counter(
            "perimeter_events", "Events committed", ["camera", "rule", "phase"], registry=own
        )
        self._latency = Histogram(
            "perimeter_event_latency_seconds",
            "From the capture of the deciding picture to the commit of its event",
            ["camera"],
            buckets=LATENCY_BUCKETS_S,
            registry=own,
        )

    def collect(self) -> Iterator[Metric]:
        """Read what is new, then give the totals."""
        with self._lock:
            with suppress(StoreError):  # perimeter_store_up says so; the totals catch up later
                self._read()
            yield from self._registry.collect()

    def describe(self) -> Iterator[Metric]:
        """Name the families without reading."""
        yield from self._registry.collect()

    def _read(self) -> None:
        query, full = EventQuery(limit=_BATCH), True
        while full:
            found = self._store.events(replace(query, after_seq=self._seq))
            for stored in found:
                data = stored.event().data
                self._events.labels(data.camera, data.rule, data.phase).inc()
                if data.latency is not None and data.latency.committed_s is not None:
                    self._latency.labels(data.camera).observe(data.latency.committed_s)
                self._seq = stored.seq
            full = len(found) == _BATCH


class _ServiceCollector(Collector):
    """Turns the state of cameras, stages, store and sinks into metrics."""

    def __init__(self, service: ServiceView, probe: ReadinessProbe) -> None:
        self._service = service
        self._probe = probe

    def describe(self) -> Sequence[Metric]:
        """Skip the trial run at registration."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Read everything now."""
        info = self._service.detector
        yield _gauge(
            "perimeter_build_info",
            "What runs; always 1",
            ("version", "model", "model_sha256", "provider", "precision"),
            [((__version__, info.model, info.sha256, info.provider, info.precision), 1.0)],
        )
        checks = self._probe.checks()
        yield _gauge(
            "perimeter_ready",
            "Whether a condition for being ready holds",
            ("check",),
            [((check.name,), float(check.ok)) for check in checks],
        )
        yield _counter(
            "perimeter_watched_seconds",
            "How long a camera watched, was degraded or blind, and why; a minute behind",
            ("camera", "state", "reason"),
            [
                ((camera.name, state, reason), seconds)
                for camera in self._service.cameras()
                for (state, reason), seconds in camera.watched_s().items()
            ],
        )
        cameras = self._service.cameras()
        healths, now = [camera.health() for camera in cameras], time.time()
        yield from _cameras(healths, now)
        recorded = (camera.record_health() for camera in cameras)
        yield from reader_metrics(healths, [health for health in recorded if health], now)
        yield from self._stages()
        yield _gauge(
            "perimeter_uncommitted_records",
            "Records that wait in memory for the event store",
            (),
            [((), float(self._service.uncommitted_records))],
        )
        yield from _backlog(self._service.store, time.time())
        yield from disk_metrics(self._service.retention, time.time())
        sinks = self._service.sink_health()
        yield _attempts(sinks)
        yield _delivery_latency(sinks)

    def _stages(self) -> Iterator[Metric]:
        stages = self._service.stages
        cpu_s = stages.cpu_s()
        calls = {stage: number for stage, number in stages.calls().items() if number}
        labels = ("stage",)
        yield _counter(
            "perimeter_stage_cpu_seconds",
            "CPU that a stage of the pipeline took",
            labels,
            [((stage.value,), cpu_s[stage]) for stage in calls],
        )
        yield _counter(
            "perimeter_stage_runs",
            "How often a stage of the pipeline ran",
            labels,
            [((stage.value,), float(value)) for stage, value in calls.items()],
        )


_Rows = Sequence[tuple[tuple[str, ...], float]]


def _gauge(name: str, text: str, labels: tuple[str, ...], rows: _Rows) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family


def _counter(name: str, text: str, labels: tuple[str, ...], rows: _Rows) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family


def _cameras(healths: Sequence[CameraHealth], now: float) -> Iterator[Metric]:
    for name, (text, read) in _CAMERA_GAUGES.items():
        values = ((health.camera, read(health, now)) for health in healths)
        rows = [((camera,), float(value)) for camera, value in values if value is not None]
        yield _gauge(name, text, ("camera",), rows)
    for name, (text, count) in _CAMERA_COUNTERS.items():
        counts = [((health.camera,), float(count(health))) for health in healths]
        yield _counter(name, text, ("camera",), counts)


def _age(health: CameraHealth, now: float) -> float | None:
    return None if health.last_frame_at is None else max(0.0, now - health.last_frame_at)


_CAMERA_GAUGES: Mapping[str, tuple[str, Callable[[CameraHealth, float], float | None]]] = {
    "perimeter_camera_up": ("Whether pictures come", lambda h, _: h.state is CameraState.LIVE),
    "perimeter_camera_fps": ("Pictures decoded per second", lambda h, _: h.fps_in),
    "perimeter_analysed_fps": ("Pictures analysed per second", lambda h, _: h.fps_analysed),
    "perimeter_frame_age_seconds": ("Age of the newest picture", _age),
    "perimeter_analysis_latency_seconds": (
        "From decoded to analysed, newest picture",
        lambda h, _: h.latency_s,
    ),
    "perimeter_clock_offset_seconds": (
        "Clock of this machine minus that of the camera",
        lambda h, _: h.clock_offset_s,
    ),
    "perimeter_clock_drift_ppm": (
        "Microseconds that the camera's clock gains each second",
        lambda h, _: h.clock_drift_ppm,
    ),
}
_CAMERA_COUNTERS: Mapping[str, tuple[str, Callable[[CameraHealth], int]]] = {
    "perimeter_frames": ("Pictures handed to analysis", lambda h: h.frames),
    "perimeter_frames_dropped": (
        "Pictures that were due but replaced by newer ones",
        lambda h: h.drops,
    ),
    "perimeter_frames_corrupt": ("Damaged pictures", lambda h: h.corrupt),
    "perimeter_clock_jumps": (
        "How often the camera's clock was set by half a second or more",
        lambda h: h.clock_jumps,
    ),
    "perimeter_camera_connects": ("Connections that gave a picture", lambda h: h.connects),
}


def _backlog(store: Store, now: float) -> Iterator[Metric]:
    try:
        sinks = store.sinks()
    except StoreError:
        yield _gauge("perimeter_store_up", "Whether the event store can be read", (), [((), 0.0)])
        return
    yield _gauge("perimeter_store_up", "Whether the event store can be read", (), [((), 1.0)])
    yield _gauge(
        "perimeter_outbox_messages",
        "Deliveries by sink and state",
        ("sink", "state"),
        [
            ((sink.sink, state), float(count))
            for sink in sinks
            for state, count in (("pending", sink.pending), ("dead", sink.dead))
        ],
    )
    ages = [(sink.sink, sink.oldest_pending_at) for sink in sinks]
    yield _gauge(
        "perimeter_outbox_oldest_age_seconds",
        "Age of the oldest pending delivery",
        ("sink",),
        [((sink,), max(0.0, now - since)) for sink, since in ages if since is not None],
    )
    yield _gauge(
        "perimeter_sink_enabled",
        "0 after a sink answered that it wants no more",
        ("sink",),
        [((sink.sink,), float(sink.disabled_at is None)) for sink in sinks],
    )


def _delivery_latency(healths: Sequence[SinkHealth]) -> Metric:
    family = HistogramMetricFamily(
        "perimeter_delivery_latency_seconds",
        "From the capture of the deciding picture to the acceptance of its event",
        labels=("sink",),
    )
    bounds = [*map(str, LATENCY_BOUNDS_S), "+Inf"]
    for health in healths:
        within = list(zip(bounds, map(float, accumulate(health.latencies)), strict=True))
        family.add_metric((health.sink,), within, health.latency_sum_s)
    return family


def _attempts(healths: Sequence[SinkHealth]) -> Metric:
    return _counter(
        "perimeter_deliveries",
        "Attempts to deliver an event by what they came to",
        ("sink", "outcome"),
        [
            ((health.sink, outcome), float(count))
            for health in healths
            for outcome, count in (("delivered", health.delivered), ("failed", health.failed))
        ],
    )
