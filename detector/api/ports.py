"""What the HTTP interface needs of the running service; ``detector.service`` fits these shapes.

Every method may be called from any thread, at any time between start and stop of the service.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from detector.evidence.overlay import Picture
from detector.incidents.coverage import WatchSpan, WatchState
from detector.pipeline.disk_watch import RetentionHealth
from detector.pipeline.dispatcher import SinkHealth
from detector.pipeline.health import CameraHealth
from detector.pipeline.packager import Packager
from detector.pipeline.view_follower import GeometryState
from detector.scene import PrivacyMaskSettings
from detector.stages import StageClock
from detector.store.store import Store
from detector.vision.base import DetectorInfo


class CameraView(Protocol):
    """One camera as people see it.

    Attributes:
        name: as in the configuration.
        friendly_name: for people; "" where none was given.
        source: its address without any password.
        zones: names of its zones.
        barriers: names of its barriers.
        privacy_masks: what nobody may see, by name.
    """

    @property
    def name(self) -> str: ...  # noqa: D102  (described above)
    @property
    def friendly_name(self) -> str: ...  # noqa: D102
    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def zones(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def barriers(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def privacy_masks(self) -> Mapping[str, PrivacyMaskSettings]: ...  # noqa: D102

    def health(self) -> CameraHealth:
        """Give a consistent snapshot of how it is doing."""
        ...

    def record_health(self) -> CameraHealth | None:
        """Tell how the stream that is only recorded is doing; None where there is none."""
        ...

    def picture(self) -> Picture | None:
        """Give the newest analysed frame with what was found in it; None before the first."""
        ...

    def watching(self) -> WatchSpan | None:
        """Give the span of its ledger that goes on; None before the first look."""
        ...

    def geometry(self) -> GeometryState:
        """Say where its zones and barriers are."""
        ...

    def watched_s(self) -> Mapping[tuple[WatchState, str], float]:
        """Give its final seconds since the start by state and reason; they never shrink."""
        ...


class Check(Protocol):
    """One condition for being ready: a thread's heartbeat, the store, the model.

    Attributes:
        name: what is checked, e.g. ``thread reader:north``.
        ok: whether it holds.
        detail: what was expected and found, for people, without secrets; "" while it holds.
    """

    @property
    def name(self) -> str: ...  # noqa: D102  (described above)
    @property
    def ok(self) -> bool: ...  # noqa: D102
    @property
    def detail(self) -> str: ...  # noqa: D102


class ServiceView(Protocol):
    """The running service, as far as it can be seen and moved over HTTP.

    Attributes:
        site: name of the site in the configuration.
        config_sha256: of the configuration in force.
        detector: what network runs, where and how.
        store: the committed events, incidents and deliveries.
        packager: makes sealed evidence packages.
        stages: what the stages of the pipeline cost.
        retention: how the disk and the retention are doing.
        uncommitted_records: records that wait in memory for the store; 0 while it can write.
    """

    @property
    def site(self) -> str: ...  # noqa: D102  (described above)
    @property
    def config_sha256(self) -> str: ...  # noqa: D102
    @property
    def detector(self) -> DetectorInfo: ...  # noqa: D102
    @property
    def store(self) -> Store: ...  # noqa: D102
    @property
    def packager(self) -> Packager: ...  # noqa: D102
    @property
    def stages(self) -> StageClock: ...  # noqa: D102
    @property
    def retention(self) -> RetentionHealth: ...  # noqa: D102
    @property
    def uncommitted_records(self) -> int: ...  # noqa: D102

    def cameras(self) -> Sequence[CameraView]:
        """Give the cameras in the order of the configuration."""
        ...

    def sink_health(self) -> Sequence[SinkHealth]:
        """Tell how the deliveries to each sink went so far, in the order of the configuration."""
        ...

    def readiness(self) -> Sequence[Check]:
        """Check everything that being ready needs; ready when all hold. Takes milliseconds."""
        ...

    def snapshot(self, event_id: UUID, *, clean: bool = False) -> bytes | None:
        """Give the JPEG that was kept for an event; None when there is none (any more).

        ``clean``: the one on which nothing is drawn.
        """
        ...

    def clip(self, incident_id: UUID, number: int) -> Path:
        """Say where a clip of an incident lies, whether it is there or not."""
        ...

    def config_schema(self) -> Mapping[str, Any]:
        """Give the JSON Schema of the configuration file."""
        ...
