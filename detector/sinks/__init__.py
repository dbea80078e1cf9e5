"""Where events go: one file per kind of upstream system and one line in this table."""

from typing import Annotated

from pydantic import Field

from detector.sinks.base import Sink
from detector.sinks.log import LogSettings, LogSink
from detector.sinks.mqtt import MqttSettings, MqttSink
from detector.sinks.webhook import WebhookSettings, WebhookSink

AnySinkSettings = Annotated[
    LogSettings | MqttSettings | WebhookSettings, Field(discriminator="kind")
]


def make_sink(name: str, settings: AnySinkSettings) -> Sink:
    """Build the sink ``name`` of the configuration.

    Raises:
        ConfigError: a secret, a file or an extra it needs is missing.
    """
    match settings:
        case LogSettings():
            return LogSink(name, settings)
        case MqttSettings():
            return MqttSink(name, settings)
        case WebhookSettings():
            return WebhookSink(name, settings)
