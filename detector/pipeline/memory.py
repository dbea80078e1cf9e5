"""What a camera's analysis has to remember over a restart: the stays."""

from collections.abc import Sequence
from typing import Self

from pydantic import BaseModel, ConfigDict

from detector.events import Moment
from detector.rules import Rule
from detector.rules.loitering import Loitering, Stay

SAVE_EVERY_S = 60.0


class CameraMemory(BaseModel):
    """The stays of one camera at one moment, by the name of their rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pts: float
    captured_at: float
    size: tuple[int, int]
    stays: dict[str, tuple[Stay, ...]]

    @classmethod
    def of(cls, rules: Sequence[Rule], moment: Moment) -> Self:
        """Take the told stays of all rules that have some."""
        stays = {
            rule.name: tuple(stay for stay in rule.state() if stay.number)
            for rule in rules
            if isinstance(rule, Loitering)
        }
        kept = {name: value for name, value in stays.items() if value}
        return cls(pts=moment.pts, captured_at=moment.captured_at, size=moment.size, stays=kept)

    @property
    def marks(self) -> tuple[tuple[str, int, int], ...]:
        """What changes when a stay begins, is told again or ends."""
        return tuple(
            (name, stay.number, stay.heartbeats)
            for name, stays in self.stays.items()
            for stay in stays
        )

    def give_back(self, rules: Sequence[Rule], moment: Moment) -> None:
        """Let the rules go on with their stays on the timeline of ``moment``.

        Stays of pictures of another size are dropped: their places are in pixels.
        """
        if self.size != moment.size:
            return
        shift_s = (moment.pts - moment.captured_at) - (self.pts - self.captured_at)
        for rule in rules:
            if isinstance(rule, Loitering) and rule.name in self.stays:
                rule.restore(self.stays[rule.name], shift_s)
