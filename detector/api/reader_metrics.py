"""Metrics of the streams that are only recorded, and of readers that hang."""

from collections.abc import Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from detector.pipeline.health import CameraHealth, CameraState


def reader_metrics(
    analysed: Sequence[CameraHealth], recorded: Sequence[CameraHealth], now: float
) -> Iterator[Metric]:
    """Show the streams that are only recorded, and the readers of all streams.

    Args:
        analysed: health of each camera.
        recorded: of its main stream, where that is not the analysed one.
        now: UTC epoch seconds.
    """
    up = GaugeMetricFamily(
        "perimeter_record_up", "Whether packets of the recorded stream come", labels=("camera",)
    )
    age = GaugeMetricFamily(
        "perimeter_record_packet_age_seconds",
        "Age of the newest packet of the recorded stream",
        labels=("camera",),
    )
    connects = CounterMetricFamily(
        "perimeter_record_connects",
        "Connections of the recorded stream that gave a key frame",
        labels=("camera",),
    )
    for health in recorded:
        labels = (health.camera,)
        up.add_metric(labels, float(health.state is CameraState.LIVE))
        connects.add_metric(labels, float(health.connects))
        if health.last_frame_at is not None:
            age.add_metric(labels, max(0.0, now - health.last_frame_at))
    yield from (up, age, connects)
    yield from _hung(analysed, recorded)


def _hung(analysed: Sequence[CameraHealth], recorded: Sequence[CameraHealth]) -> Iterator[Metric]:
    labels = ("camera", "stream")
    replaced = CounterMetricFamily(
        "perimeter_readers_replaced",
        "Readers that hung in a library and were replaced",
        labels=labels,
    )
    stuck = GaugeMetricFamily(
        "perimeter_readers_stuck", "Replaced readers that still hang", labels=labels
    )
    for stream, healths in (("detect", analysed), ("record", recorded)):
        for health in healths:
            replaced.add_metric((health.camera, stream), float(health.replaced))
            stuck.add_metric((health.camera, stream), float(health.stuck))
    yield from (replaced, stuck)
