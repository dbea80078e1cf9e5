"""The rows of the ledger: when each camera watched, watched badly or was blind."""

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select, update

from detector.incidents.coverage import WatchSpan, WatchState
from detector.store.schema import watch_spans
from detector.store.transactions import Transactions
from detector.types import CameraId


class WatchRecords(Transactions):
    """The part of the store that keeps the ledger; every method one transaction."""

    def write_watch(self, spans: Sequence[WatchSpan]) -> None:
        """Write spans; one of the same camera and begin takes the new end. Again is harmless."""
        with self._writing("writing when cameras watched") as connection:
            for span in spans:
                _write(connection, span)

    def watch(self, after: float, before: float, camera: str | None = None) -> list[WatchSpan]:
        """Find the spans that reach into a window of UTC epoch seconds, of one camera or of all."""
        wanted = select(watch_spans).where(
            watch_spans.c.began_at < before, watch_spans.c.ended_at > after
        )
        if camera is not None:
            wanted = wanted.where(watch_spans.c.camera == camera)
        with self._reading("reading when cameras watched") as connection:
            return [
                WatchSpan(row.camera, WatchState(row.state), row.reason, row.began_at, row.ended_at)
                for row in connection.execute(wanted.order_by(watch_spans.c.id))
            ]

    def watched_until(self, camera: CameraId) -> float | None:
        """Give the end of what was written last of a camera; None where nothing was."""
        newest = (
            select(watch_spans.c.ended_at)
            .where(watch_spans.c.camera == camera)
            .order_by(watch_spans.c.id.desc())
            .limit(1)
        )
        with self._reading("reading when a camera watched") as connection:
            return connection.scalar(newest)


def _write(connection: Connection, span: WatchSpan) -> None:
    same = (watch_spans.c.camera == span.camera, watch_spans.c.began_at == span.began_at)
    values = {"state": span.state.value, "reason": span.reason, "ended_at": span.ended_at}
    if connection.execute(update(watch_spans).where(*same).values(values)).rowcount:
        return
    key = {"camera": span.camera, "began_at": span.began_at}
    connection.execute(insert(watch_spans).values(key | values))
