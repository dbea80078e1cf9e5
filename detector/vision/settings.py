"""What the user may choose about the network and where it runs."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

ProviderChoice = Literal["auto", "cpu", "openvino", "cuda"]
PrecisionChoice = Literal["auto", "fp32", "bf16"]


class ModelSettings(BaseModel):
    """Which network runs, and where.

    Attributes:
        path: the model's folder, or the ``model.yaml`` in it.
        provider: "auto" takes OpenVINO where its plug-in offers this processor and that has bf16,
            else ONNX Runtime's own CPU provider, and says which and why; a named one must be there
            or nothing starts.
        precision: "auto" takes bf16 on OpenVINO where the processor has it, else fp32; a named one
            must be possible.
        threads: of one inference; 0 takes as many as this process has cores, at most 4.
        batch: the most pictures computed at once; a network with a fixed batch takes one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path
    provider: ProviderChoice = "auto"
    precision: PrecisionChoice = "auto"
    threads: Annotated[int, Field(ge=0, le=64)] = 0
    batch: Annotated[int, Field(ge=1, le=64)] = 1


class TilingSettings(BaseModel):
    """Whether and how the strip along barriers and zones is looked at more closely.

    Attributes:
        enabled: without it only the whole frame is looked at.
        budget_per_frame: tiles that are computed for each frame besides the whole one; when there
            are more, they take turns.
        min_person_px: how tall a standing person should be in the network's input; where the whole
            frame already shows them so, there are no tiles.
        overlap: room around the expected person within a tile, in person heights; neighbouring
            tiles overlap by a person with this room.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = True
    budget_per_frame: Annotated[int, Field(ge=1, le=64)] = 2
    min_person_px: Annotated[float, Field(ge=8, le=160)] = 40
    overlap: Annotated[float, Field(ge=0, le=2)] = 0.5
