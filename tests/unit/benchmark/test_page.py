import re
import sys
from html.parser import HTMLParser

import pytest

from detector.benchmark.page import to_html
from detector.benchmark.plots import plots
from detector.errors import DetectorError
from tests.accuracy_report import FAILURES, ODD_NAME, make_empty_report, make_pass, make_report

VOID = {"meta", "img", "br", "link", "hr", "input"}
JPEG = b"\xff\xd8\xff\xe0 a picture \xff\xd9"


class Walk(HTMLParser):
    """Checks that tags are balanced; keeps what they refer to, their ids and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "action", "data", "srcset"):
                self.links.append(value or "")
            if name == "id":
                self.ids.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def walk(page: str) -> Walk:
    found = Walk()
    found.feed(page)
    found.close()
    assert found.open == []
    return found


@pytest.fixture(scope="module")
def page() -> str:
    return to_html(make_report(), {0: JPEG, 1: JPEG})


def test_the_page_is_whole(page: str) -> None:
    found = walk(page)
    assert found.tags.count("h1") == 1
    assert found.tags.count("svg") == len(plots(make_report())) == 7
    assert len(found.ids) == len(set(found.ids))


def test_the_page_needs_neither_network_nor_script(page: str) -> None:
    found = walk(page)
    assert not {"script", "link", "iframe", "object"} & set(found.tags)
    assert all(link.startswith(("#", "data:image/jpeg;base64,")) for link in found.links)
    assert "@import" not in page
    addresses = set(re.findall(r"https?://[^\"'\s)]+", page))
    assert addresses == {"http://www.w3.org/2000/svg"}  # the name of a language, never fetched
    assert all(match.startswith("#") for match in re.findall(r"url\(([^)]*)\)", page))


def test_every_link_within_the_page_leads_somewhere(page: str) -> None:
    found = walk(page)
    local = {link[1:] for link in found.links if link.startswith("#")}
    local |= set(re.findall(r"url\(#([^)]*)\)", page))
    assert local <= set(found.ids)


def test_the_page_begins_with_the_numbers_and_their_intervals(page: str) -> None:
    header = page.split("<header>")[1].split("</header>", maxsplit=1)[0]
    top = " ".join(walk(header).text.split())
    assert "Events told within 1 s 0.53 (0.41 to 0.66) 31 of 58 events" in top
    assert "Events told within 10 s 0.81 (0.69 to 0.89) 47 of 58 events" in top
    assert "False alarms per camera-hour 10 (3.7 to 22) 6 in 0.6 h" in top


def test_every_failure_has_its_card_with_a_picture_or_without(page: str) -> None:
    text = " ".join(walk(page).text.split())
    for failure in FAILURES:
        assert failure.note in text
    assert page.count("<img ") == 2
    assert page.count('<span class="chip') == 3
    assert "2 of 3 are shown as pictures" in text
    assert "Without a picture" in text


def test_names_are_text_and_never_markup(page: str) -> None:
    assert ODD_NAME not in page
    assert "gate &lt;b&gt;|1 $x$" in page
    assert "b" not in walk(page.split("<main>")[1].split("</main>", maxsplit=1)[0]).tags


def test_the_page_of_nothing_says_so() -> None:
    page = to_html(make_empty_report(), {})
    text = " ".join(walk(page).text.split())
    assert "No footage was scored" in text
    assert "No event was missed, and no alarm was false." in text
    assert "<img" not in page
    assert re.findall(r"\b(None|nan|inf)\b", text) == []


def test_there_is_no_plot_of_nothing() -> None:
    assert plots(make_empty_report()) == ()


def test_plots_of_one_point_and_one_pass_can_be_drawn() -> None:
    whole = make_pass()
    one = whole.model_copy(
        update={
            "curve": whole.curve.model_copy(
                update={"points": whole.curve.points[:1], "operational_alert": None}
            ),
            "by_kind": whole.by_kind[:1],
            "by_tag": whole.by_tag[4:],
            "by_height": whole.by_height[-1:],
        }
    )
    drawn = plots(make_report(detector=one, true_boxes=None))
    assert [p.section for p in drawn] == [
        "curve",
        "kinds",
        "windows",
        "windows",
        "conditions",
        "heights",
    ]
    for plot in drawn:
        walk(plot.svg)


def test_a_plot_writes_its_text_as_text_and_its_colours_as_the_pages() -> None:
    by_kind = next(p for p in plots(make_report()) if p.section == "kinds")
    assert ">barrier crossing</text>" in by_kind.svg
    assert "n = 12" in by_kind.svg
    assert "var(--series-1, #0072b2)" in by_kind.svg
    assert re.findall(r": #(?:14181d|4c5966|c3ccd5|0072b2|d55e00|000000)", by_kind.svg) == []


def test_a_tag_that_looks_like_markup_or_formula_is_drawn_as_it_is() -> None:
    whole = make_pass()
    odd = whole.by_tag[0].model_copy(update={"name": "<b> $x^2$ & so on"})
    report = make_report(detector=whole.model_copy(update={"by_tag": (odd,)}), true_boxes=None)
    (plot, _) = (p for p in plots(report) if p.section == "conditions")
    assert ">&lt;b&gt; $x^2$ &amp; so on</text>" in plot.svg


def test_the_same_report_gives_the_same_page(page: str) -> None:
    assert to_html(make_report(), {0: JPEG, 1: JPEG}) == page


@pytest.mark.parametrize("name", ["matplotlib", "jinja2"])
def test_a_missing_extra_is_named_with_the_way_to_get_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(DetectorError) as caught:
        to_html(make_report(), {})
    expected = f"detector bench needs {name}: pip install 'barrier-detector[bench]'"
    assert str(caught.value) == expected
