"""Builds the HTTP application around a running service."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from detector import __version__
from detector.api import problems
from detector.api.auth import Keyring
from detector.api.consultations import Consultations
from detector.api.description import DescribedApp, webhooks
from detector.api.feed import Feed
from detector.api.metrics import build_registry
from detector.api.pictures import Pictures
from detector.api.ports import ServiceView
from detector.api.readiness import ReadinessProbe
from detector.api.routes import (
    about,
    cameras,
    clips,
    coverage,
    deliveries,
    events,
    health,
    holds,
    incidents,
    packages,
    page,
    sinks,
)
from detector.api.shield import LOOPBACK_NAMES, Shield
from detector.config.access import ApiSettings, check_exposure, read_secrets
from detector.errors import ConfigError

PREFIX = "/api/v1"


def create_app(
    service: ServiceView, settings: ApiSettings, environ: Mapping[str, str] = os.environ
) -> FastAPI:
    """Make the application; several may live in one process.

    Args:
        service: what is shown and moved; it must be running while requests are served.
        settings: who may ask.
        environ: where the secrets of keys are looked up.

    Raises:
        ConfigError: the interface would be open to other machines, or a secret is missing.
    """
    exposed = check_exposure(settings)
    if exposed:
        raise ConfigError(*exposed)
    app = _routed_app()
    probe = ReadinessProbe(service)
    app.state.service = service
    app.state.readiness = probe
    app.state.feed = Feed(service.store)
    app.state.pictures = Pictures()
    app.state.consultations = Consultations(service.store)
    app.state.keyring = Keyring(settings, read_secrets(settings, environ))
    app.state.registry = build_registry(service, probe)
    app.add_middleware(Shield, hosts=_served_hosts(settings))
    return app


def openapi_document() -> dict[str, Any]:
    """Give the OpenAPI description, which is the same for every service."""
    return _routed_app().openapi()


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with app.state.feed:
        yield


def _routed_app() -> FastAPI:
    app = DescribedApp(
        title="barrier-detector",
        version=__version__,
        summary="What happens at the line: events, incidents, cameras, deliveries.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # these pages load scripts from the network
        redoc_url=None,
        lifespan=_lifespan,
        separate_input_output_schemas=False,
    )
    problems.install(app)
    app.webhooks.include_router(webhooks)
    resources = (
        coverage,
        events,
        incidents,
        clips,
        holds,
        packages,
        cameras,
        deliveries,
        sinks,
        about,
    )
    for resource in resources:
        app.include_router(resource.router, prefix=PREFIX)
    app.include_router(health.router)
    app.include_router(page.router)
    return app


def _served_hosts(settings: ApiSettings) -> tuple[str, ...]:
    """Host names to serve; a key protects as well as the name, so keys alone serve every name."""
    if settings.keys and not settings.allowed_hosts:
        return ()
    return (*LOOPBACK_NAMES, settings.host, *settings.allowed_hosts)
