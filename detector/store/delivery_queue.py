"""The queue of deliveries: what each sink shall have, and what became of it."""

from collections.abc import Collection

from detector.delivery import Decision, Delivery, DeliveryState, Outcome
from detector.store import custody, custody_notes, deliveries, events
from detector.store.records import SinkStatus
from detector.store.transactions import Transactions


class DeliveryQueue(Transactions):
    """The part of the store that queues deliveries; every method one transaction."""

    def due(
        self, sink: str, now: float, limit: int, in_flight: Collection[int] = ()
    ) -> tuple[Delivery, ...]:
        """Find deliveries of a sink that may be attempted now.

        At most one per incident: the earliest. None while the sink is disabled or asked for a
        pause. ``in_flight`` are the ids of attempts that have not ended.
        """
        with self._reading("reading deliveries") as connection:
            return deliveries.read_due(connection, sink, now, limit, in_flight)

    def next_due_at(self, sink: str, now: float, in_flight: Collection[int] = ()) -> float | None:
        """Say when :meth:`due` will next give something without further events; None for never."""
        with self._reading("reading deliveries") as connection:
            return deliveries.next_due_at(connection, sink, now, in_flight)

    def record_attempt(
        self, delivery: Delivery, outcome: Outcome, decision: Decision, *, now: float
    ) -> None:
        """Write down what became of an attempt and what follows from it.

        The first success with evidence is an entry of the custody log.
        """
        with self._writing("recording a delivery attempt") as connection:
            if deliveries.is_pending(connection, delivery.id):
                custody.append(connection, custody_notes.disclosed(delivery, outcome), now)
            deliveries.record(connection, delivery, outcome, decision, now)

    def deliveries(
        self,
        state: DeliveryState | None = None,
        sink: str | None = None,
        before_id: int | None = None,
        limit: int = 100,
    ) -> tuple[Delivery, ...]:
        """Find deliveries, newest first; ``before_id`` is the cursor."""
        with self._reading("reading deliveries") as connection:
            return deliveries.read_deliveries(connection, state, sink, before_id, limit)

    def delivery(self, delivery_id: int) -> Delivery | None:
        """Find one delivery."""
        with self._reading("reading a delivery") as connection:
            return deliveries.read_delivery(connection, delivery_id)

    def retry(self, delivery_id: int, *, now: float) -> Delivery:
        """Make a dead or pending delivery due at once, with its schedule begun anew.

        Raises:
            UnknownRecord: there is no such delivery.
            RefusedMove: it was delivered already.
        """
        with self._writing("retrying a delivery") as connection:
            delivery = deliveries.retry(connection, delivery_id, now)
            latest = events.last_seq(connection)
        self._announce(latest)
        return delivery

    def sinks(self) -> tuple[SinkStatus, ...]:
        """Sum up every sink that has deliveries or was disabled, also those not configured now."""
        with self._reading("reading sinks") as connection:
            return deliveries.read_sinks(connection)

    def enable_sink(self, sink: str) -> None:
        """Let a disabled or paused sink be used again; what waited for it is sent then."""
        with self._writing("enabling a sink") as connection:
            deliveries.enable(connection, sink)
            latest = events.last_seq(connection)
        self._announce(latest)
