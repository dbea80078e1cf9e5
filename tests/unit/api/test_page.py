"""The status page is a few files that ask for nothing from outside."""

import re

import pytest

from tests.shown_service import Client

SCRIPTS = ("/page/page.js", "/page/clips.js", "/page/watching.js")
PARTS = ("/", *SCRIPTS, "/page/page.css", "/page/icon.svg")


@pytest.mark.parametrize("path", PARTS)
def test_every_part_is_given_with_its_type_and_checked_for_change(
    client: Client, path: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    kinds = {"/": "html", "js": "javascript", "css": "css", "svg": "svg"}
    kind = kinds[path.rpartition(".")[2]]
    assert kind in answer.headers["content-type"]
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", PARTS)
def test_no_part_names_another_server(client: Client, path: str) -> None:
    text = client.get(path).text.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"(https?:)?//[a-z0-9-]+\.", text)


def test_the_page_runs_under_a_policy_that_forbids_inline_code(client: Client) -> None:
    answer = client.get("/")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", answer.text)


@pytest.mark.parametrize("path", SCRIPTS)
def test_no_script_ever_turns_text_into_markup(client: Client, path: str) -> None:
    script = client.get(path).text
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way not in script


def test_the_page_tells_people_that_a_detection_can_be_wrong(client: Client) -> None:
    assert "A detection can be wrong" in client.get("/").text


@pytest.mark.parametrize("path", PARTS)
def test_no_part_judges_the_people_it_shows(client: Client, path: str) -> None:
    text = client.get(path).text.lower()
    for judging in ("intruder", "illegal", "suspect", "migrant", "offender"):
        assert judging not in text
