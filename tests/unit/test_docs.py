import re
from pathlib import Path

import pytest

from detector.cli import parse
from detector.events import EVIDENCE_KINDS, VIEW_KINDS, EventData, EventKind
from detector.types import RuleKind

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    p for p in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("models/*/README.md")]
)
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    missing = [
        link for link in LINK.findall(page.read_text("utf-8")) if not (page.parent / link).exists()
    ]
    assert missing == []


def test_every_command_is_in_the_readme_or_the_docs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"])
    commands = re.findall(r"^    (\w+)", capsys.readouterr().out, re.MULTILINE)
    assert len(commands) >= 6
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    assert [c for c in commands if f"detector {c}" not in text] == []


def test_every_rule_has_its_chapter() -> None:
    text = (ROOT / "docs" / "rules.md").read_text("utf-8")
    assert [kind for kind in RuleKind if f"## {kind.value}" not in text] == []


def test_every_rule_is_a_kind_of_event() -> None:
    others = VIEW_KINDS | EVIDENCE_KINDS | {EventKind.INCIDENT}
    assert {kind.value for kind in RuleKind} == {kind.value for kind in set(EventKind) - others}


def test_every_field_of_an_event_is_described() -> None:
    text = (ROOT / "docs" / "events.md").read_text("utf-8")
    names = [field.alias or name for name, field in EventData.model_fields.items()]
    assert [name for name in names if f"`{name}`" not in text] == []
