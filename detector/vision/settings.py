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
        provider: "auto" takes OpenVINO where its plug-in offers this machine's CPU, else ONNX
            Runtime's own CPU provider, and says so; a named one must be there or nothing starts.
        precision: "auto" takes what was measured to be fastest without changing what is found; a
            named one must be possible.
        threads: of one inference; 0 takes as many as this process has cores, at most 4.
        batch: the most pictures computed at once; a network with a fixed batch takes one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path
    provider: ProviderChoice = "auto"
    precision: PrecisionChoice = "auto"
    threads: Annotated[int, Field(ge=0, le=64)] = 0
    batch: Annotated[int, Field(ge=1, le=64)] = 1
