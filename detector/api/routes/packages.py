"""Sealed evidence packages of incidents."""

import logging
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, BinaryIO
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import Field, StringConstraints
from starlette.types import Receive, Scope, Send

from detector.api.auth import Operator
from detector.api.dependencies import Service
from detector.api.models import Value
from detector.api.problems import ProblemError, responses
from detector.errors import EvidenceError
from detector.pipeline.packager import PackageOrder

CHUNK_BYTES = 1 << 20
ZIP: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/zip": {}},
        "description": "the package; `X-Manifest-SHA256` names it, `X-Evidence-Key` sealed it",
    }
}
log = logging.getLogger(__name__)

router = APIRouter(prefix="/packages", tags=["packages"])


class PackageIn(Value):
    """What is to be packed, why and for whom."""

    incident_ids: Annotated[list[UUID], Field(min_length=1, max_length=100)]
    purpose: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)
    ] = Field(description="why; stands in the package and in the custody log")
    recipient: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = Field(
        default="", description="who will get it"
    )
    by: Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)] = Field(
        default="", description="who asks; the name of the API key is added"
    )


@router.post("", responses=responses(404, 409) | ZIP, response_class=StreamingResponse)
def make_package(
    request: Request, service: Service, caller: Operator, wanted: PackageIn
) -> StreamingResponse:
    """Seal the evidence of incidents; the custody log keeps who asked, why and for whom.

    One package is made at a time: 409 while another is being written.
    """
    trace_id: str = request.state.trace_id
    order = PackageOrder(
        incident_ids=tuple(wanted.incident_ids),
        purpose=wanted.purpose,
        recipient=wanted.recipient,
        actor=caller.signs_as(wanted.by),
        role=caller.scope.value,
        request_id=trace_id,
    )
    try:
        file, seal = service.packager.export_unnamed(order)
    except EvidenceError as error:
        log.error("no package was made [trace %s]: %s", trace_id, error)  # noqa: TRY400
        detail = f"the package could not be made; the log of the service says why under {trace_id}"
        raise ProblemError(503, detail, {"Retry-After": "60"}) from error
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="evidence-{seal.manifest_sha256[:12]}.zip"',
        "Content-Length": str(file.seek(0, 2)),
        "X-Evidence-Key": seal.public_key,
        "X-Manifest-SHA256": seal.manifest_sha256,
    }
    return _FileThatGoes(file, headers)


class _FileThatGoes(StreamingResponse):
    """Sends an open file and closes it, also when the client goes away first."""

    def __init__(self, file: BinaryIO, headers: Mapping[str, str]) -> None:
        super().__init__(_chunks(file), media_type="application/zip", headers=headers)
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(CHUNK_BYTES):
        yield chunk
