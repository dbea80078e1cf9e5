"""From what the user wrote to what the pipeline needs."""

import logging
from collections.abc import Mapping
from pathlib import Path

from detector.config.settings import CameraSettings, SiteConfig
from detector.evidence.clip_folder import ClipFolder
from detector.evidence.snapshot import SnapshotFolder
from detector.pipeline.camera import CameraPlan
from detector.pipeline.object_filter import FilterSettings
from detector.pipeline.recording_evidence import EvidencePlan
from detector.rules import RuleSettings, default_rules
from detector.streams import PrivacyMasks
from detector.types import ObjectClass
from detector.vision import DetectorInfo

log = logging.getLogger(__name__)


def camera_rules(camera: CameraSettings) -> Mapping[str, RuleSettings]:
    """Give the camera's rules: those written, or every one that fits when none are."""
    if camera.rules is not None:
        return camera.rules
    return default_rules(
        camera.barriers, camera.zones, ladders=ObjectClass.LADDER in camera.objects.classes
    )


def camera_plan(camera: CameraSettings, info: DetectorInfo) -> CameraPlan:
    """Plan the analysis of one camera with the network that runs.

    Classes that the network cannot find are left out; :func:`missing_classes` names them.
    """
    given = {ObjectClass[label.upper()]: f for label, f in camera.objects.filters.items()}
    filters = {
        object_class: given.get(object_class, FilterSettings())
        for object_class in camera.objects.classes
        if object_class in info.scores
    }
    return CameraPlan(
        zones=camera.zones,
        barriers=camera.barriers,
        calibration=camera.calibration,
        rules=camera_rules(camera),
        filters=filters,
        scores={c: _scores(limits, c, info) for c, limits in filters.items()},
        input_size=info.input_size,
        tracking=camera.tracker_settings(),
        tiling=camera.tiling,
        incidents=camera.incidents,
        integrity=camera.integrity,
    )


def evidence_plan(config: SiteConfig, camera: str, folder: Path) -> EvidencePlan:
    """Plan what is kept in ``folder`` of a recording that is analysed as ``camera``'s."""
    return EvidencePlan(
        site=config.site,
        clips=ClipFolder(folder / "clips"),
        snapshots=snapshot_folder(config, folder) if config.snapshots.enabled else None,
        record=config.record_settings(camera),
        masks=PrivacyMasks(config.cameras[camera].mask_polygons),
    )


def snapshot_folder(config: SiteConfig, folder: Path) -> SnapshotFolder:
    """Give the snapshots' place in ``folder``, with what is kept of each."""
    kept = config.snapshots
    return SnapshotFolder(folder / "snapshots", kept.quality, clean=kept.clean)


def missing_classes(camera: CameraSettings, info: DetectorInfo) -> tuple[ObjectClass, ...]:
    """Give the classes the camera shall track but the network does not know."""
    return tuple(c for c in camera.objects.classes if c not in info.scores)


def say_masks(name: str, camera: CameraSettings) -> None:
    """Write to the log what is hidden of a camera's picture, and why."""
    for mask_name, mask in camera.privacy_masks.items():
        why = mask.reason or "no reason given"
        log.info("camera %s: privacy mask %s is burnt in: %s", name, mask_name, why)


def _scores(
    limits: FilterSettings, object_class: ObjectClass, info: DetectorInfo
) -> tuple[float, float]:
    """Take the camera's own scores before those of the model."""
    of_model = info.scores[object_class]
    min_score = limits.min_score or of_model.min_score
    threshold = limits.threshold or max(of_model.threshold, min_score)
    return min(min_score, threshold), threshold
