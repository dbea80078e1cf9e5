"""What the HTTP interface needs of the running service; ``detector.service`` fits these shapes.

Every method may be called from any thread, at any time between start and stop of the service.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from prometheus_client import CollectorRegistry

from detector.delivery import Delivery, DeliveryState
from detector.events import OperatorState
from detector.evidence.overlay import Picture
from detector.pipeline.health import CameraHealth
from detector.store.records import (
    EventQuery,
    IncidentQuery,
    IncidentRecord,
    SinkStatus,
    StoredEvent,
)
from detector.vision.base import DetectorInfo


class StoreView(Protocol):
    """What is read from and moved in the event store; each call is one short transaction."""

    def events(self, query: EventQuery) -> Sequence[StoredEvent]:
        """Give the matching events."""
        ...

    def event(self, event_id: UUID) -> StoredEvent | None:
        """Give one event."""
        ...

    def incidents(self, query: IncidentQuery) -> Sequence[IncidentRecord]:
        """Give the matching incidents, without their history."""
        ...

    def incident(self, incident_id: UUID) -> IncidentRecord | None:
        """Give one incident with its history."""
        ...

    def set_operator_state(
        self, incident_id: UUID, state: OperatorState, by: str, reason: str
    ) -> IncidentRecord:
        """Note what a person made of an incident."""
        ...

    def deliveries(self, state: DeliveryState | None, limit: int) -> Sequence[Delivery]:
        """Give deliveries, newest first."""
        ...

    def retry(self, delivery_id: int) -> Delivery:
        """Make a dead delivery pending again, due at once."""
        ...

    def sinks(self) -> Sequence[SinkStatus]:
        """Give the backlog of every sink."""
        ...

    def first_seq(self) -> int:
        """Number of the oldest event that is still kept; ``last_seq() + 1`` when there is none."""
        ...

    def last_seq(self) -> int:
        """Number of the newest event ever committed; 0 before the first."""
        ...


class CameraView(Protocol):
    """One camera as the interface shows it.

    Attributes:
        name: as in the configuration.
        friendly_name: for people.
        source: address without any password.
        zones: names of its zones.
        barriers: names of its barriers.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def friendly_name(self) -> str: ...  # noqa: D102
    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def zones(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def barriers(self) -> Sequence[str]: ...  # noqa: D102

    def health(self) -> CameraHealth:
        """Give a consistent snapshot."""
        ...

    def picture(self) -> Picture | None:
        """Give the newest analysed frame with what was found in it; None before the first."""
        ...


class Check(Protocol):
    """One condition for being ready: a thread's heartbeat, the store, the model.

    Attributes:
        name: what is checked, e.g. ``thread reader:north``.
        ok: whether it holds.
        detail: what was expected and found, for people; no secrets.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
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
        registry: counters and histograms of the pipeline, published at ``/metrics``.
    """

    @property
    def site(self) -> str: ...  # noqa: D102
    @property
    def config_sha256(self) -> str: ...  # noqa: D102
    @property
    def detector(self) -> DetectorInfo: ...  # noqa: D102
    @property
    def store(self) -> StoreView: ...  # noqa: D102
    @property
    def registry(self) -> CollectorRegistry: ...  # noqa: D102

    def cameras(self) -> Sequence[CameraView]:
        """Give the cameras in the order of the configuration."""
        ...

    def readiness(self) -> Sequence[Check]:
        """Check everything that being ready needs; ready when all hold."""
        ...

    def snapshot(self, event_id: UUID) -> bytes | None:
        """Give the JPEG that was kept for an event; None when there is none (any more)."""
        ...

    def config_schema(self) -> Mapping[str, Any]:
        """Give the JSON Schema of the configuration file."""
        ...

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call ``wake`` after every commit until the returned function is called.

        ``wake`` comes from the committing thread, returns at once and never raises.
        """
        ...
