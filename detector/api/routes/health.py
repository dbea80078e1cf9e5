"""Health for supervisors and load balancers, and metrics for Prometheus."""

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from prometheus_client.exposition import choose_encoder
from pydantic import BaseModel

from detector.api.about_models import Readiness
from detector.api.auth import Reader
from detector.api.dependencies import Probe
from detector.api.problems import responses

router = APIRouter(tags=["health"])


class Alive(BaseModel):
    """The process answers."""

    alive: bool = True


@router.get("/health/live")
def live() -> Alive:
    """Tell that the process answers; restart it when it does not. Needs no key."""
    return Alive()


@router.get("/health/ready", responses={503: {"model": Readiness, "description": "Not ready"}})
def ready(probe: Probe, response: Response) -> Readiness:
    """Tell whether the service does its whole work, and what does not hold. Needs no key."""
    readiness = Readiness.of(probe.checks())
    response.status_code = 200 if readiness.ready else 503
    response.headers["Cache-Control"] = "no-store"
    return readiness


@router.get(
    "/metrics",
    responses=responses() | {200: {"content": {"text/plain": {}}, "description": "metrics"}},
    response_class=Response,
)
def metrics(request: Request, _caller: Reader, accept: Annotated[str, Header()] = "") -> Response:
    """Give counters and gauges in Prometheus' text format, or OpenMetrics where asked for."""
    encode, media_type = choose_encoder(accept)
    return Response(encode(request.app.state.registry), headers={"Content-Type": media_type})
