"""Errors as RFC 9457 problem details, everywhere and in one form.

Own code and not the ``fastapi-problem`` package: it is one model and a handful of handlers, while
the package brings three more and an exception tree beside ours.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from detector.errors import RefusedMove, StoreError, UnknownRecord

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger(__name__)


class InvalidPart(BaseModel):
    """One part of a request that is wrong."""

    pointer: str = Field(
        description="where: query, path or body, then the name", examples=["query/limit"]
    )
    detail: str


class ProblemDetails(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = "about:blank"
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(default="", description="for people")
    instance: str = Field(default="", description="path of the request")
    errors: list[InvalidPart] | None = Field(
        default=None, description="parts of an invalid request"
    )
    trace_id: str | None = Field(default=None, description="find it in the log of the service")


class ProblemError(Exception):
    """An answer that is a problem; only for routes."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers


def problem_response(
    status: int, detail: str, instance: str, headers: Mapping[str, str] | None = None, **more: Any
) -> JSONResponse:
    """Build the answer; ``more`` are further members of :class:`ProblemDetails`."""
    title = HTTPStatus(status).phrase
    body = ProblemDetails(title=title, status=status, detail=detail, instance=instance, **more)
    content = body.model_dump(exclude_none=True)
    kept = {"Cache-Control": "no-store", **(headers or {})}
    return JSONResponse(content, status, headers=kept, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make ``app`` answer every error that is foreseen with a problem; the shield has the rest."""

    @app.exception_handler(ProblemError)
    async def _problem(request: Request, error: ProblemError) -> JSONResponse:
        return problem_response(error.status, error.detail, request.url.path, error.headers)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        detail = "" if error.detail == HTTPStatus(error.status_code).phrase else error.detail
        return problem_response(error.status_code, detail, request.url.path, error.headers)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        parts = [
            InvalidPart(pointer="/".join(str(step) for step in part["loc"]), detail=part["msg"])
            for part in error.errors()
        ]
        detail = f"{len(parts)} part(s) of the request are invalid"
        return problem_response(422, detail, request.url.path, errors=parts)

    @app.exception_handler(UnknownRecord)
    async def _unknown(request: Request, error: UnknownRecord) -> JSONResponse:
        return problem_response(404, str(error), request.url.path)

    @app.exception_handler(RefusedMove)
    async def _refused(request: Request, error: RefusedMove) -> JSONResponse:
        return problem_response(409, str(error), request.url.path)

    @app.exception_handler(StoreError)
    async def _store(request: Request, error: StoreError) -> JSONResponse:
        trace_id = request.state.trace_id
        _log.error("store failed for %s [trace %s]: %s", request.url.path, trace_id, error)
        detail = "the event store cannot be used at the moment; nothing was changed"
        later = {"Retry-After": "5"}
        return problem_response(503, detail, request.url.path, later, trace_id=trace_id)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe problems for OpenAPI: those of every route, and these ``statuses``."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in sorted({401, 403, 422, 500, 503, *statuses})
    }
