"""The published description is the one that is served, and it is complete."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from detector.api.app import PREFIX, openapi_document
from tests.shown_service import Client

DOCS = Path(__file__).parents[3] / "docs"
HOW = "write it anew: python -m detector.api > docs/openapi.json"
IDENTIFYING = ("face", "gait", "embedding", "identity", "biometric", "ethnic", "gender", "emotion")


@pytest.fixture(scope="module")
def document() -> dict[str, object]:
    return openapi_document()


def operations(document: dict[str, object]) -> list[tuple[str, str, dict[str, object]]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_the_description_in_the_docs_is_current(document: dict[str, object]) -> None:
    written = json.loads((DOCS / "openapi.json").read_text("utf-8"))
    assert written == json.loads(json.dumps(document)), HOW


def test_the_served_description_is_the_same(client: Client, document: dict[str, object]) -> None:
    served = client.get(f"{PREFIX}/openapi.json").json()
    assert served == json.loads(json.dumps(document))
    assert served["openapi"].startswith("3.1")


def test_every_route_says_what_it_does_and_which_problems_it_has(
    document: dict[str, object],
) -> None:
    for path, method, operation in operations(document):
        assert operation["description"], (path, method)
        if path.startswith("/health"):
            continue
        assert operation["security"] == [{"HTTPBearer": []}], path
        problem = operation["responses"]["401"]["content"]["application/problem+json"]
        assert problem["schema"] == {"$ref": "#/components/schemas/ProblemDetails"}


def test_every_reference_leads_somewhere(document: dict[str, object]) -> None:
    schemas = document["components"]["schemas"]
    text = json.dumps(document)
    for part in text.split('"#/components/schemas/')[1:]:
        assert part.split('"')[0] in schemas


def test_the_webhook_that_sinks_receive_is_described(document: dict[str, object]) -> None:
    webhook = document["webhooks"]["event"]["post"]
    headers = {parameter["name"] for parameter in webhook["parameters"]}
    assert headers == {"webhook-id", "webhook-timestamp", "webhook-signature"}


def test_problems_satisfy_their_description(client: Client, document: dict[str, object]) -> None:
    answer = client.get("/api/v1/events?limit=0&labels=dog")
    schema = {
        "$ref": "#/components/schemas/ProblemDetails",
        "components": document["components"],
    }
    jsonschema.validate(answer.json(), schema)


def test_nothing_in_the_description_is_about_who_somebody_is(
    document: dict[str, object],
) -> None:
    text = json.dumps(document).lower()
    for word in IDENTIFYING:
        assert word not in text, word


def test_the_guide_tells_every_path_and_no_other(document: dict[str, object]) -> None:
    guide = (DOCS / "api.md").read_text("utf-8")
    told = set(re.findall(r"^\| (GET|POST) `(\S+)` \|", guide, re.MULTILINE))
    assert told == {
        (method.upper(), re.sub(r"\{\w+_id\}", "{id}", path.removeprefix(PREFIX)))
        for path, method, _ in operations(document)
    }


def test_the_guide_tells_every_metric_and_no_other(client: Client) -> None:
    guide = (DOCS / "api.md").read_text("utf-8")
    published = re.findall(r"^# TYPE (\S+) ", client.get("/metrics").text, re.MULTILINE)
    assert set(re.findall(r"`(perimeter_\w+)", guide)) == set(published)
