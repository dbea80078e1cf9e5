"""The OpenAPI 3.1 description: routes, webhooks, problems."""

from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Header

from detector.api.problems import InvalidPart, ProblemDetails
from detector.events import Event

ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "taken; any 2xx will do"},
    410: {"description": "not wanted any more: the sink is switched off"},
    "4XX": {"description": "not taken: tried again, for a while"},
    "5XX": {"description": "not taken: tried again on the schedule"},
}
webhooks = APIRouter()


@webhooks.post("event", responses=ANSWERS)
def event_webhook(
    event: Event,
    webhook_id: Annotated[str, Header(description="the same on every attempt: drop repetitions")],
    webhook_timestamp: Annotated[int, Header(description="of this attempt, UTC epoch seconds")],
    webhook_signature: Annotated[str, Header(description="v1,<base64 HMAC-SHA256>, one or more")],
) -> None:
    """One event, sent to every webhook sink until it answers 2xx (Standard Webhooks 1.0).

    The signature is over ``{webhook-id}.{webhook-timestamp}.{body}``. Events of one incident come
    in order; 410 switches the sink off; ``Retry-After`` is obeyed.
    """


class DescribedApp(FastAPI):
    """An application whose description holds its problems too."""

    def openapi(self) -> dict[str, Any]:
        """Give the OpenAPI description."""
        if self.openapi_schema is None:
            schema = super().openapi()
            for model in (ProblemDetails, InvalidPart):
                own = model.model_json_schema(ref_template="#/components/schemas/{model}")
                own.pop("$defs", None)
                schema["components"]["schemas"][model.__name__] = own
        return super().openapi()
