"""Posts events to an incident system, signed as Standard Webhooks 1.0 says.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import asyncio
import base64
import binascii
import ssl
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Annotated, Literal

import httpx
from pydantic import AnyHttpUrl, Field, field_validator
from standardwebhooks import Webhook

from detector import __version__
from detector.delivery import Answer, Delivery, Outcome
from detector.errors import ConfigError, Problem
from detector.sinks.addresses import AllowList, resolve
from detector.sinks.base import SecretSource, SinkSettings

GONE = 410
UNACCEPTABLE = frozenset({400, 413, 415, 422})
AWAY = frozenset({502, 503, 504})
THROTTLING = AWAY | {429}
LONGEST_PAUSE_S = 86400.0
READ_AT_MOST_BYTES = 65536
EXCERPT = 160
SECRET_BYTES = range(24, 65)


class WebhookSettings(SinkSettings):
    """A receiver of CloudEvents over HTTP."""

    kind: Literal["webhook"] = "webhook"
    url: AnyHttpUrl
    secrets: Annotated[tuple[SecretSource, ...], Field(min_length=1, max_length=2)]
    """``whsec_`` keys; two while one is being replaced: each request then has both signatures."""
    bearer: SecretSource | None = None
    allow: tuple[str, ...] = ()
    """Host names, addresses and ranges that may be contacted; empty: the host of ``url``."""
    ca_file: Path | None = None
    """Certificates of an authority of the site's own."""

    @field_validator("url")
    @classmethod
    def _no_password(cls, url: AnyHttpUrl) -> AnyHttpUrl:
        if url.username or url.password:
            raise ValueError("expected no user and password in the address; use bearer")
        return url

    @field_validator("allow")
    @classmethod
    def _readable(cls, entries: tuple[str, ...]) -> tuple[str, ...]:
        AllowList.parse(entries)
        return entries


