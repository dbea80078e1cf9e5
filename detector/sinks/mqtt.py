"""Publishes events to an MQTT broker: QoS 1, with a will that tells when the service is away."""

import asyncio
import contextlib
import logging
import ssl
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, PositiveFloat

from detector.delivery import Answer, Delivery, Outcome
from detector.errors import ConfigError, Problem
from detector.sinks.base import SecretSource, SinkSettings

if TYPE_CHECKING:
    import aiomqtt

LOG = logging.getLogger(__name__)


class MqttSettings(SinkSettings):
    """An MQTT 3.1.1 broker; needs the extra ``mqtt``.

    Events go to ``<prefix>/events``; ``<prefix>/available`` holds ``online`` or ``offline``
    (retained), which the broker sets itself when the service is gone.
    """

    kind: Literal["mqtt"] = "mqtt"
    host: str
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    username: str | None = None
    password: SecretSource | None = None
    tls: bool = False
    ca_file: Path | None = None
    prefix: Annotated[str, Field(pattern=r"^[^+#/\x00][^+#\x00]*[^+#/\x00]$")] = "detector"
    client_id: Annotated[str, Field(min_length=1)] | None = None
    """Must be unique on the broker; ``<prefix>-<sink>`` unless given."""
    reconnect_s: PositiveFloat = 5.0


class MqttSink:
    """Keeps one connection and publishes through it."""

    def __init__(self, name: str, settings: MqttSettings) -> None:
        """Read the password; raises ConfigError if it, or the extra ``mqtt``, is missing."""
        self.name = name
        self.settings = settings
        where = f"sinks.{name}"
        try:
            import aiomqtt  # noqa: PLC0415  (an extra)
        except ImportError:
            raise ConfigError(
                Problem(f"{where}.kind", "the extra mqtt to be installed", "it missing")
            ) from None
        self._aiomqtt = aiomqtt
        password = settings.password
        self._password = None if password is None else password.read(f"{where}.password")
        self._tls = _tls(settings, f"{where}.ca_file")
        self._available = f"{settings.prefix}/available"
        self._client: aiomqtt.Client | None = None
        self._connected = asyncio.Event()
        self._why_not = "not connected yet"
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to connect, and to connect again whenever the connection breaks."""
        self._connected = asyncio.Event()  # of the loop that runs now
        self._keeper = asyncio.create_task(self._keep_connected())

    async def close(self) -> None:
        """Say goodbye and disconnect."""
        client, keeper = self._client, self._keeper
        if client is not None:
            with contextlib.suppress(self._aiomqtt.MqttError, TimeoutError):
                async with asyncio.timeout(self.settings.timeout_s):
                    await client.publish(self._available, "offline", qos=1, retain=True)
        if keeper is not None:
            keeper.cancel()
            await asyncio.wait({keeper})

    async def send(self, delivery: Delivery) -> Outcome:
        """Publish the event and wait until the broker confirms it."""
        began_s = time.monotonic()
        try:
            async with asyncio.timeout(self.settings.timeout_s):
                outcome = await self._publish(delivery)
        except TimeoutError:
            reason = "no confirmation" if self._connected.is_set() else self._why_not
            outcome = Outcome(Answer.UNREACHED, f"{reason} within {self.settings.timeout_s:g} s")
        return replace(outcome, took_s=round(time.monotonic() - began_s, 4))

    async def _publish(self, delivery: Delivery) -> Outcome:
        await self._connected.wait()
        if self._client is None:
            return Outcome(Answer.UNREACHED, self._why_not)
        topic = f"{self.settings.prefix}/events"
        try:
            await self._client.publish(topic, delivery.body, qos=1)
        except self._aiomqtt.MqttError as error:
            return Outcome(Answer.UNREACHED, f"{error}")
        broker = f"mqtt://{self.settings.host}:{self.settings.port}"
        return Outcome(Answer.ACCEPTED, "confirmed by the broker", recipient=broker)

    async def _keep_connected(self) -> None:
        while True:
            try:
                async with self._new_client() as client:
                    await client.publish(self._available, "online", qos=1, retain=True)
                    self._client = client
                    self._connected.set()
                    async for _ in client.messages:  # nothing is subscribed: ends when it breaks
                        pass
            except self._aiomqtt.MqttError as error:
                self._why_not = f"{self.settings.host}:{self.settings.port}: {error}"
                LOG.debug("sink %s: %s", self.name, self._why_not)
            finally:
                self._connected.clear()
                self._client = None
            await asyncio.sleep(self.settings.reconnect_s)

    def _new_client(self) -> "aiomqtt.Client":
        settings = self.settings
        return self._aiomqtt.Client(
            settings.host,
            settings.port,
            username=settings.username,
            password=self._password,
            identifier=settings.client_id or f"{settings.prefix}-{self.name}",
            will=self._aiomqtt.Will(self._available, "offline", qos=1, retain=True),
            timeout=settings.timeout_s,
            tls_context=self._tls,
        )


def _tls(settings: MqttSettings, where: str) -> ssl.SSLContext | None:
    if not settings.tls:
        return None
    ca_file = settings.ca_file
    try:
        return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except (OSError, ssl.SSLError) as error:
        found = f"{ca_file}: {error.strerror or error}"
        raise ConfigError(Problem(where, "a file of certificates (PEM)", found)) from error
