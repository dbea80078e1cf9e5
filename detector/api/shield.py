"""The outermost layer: foreign names and huge bodies out, security headers on, errors caught."""

import logging
import re
from collections.abc import Iterable
from urllib.parse import urlsplit
from uuid import uuid4

from sse_starlette.sse import SendTimeoutError
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from detector.api.problems import problem_response

MOST_BODY_BYTES = 64 * 1024
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "media-src blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_log = logging.getLogger(__name__)


class Shield:
    """ASGI middleware around everything.

    A page of the open web can point its own name at 127.0.0.1 and so reach services of this machine
    through its users' browsers (DNS rebinding); what stays wrong in such a request is the ``Host``.

    Args:
        app: the application.
        hosts: host names that are served, ``*.example.org`` for subdomains; empty serves all.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = ()) -> None:
        self._app = app
        self._hosts = tuple(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, started = Headers(scope=scope), False
        trace_id = trace_id_of(headers.get("traceparent", ""))
        scope.setdefault("state", {})["trace_id"] = trace_id

        async def send_on(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                answer = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    answer.setdefault(name, value)
            await send(message)

        refusal = self._refusal(headers)
        if refusal is not None:
            await problem_response(*refusal, scope["path"])(scope, receive, send_on)
            return
        try:
            await self._app(scope, receive, send_on)
        except SendTimeoutError:
            _log.info("gave up a client that does not read: %s", scope["path"])
        except Exception:
            if started:
                raise  # too late for an answer: the server logs it and breaks the connection off
            _log.exception("%s %s failed [trace %s]", scope["method"], scope["path"], trace_id)
            detail = "unexpected error; the log of the service has it under the trace_id"
            answer = problem_response(500, detail, scope["path"], trace_id=trace_id)
            await answer(scope, receive, send_on)

    def _refusal(self, headers: Headers) -> tuple[int, str] | None:
        """Status and detail of the answer to a request that is not even looked at."""
        if not self._serves(headers.get("host", "")):
            return 421, "expected a host name that this service was set up for (api.allowed_hosts)"
        if "transfer-encoding" in headers:
            return 411, "expected a body of known length"
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > MOST_BODY_BYTES:
            return 413, f"expected a body of at most {MOST_BODY_BYTES} bytes, found {length}"
        return None

    def _serves(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return not self._hosts or any(
            name == served or (served.startswith("*.") and name.endswith(served[1:]))
            for served in self._hosts
        )


def trace_id_of(traceparent: str) -> str:
    """Give the caller's W3C trace id, or a new one.

    >>> trace_id_of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    '4bf92f3577b34da6a3ce929d0e0e4736'
    """
    given = _TRACEPARENT.fullmatch(traceparent)
    return given[1] if given else uuid4().hex
