"""Deliveries to upstream systems: what waits, what was given up, and trying again."""

import time
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from detector.api.auth import Admin, Reader
from detector.api.delivery_models import DeliveryOut, DeliveryPage
from detector.api.dependencies import Events
from detector.api.problems import responses
from detector.api.routes.events import Count
from detector.delivery import DeliveryState

router = APIRouter(prefix="/deliveries", tags=["deliveries"])

RowId = Annotated[Count, Path(description="of a delivery")]


class DeliveryFilter(BaseModel):
    """Which deliveries."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: DeliveryState | None = None
    sink: str | None = None
    before_id: Count | None = Field(default=None, description="cursor of the previous page")
    limit: int = Field(default=100, ge=1, le=1000)


@router.get("", responses=responses())
def list_deliveries(
    store: Events, _caller: Reader, wanted: Annotated[DeliveryFilter, Query()]
) -> DeliveryPage:
    """Give deliveries, newest first."""
    found = store.deliveries(wanted.state, wanted.sink, wanted.before_id, wanted.limit)
    full = len(found) == wanted.limit
    return DeliveryPage(
        deliveries=[DeliveryOut.of(delivery) for delivery in found],
        next_before_id=found[-1].id if full else None,
    )


@router.post("/{delivery_id}/retry", responses=responses(404, 409))
def retry_delivery(store: Events, _caller: Admin, delivery_id: RowId) -> DeliveryOut:
    """Make a dead or waiting delivery due at once, with its schedule begun anew."""
    return DeliveryOut.of(store.retry(delivery_id, now=time.time()))
