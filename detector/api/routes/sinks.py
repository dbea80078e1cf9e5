"""Sinks: what waits for each upstream system, how it takes events, and enabling it again."""

from typing import Annotated

from fastapi import APIRouter, Path

from detector.api.auth import Admin, Reader
from detector.api.delivery_models import SinkList, SinkOut
from detector.api.dependencies import Service
from detector.api.ports import ServiceView
from detector.api.problems import responses
from detector.errors import UnknownRecord
from detector.store.records import SinkStatus

router = APIRouter(prefix="/sinks", tags=["deliveries"])

SinkName = Annotated[str, Path(description="of a sink")]


@router.get("", responses=responses())
def list_sinks(service: Service, _caller: Reader) -> SinkList:
    """Give every sink with its backlog and how it takes events."""
    return SinkList(sinks=list(_sinks(service).values()))


@router.post("/{name}/enable", responses=responses(404))
def enable_sink(service: Service, _caller: Admin, name: SinkName) -> SinkOut:
    """Use a disabled or paused sink again; what waited for it is sent now."""
    known = _sinks(service)
    if name not in known:
        raise UnknownRecord(f"sink: expected one of {', '.join(known) or 'none'}, found {name}")
    service.store.enable_sink(name)
    return _sinks(service)[name]


def _sinks(service: ServiceView) -> dict[str, SinkOut]:
    stored = {status.sink: status for status in service.store.sinks()}
    configured = {health.sink: health for health in service.sink_health()}
    return {
        name: SinkOut.of(stored.get(name, SinkStatus(sink=name)), configured.get(name))
        for name in configured | stored
    }
