"""The shapes of what the service says about itself: whether it is ready, and what runs."""

from collections.abc import Sequence
from typing import Self

from pydantic import Field

from detector.api.models import Value
from detector.api.ports import Check, ServiceView


class CheckOut(Value):
    """One condition for being ready."""

    name: str
    ok: bool
    detail: str


class Readiness(Value):
    """Whether the service does its whole work."""

    ready: bool
    checks: list[CheckOut]

    @classmethod
    def of(cls, checks: Sequence[Check]) -> Self:
        """Sum up."""
        shown = [CheckOut(name=check.name, ok=check.ok, detail=check.detail) for check in checks]
        return cls(ready=all(check.ok for check in shown), checks=shown)


class ModelOut(Value):
    """The network that runs, as it runs in effect."""

    name: str
    version: str
    sha256: str
    provider: str
    precision: str
    threads: int
    input_size: tuple[int, int]
    classes: list[str]
    reason: str = Field(description="why this provider and precision were taken")


class ServiceOut(Value):
    """What runs here."""

    version: str
    site: str
    config_sha256: str
    evidence_key: str = Field(
        description="public key that seals evidence packages: 64 hexadecimal digits"
    )
    model: ModelOut

    @classmethod
    def of(cls, service: ServiceView, version: str) -> Self:
        """Describe the running service."""
        info = service.detector
        model = ModelOut(
            name=info.model,
            version=info.version,
            sha256=info.sha256,
            provider=info.provider,
            precision=info.precision,
            threads=info.threads,
            input_size=info.input_size,
            classes=[kind.label for kind in info.classes],
            reason=info.reason,
        )
        return cls(
            version=version,
            site=service.site,
            config_sha256=service.config_sha256,
            evidence_key=service.packager.public_key,
            model=model,
        )
