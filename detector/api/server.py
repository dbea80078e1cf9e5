"""Runs the application on a socket, in the calling thread, until a signal comes."""

import errno
import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from detector.config.access import ApiSettings
from detector.errors import DetectorError

GRACE_S = 5
"""So long answers may take to finish after the stop signal."""


def bind(settings: ApiSettings) -> socket.socket:
    """Take the address, before anything else is started.

    Raises:
        DetectorError: the address is taken, not of this machine, or not allowed.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        causes = {
            errno.EADDRINUSE: "one that another program uses",
            errno.EACCES: "one that needs more rights",
            errno.EADDRNOTAVAIL: "an address that is not of this machine",
        }
        found = causes.get(error.errno or 0, error.strerror or str(error))
        where = f"api.host {settings.host}, api.port {settings.port}"
        raise DetectorError(f"{where}: expected a free address, found {found}") from error
    return listener


def address(listener: socket.socket) -> str:
    """Give the URL under which people on this machine reach the service."""
    host, port = listener.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104  (recognised, not bound)
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server(uvicorn.Server):
    """Serves one application; ``should_exit = True`` stops it from any thread.

    SIGINT and SIGTERM stop it when it runs in the main thread.
    """

    def __init__(self, app: FastAPI, ready: Callable[[], None] = lambda: None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                ws="none",
                lifespan="on",
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        self._app = app
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say that it serves only once a signal stops it in order."""
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the live streams first: the server waits for every answer to be complete."""
        self._app.state.feed.close()
        await super().shutdown(sockets)


def serve(app: FastAPI, listener: socket.socket, ready: Callable[[], None] = lambda: None) -> None:
    """Answer requests until a signal comes; ``ready`` is called once, when it does."""
    Server(app, ready).run(sockets=[listener])
