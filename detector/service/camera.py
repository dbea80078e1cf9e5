"""One running camera, as the HTTP interface sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from detector.config import CameraSettings
from detector.evidence.overlay import Picture
from detector.incidents.coverage import WatchSpan, WatchState
from detector.pipeline.analysis import AnalysedCamera
from detector.pipeline.evidence_worker import Footage
from detector.pipeline.health import CameraHealth
from detector.pipeline.reader_post import ReaderPost
from detector.pipeline.record_watch import record_trouble
from detector.pipeline.view_follower import GeometryState
from detector.scene import PrivacyMaskSettings
from detector.streams import redact


@dataclass(frozen=True, slots=True)
class Camera:
    """One running camera, as others may see it.

    Attributes:
        name: as in the configuration.
        settings: what the configuration says of it.
        reader: reads the stream that is watched.
        analysed: what the analysis thread owns of it.
        recorded: reads the stream that is only kept; None where there is none.
        footage: what is held for its clips; None where none are kept.
    """

    name: str
    settings: CameraSettings
    reader: ReaderPost
    analysed: AnalysedCamera
    recorded: ReaderPost | None = None
    footage: Footage | None = None

    @property
    def posts(self) -> Sequence[ReaderPost]:
        """Give the places of its readers."""
        return (self.reader, self.recorded) if self.recorded else (self.reader,)

    @property
    def friendly_name(self) -> str:
        """Name for people; "" where none was given."""
        return self.settings.friendly_name

    @property
    def source(self) -> str:
        """Its address without any password."""
        return redact(self.settings.ffmpeg.detect.path)

    @property
    def zones(self) -> Sequence[str]:
        """Names of its zones."""
        return tuple(self.settings.zones)

    @property
    def barriers(self) -> Sequence[str]:
        """Names of its barriers."""
        return tuple(self.settings.barriers)

    @property
    def privacy_masks(self) -> Mapping[str, PrivacyMaskSettings]:
        """What nobody may see, by name."""
        return self.settings.privacy_masks

    def health(self) -> CameraHealth:
        """Give a consistent snapshot of how it is doing."""
        return self.reader.monitor.snapshot()

    def record_health(self) -> CameraHealth | None:
        """Tell how its main stream is doing; None where no stream is only recorded."""
        return self.recorded.monitor.snapshot() if self.recorded else None

    @property
    def record_trouble(self) -> str:
        """Why its clips will be missing while it is watched; "" while they will not."""
        after_s = self.settings.integrity.offline.after_s
        return record_trouble(self.health(), self.record_health(), after_s)

    def picture(self) -> Picture | None:
        """Give the newest analysed frame with what was found in it; None before the first."""
        return self.analysed.picture

    def watching(self) -> WatchSpan | None:
        """Give the span of its ledger that goes on; None before the first look."""
        return self.analysed.keeper.ledger.current

    def geometry(self) -> GeometryState:
        """Say where its zones and barriers are."""
        return self.analysed.guard.geometry.state

    def watched_s(self) -> Mapping[tuple[WatchState, str], float]:
        """Give its final seconds since the start by state and reason."""
        return self.analysed.keeper.ledger.totals
