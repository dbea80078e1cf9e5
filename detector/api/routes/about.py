"""What runs here, and the schemas of what goes in and out."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from detector import __version__
from detector.api.about_models import ServiceOut
from detector.api.auth import Reader
from detector.api.dependencies import Service
from detector.api.problems import responses
from detector.events import event_schema

SCHEMA = "application/schema+json"

router = APIRouter(tags=["about"])


@router.get("/service", responses=responses())
def about(service: Service, _caller: Reader) -> ServiceOut:
    """Tell version, site, configuration and the network as it runs in effect."""
    return ServiceOut.of(service, __version__)


@router.get("/config/schema.json", responses=responses(), response_class=JSONResponse)
def config_schema(service: Service, _caller: Reader) -> JSONResponse:
    """Give the JSON Schema of the configuration file, for editors."""
    return JSONResponse(dict(service.config_schema()), media_type=SCHEMA)


@router.get("/schemas/event-1.json", responses=responses(), response_class=JSONResponse)
def published_event_schema(_caller: Reader) -> JSONResponse:
    """Give the JSON Schema of an event."""
    schema: dict[str, Any] = event_schema()
    return JSONResponse(schema, media_type=SCHEMA)
