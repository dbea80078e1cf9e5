"""What a picture says about its camera, and the limits it is held against.

The measures are plain numbers, so that this part needs no pictures: ``detector.vision.integrity``
takes them, :mod:`detector.incidents.camera_watch` judges them.
"""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field


@dataclass(frozen=True, slots=True)
class ViewMeasures:
    """One picture against the one before it and against what the camera usually sees.

    Measures against the reference are None while it is still being learnt.

    Attributes:
        change_grey: largest change of a pixel of the small grey picture since the one before,
            0..255; None for the first.
        bright_grey: nine of ten pixels are darker than this, 0..255.
        textured_share: share of the blocks that hold edges at all, 0..1.
        lost_share: share of the reference's textured blocks that lost their edges, 0..1.
        sharpness: edges of the textured blocks by those of the reference; 1 is as usual.
        likeness: correlation of the coarse picture with the reference's, -1..1.
        structure: correlation of the edges with those of the reference where they are, -1..1.
        shift: (x, y) by which the edges moved, in shares of the picture's width and height;
            (0, 0) where a shift alone explains the picture no better than none.
        aligned: ``structure`` after the shift, or zoom and roll, is undone.
        zoom: factor by which things became larger; 1 where it explains no more than a shift does.
        roll_deg: degrees by which the view turned counter-clockwise about its middle, likewise.
        corner_share: the greatest way of a corner under that zoom and roll and what shift came with
            them, in shares of the picture's width or height.
    """

    change_grey: float | None
    bright_grey: float
    textured_share: float
    lost_share: float | None = None
    sharpness: float | None = None
    likeness: float | None = None
    structure: float | None = None
    shift: tuple[float, float] = (0.0, 0.0)
    aligned: float | None = None
    zoom: float = 1.0
    roll_deg: float = 0.0
    corner_share: float = 0.0

    @property
    def shift_share(self) -> float:
        """The greatest way that anything moved, in shares of the picture's width or height."""
        return max(abs(self.shift[0]), abs(self.shift[1]), self.corner_share)


class _Check(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = True


class OfflineCheck(_Check):
    """No pictures come."""

    after_s: float = Field(default=5.0, gt=0, description="without pictures before it is said")


class FrozenCheck(_Check):
    """The same picture comes again and again."""

    after_s: float = Field(default=10.0, gt=0, description="unchanged before it is said")
    max_change_grey: float = Field(
        default=1.0, ge=0, le=255, description="a pixel may change so much in a frozen picture"
    )


class CoveredCheck(_Check):
    """Most of what the camera usually sees is hidden."""

    after_s: float = Field(default=3.0, gt=0, description="hidden before it is said")
    min_lost_share: float = Field(
        default=0.6, gt=0, le=1, description="share of the blocks that lost their edges"
    )
    max_likeness: float = Field(
        default=0.8, ge=-1, le=1, description="above it the picture is blurred, not covered"
    )
    max_textured_share: float = Field(
        default=0.02, ge=0, le=1, description="fewer blocks with edges are no view, ever"
    )


class BlurredCheck(_Check):
    """The picture lost its sharpness."""

    after_s: float = Field(default=5.0, gt=0, description="blurred before it is said")
    max_sharpness: float = Field(default=0.5, gt=0, lt=1, description="by the usual sharpness")


class DarkCheck(_Check):
    """Nothing can be seen for darkness."""

    after_s: float = Field(default=5.0, gt=0, description="dark before it is said")
    max_bright_grey: float = Field(
        default=20.0, ge=0, le=255, description="nine of ten pixels are darker than this"
    )


class MovedCheck(_Check):
    """The camera looks elsewhere."""

    after_s: float = Field(default=3.0, gt=0, description="moved before it is said")
    min_shift_share: float = Field(
        default=0.015,
        gt=0,
        lt=1,
        description="way of the picture, or of its corners, in shares of its width or height",
    )
    max_structure: float = Field(
        default=0.1, ge=-1, le=1, description="edges so unlike the usual ones are another view"
    )
    follow_share: float = Field(
        default=0.15, ge=0, le=0.3, description="zones and barriers follow so far; 0: they never do"
    )


class ClockCheck(_Check):
    """The camera's clock is wrong; by how much is the input's ``clock_alarm_s``."""


class IntegritySettings(_Check):
    """When a camera's view is at fault. All times are seconds, whatever the frame rate."""

    restored_after_s: float = Field(default=3.0, gt=0, description="well before a fault is over")
    learn_s: float = Field(default=10.0, gt=0, description="pictures before the reference counts")
    offline: OfflineCheck = OfflineCheck()
    frozen: FrozenCheck = FrozenCheck()
    covered: CoveredCheck = CoveredCheck()
    blurred: BlurredCheck = BlurredCheck()
    dark: DarkCheck = DarkCheck()
    moved: MovedCheck = MovedCheck()
    clock: ClockCheck = ClockCheck()