class WebhookSink:
    """Sends each event as one signed POST; holds a pool of connections."""

    def __init__(self, name: str, settings: WebhookSettings) -> None:
        """Read the secrets; raises ConfigError if one is missing or no Standard Webhooks key."""
        self.name = name
        self.settings = settings
        where = f"sinks.{name}"
        self._signers = tuple(
            _signer(source, f"{where}.secrets.{number}")
            for number, source in enumerate(settings.secrets)
        )
        bearer = settings.bearer
        self._bearer = None if bearer is None else bearer.read(f"{where}.bearer")
        self._url = httpx.URL(str(settings.url))
        self._recipient = f"{self._url.scheme}://{self._url.netloc.decode()}"
        self._allow = AllowList.parse(settings.allow)
        self._tls = _tls(settings.ca_file, f"{where}.ca_file")
        self._client: httpx.AsyncClient | None = None

    async def start(self) -> None:
        """Make the pool of connections."""
        limits = httpx.Limits(max_connections=self.settings.concurrency)
        self._client = httpx.AsyncClient(
            verify=self._tls,
            limits=limits,
            timeout=self.settings.timeout_s,
            follow_redirects=False,
            trust_env=False,  # a proxy would resolve the name again, past the allow-list
        )

    async def close(self) -> None:
        """Close the pool."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def send(self, delivery: Delivery) -> Outcome:
        """Post the event to the first permitted address that answers."""
        began_s = time.monotonic()
        try:
            async with asyncio.timeout(self.settings.timeout_s):
                outcome = await self._attempt(delivery)
        except TimeoutError:
            outcome = _unreached(f"no answer within {self.settings.timeout_s:g} s")
        took_s = round(time.monotonic() - began_s, 4)
        taken = outcome.answer is Answer.ACCEPTED
        return replace(outcome, took_s=took_s, recipient=self._recipient if taken else "")

    async def _attempt(self, delivery: Delivery) -> Outcome:
        host, port = self._url.host, self._url.port or {"https": 443}.get(self._url.scheme, 80)
        try:
            addresses = await resolve(host, port)
        except OSError as error:
            return _unreached(f"the name {host} cannot be resolved: {error.strerror or error}")
        permitted = [address for address in addresses if self._allow.permits(host, address)]
        if not permitted:
            detail = f"{host} resolved to {', '.join(addresses)}, which is not allowed"
            return Outcome(Answer.FAILED, detail)
        outcome = _unreached("no address")
        for address in permitted:
            try:
                return await self._post(delivery, address)
            except httpx.ConnectError as error:  # the next address may answer
                outcome = _unreached(_in_words(error))
            except httpx.TransportError as error:
                return _unreached(_in_words(error))
        return outcome

    async def _post(self, delivery: Delivery, address: str) -> Outcome:
        if self._client is None:
            raise RuntimeError(f"sink {self.name}: send before start")
        body = delivery.body
        headers = self._headers(str(delivery.event_id), body, datetime.now(UTC))
        async with self._client.stream(
            "POST",
            self._url.copy_with(host=address),  # the address that was checked, not the name again
            content=body.encode(),
            headers=headers,
            extensions={"sni_hostname": self._url.host},
        ) as response:
            text = await _beginning(response)
            return _outcome(response, text, time.time())

    def _headers(self, event_id: str, body: str, now: datetime) -> Mapping[str, str]:
        signatures = (signer.sign(event_id, now, body) for signer in self._signers)
        headers = {
            "host": self._url.netloc.decode(),
            "content-type": "application/cloudevents+json; charset=utf-8",
            "user-agent": f"barrier-detector/{__version__}",
            "webhook-id": event_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }
        if self._bearer is not None:
            headers["authorization"] = f"Bearer {self._bearer}"
        return headers


def _signer(source: SecretSource, where: str) -> Webhook:
    expected = "whsec_ and 24 to 64 bytes in base64"
    secret = source.read(where)
    if not secret.startswith("whsec_"):
        raise ConfigError(Problem(where, expected, "a secret without whsec_"))
    try:
        key = base64.b64decode(secret.removeprefix("whsec_") + "==")
    except binascii.Error:
        raise ConfigError(Problem(where, expected, "no base64")) from None
    if len(key) not in SECRET_BYTES:
        raise ConfigError(Problem(where, expected, f"{len(key)} bytes"))
    return Webhook(key)


def _tls(ca_file: Path | None, where: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except (OSError, ssl.SSLError) as error:
        found = f"{ca_file}: {error.strerror or error}"
        raise ConfigError(Problem(where, "a file of certificates (PEM)", found)) from error


async def _beginning(response: httpx.Response) -> str:
    """Read the answer, but not more than is reasonable for one."""
    content = b""
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > READ_AT_MOST_BYTES:
            break
    text = content[: 4 * EXCERPT].decode("utf-8", "replace")
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.split())[:EXCERPT]


def _outcome(response: httpx.Response, text: str, now: float) -> Outcome:
    status = response.status_code
    detail = f"HTTP {status}"
    if response.is_success:
        return Outcome(Answer.ACCEPTED, detail, status)
    if response.is_redirect:
        return Outcome(Answer.FAILED, f"{detail}: redirects are not followed", status)
    detail = f"{detail}: {text}" if text else detail
    if status == GONE:
        return Outcome(Answer.GONE, detail, status)
    if status in UNACCEPTABLE:
        return Outcome(Answer.REJECTED, detail, status)
    answer = Answer.UNREACHED if status in AWAY else Answer.FAILED
    asked = response.headers.get("retry-after") if status in THROTTLING else None
    return Outcome(answer, detail, status, None if asked is None else retry_after_s(asked, now))


def retry_after_s(value: str, now: float) -> float | None:
    """Read a Retry-After header (RFC 9110, 10.2.3): seconds or a date; at most a day.

    >>> retry_after_s("120", 0.0)
    120.0
    >>> retry_after_s("Thu, 01 Jan 1970 00:01:00 GMT", 45.0)
    15.0
    >>> retry_after_s("soon", 0.0) is None
    True
    """
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_PAUSE_S)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return min(max(date.timestamp() - now, 0.0), LONGEST_PAUSE_S)


def _unreached(detail: str) -> Outcome:
    return Outcome(Answer.UNREACHED, detail)


def _in_words(error: httpx.TransportError) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
