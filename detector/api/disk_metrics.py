"""Metrics of the disk and of the retention."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from detector.pipeline.disk_watch import RetentionHealth


def disk_metrics(health: RetentionHealth, now: float) -> Iterator[Metric]:
    """Show how the disk and the retention were doing after the last turn.

    Args:
        health: as the service tells it.
        now: UTC epoch seconds.
    """
    space = health.space
    yield GaugeMetricFamily(
        "perimeter_disk_free_bytes",
        "Free space on the disk of data_dir",
        value=None if space is None else float(space.free_bytes),
    )
    yield GaugeMetricFamily(
        "perimeter_disk_headroom_seconds",
        "Time until the free-space floor is reached at the present rate; +Inf without writes",
        value=None if space is None else health.headroom_s,
    )
    yield GaugeMetricFamily(
        "perimeter_clips_refused",
        "Whether no clips are written because the disk is full",
        value=float(bool(health.refusal)),
    )
    kept = GaugeMetricFamily(
        "perimeter_evidence_bytes", "Size of clips and snapshots", labels=("class",)
    )
    for name, size_bytes in health.bytes_kept.items():
        kept.add_metric((name,), float(size_bytes))
    yield kept
    oldest = GaugeMetricFamily(
        "perimeter_retention_oldest_age_seconds",
        "Age of the oldest item, held ones as well",
        labels=("class",),
    )
    for name, at in health.oldest_at.items():
        oldest.add_metric((name,), max(0.0, now - at))
    yield oldest
    yield GaugeMetricFamily(
        "perimeter_evidence_unknown",
        "Clips and snapshots that belong to no stored event or incident",
        value=float(health.unknown),
    )
    deleted = CounterMetricFamily(
        "perimeter_retention_deleted",
        "Clips and snapshots deleted since the start",
        labels=("class", "reason"),
    )
    for (name, why), number in health.deleted.items():
        deleted.add_metric((name, why), float(number))
    yield deleted
