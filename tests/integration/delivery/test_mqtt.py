import asyncio
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import aiomqtt
import pytest
from amqtt.broker import Broker

from detector.delivery import Answer
from detector.events import Event
from detector.sinks.mqtt import MqttSettings, MqttSink
from tests.receiver import free_port
from tests.rig import QUICK_RETRY, Rig, until

logging.getLogger("amqtt").setLevel(logging.CRITICAL)
logging.getLogger("transitions").setLevel(logging.CRITICAL)


@contextmanager
def in_a_loop_of_its_own() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@contextmanager
def broker_on(port: int) -> Iterator[None]:
    config = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    with in_a_loop_of_its_own() as loop:

        async def start() -> Broker:
            broker = Broker(config)
            await broker.start()
            return broker

        broker = asyncio.run_coroutine_threadsafe(start(), loop).result(20)
        try:
            yield
        finally:
            asyncio.run_coroutine_threadsafe(broker.shutdown(), loop).result(20)


class Subscriber:
    """Takes everything below ``detector/`` from a broker."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.got: list[tuple[str, str]] = []
        self.subscribed = threading.Event()
        self.task: asyncio.Task[None] | None = None

    async def listen(self) -> None:
        async with aiomqtt.Client("127.0.0.1", self.port, timeout=5) as client:
            await client.subscribe("detector/#", qos=1)
            self.subscribed.set()
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                self.got.append((message.topic.value, message.payload.decode()))

    def payloads(self, topic: str) -> list[str]:
        return [payload for found, payload in self.got if found == topic]


@contextmanager
def subscribed(port: int) -> Iterator[Subscriber]:
    subscriber = Subscriber(port)
    with in_a_loop_of_its_own() as loop:
        future = asyncio.run_coroutine_threadsafe(subscriber.listen(), loop)
        assert subscriber.subscribed.wait(20)
        yield subscriber
        future.cancel()
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.1), loop).result(5)


@pytest.fixture
def port() -> int:
    return free_port()


def sink_for(port: int) -> MqttSink:
    settings = MqttSettings(
        host="127.0.0.1", port=port, timeout_s=2, reconnect_s=0.1, retry=QUICK_RETRY, concurrency=1
    )
    return MqttSink("hook", settings)


def test_events_are_published_in_order_between_online_and_offline(rig: Rig, port: int) -> None:
    with broker_on(port), subscribed(port) as subscriber:
        dispatcher = rig.deliver(sink_for(port))
        rig.happen(1, 5)
        rig.until_delivered(5)
        until(lambda: len(subscriber.payloads("detector/events")) == 5)
        bodies = subscriber.payloads("detector/events")
        assert [Event.model_validate_json(body).seq for body in bodies] == [1, 2, 3, 4, 5]
        assert bodies[0] == rig.store.deliveries()[-1].body
        dispatcher.stop()
        until(lambda: subscriber.payloads("detector/available") == ["online", "offline"])


def test_a_broker_that_is_away_gets_everything_when_it_comes_back(rig: Rig, port: int) -> None:
    dispatcher = rig.deliver(sink_for(port))
    rig.happen(1, 3)
    until(lambda: dispatcher.health()[0].failed)
    (*_, first) = rig.store.deliveries()
    assert first.last_answer is Answer.UNREACHED
    assert f"127.0.0.1:{port}" in first.last_detail
    with broker_on(port):
        rig.until_delivered(3)
    rig.happen(4, 4)
    with broker_on(port), subscribed(port) as subscriber:
        rig.until_delivered(4)
        until(lambda: subscriber.payloads("detector/events"))
        assert json.loads(subscriber.payloads("detector/events")[-1])["sequence"].endswith("4")


def test_the_sink_works_again_in_a_new_event_loop(rig: Rig, port: int) -> None:
    sink = sink_for(port)
    with broker_on(port):
        for number in (1, 2):
            dispatcher = rig.deliver(sink)
            rig.happen(number, number)
            rig.until_delivered(number)
            dispatcher.stop()


def test_the_broker_says_offline_when_the_service_is_killed(port: int) -> None:
    program = f"""
import asyncio
from detector.sinks.mqtt import MqttSettings, MqttSink

async def serve():
    await MqttSink("hook", MqttSettings(host="127.0.0.1", port={port})).start()
    await asyncio.sleep(60)

asyncio.run(serve())
"""
    with broker_on(port), subscribed(port) as subscriber:
        with subprocess.Popen([sys.executable, "-c", program]) as service:
            until(lambda: subscriber.payloads("detector/available") == ["online"])
            service.kill()
        until(lambda: subscriber.payloads("detector/available") == ["online", "offline"])
