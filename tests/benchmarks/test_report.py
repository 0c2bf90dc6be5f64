"""The report is one valid, self-contained page whose numbers are those of the summary."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from edgeopt.benchmarks.aggregate import CaseSummary, Interval, PolicySummary
from edgeopt.benchmarks.gaps import OnlineSummary, PolicyGap
from edgeopt.benchmarks.ladders import LadderRung, LadderSummary
from edgeopt.benchmarks.report import Timeline, report_page

VOID = {"meta", "br", "hr", "img", "input", "link"}
DRAWN = {"rect", "path"}


class Page(HTMLParser):
    """Collects tags, attributes and text, and notes tags that do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.broken: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.attributes.extend((tag, name, value) for name, value in attributes)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.attributes.extend((tag, name, value) for name, value in attributes)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.broken.append(tag)

    def handle_data(self, text: str) -> None:
        self.words.append(text.strip())


def summary(name: str = "hotset-small") -> CaseSummary:
    def made(policy: str, cost: float, captured: float, clairvoyant: bool = False) -> PolicySummary:
        return PolicySummary(
            policy=policy,
            clairvoyant=clairvoyant,
            cost=cost,
            terms={
                "switching": 0.25 * cost,
                "transmission": 0.0,
                "computation": 0.0,
                "accuracy": 0.0,
                "cloud": 0.75 * cost,
            },
            ratio=Interval(cost / 100, cost / 100 - 0.011, cost / 100 + 0.012),
            captured=Interval(captured, captured - 0.021, captured + 0.022),
            gap_to_bound=cost / 98 - 1,
            mean_accuracy=0.777,
        )

    policies = (
        made("reference", 100.0, 1.0, clairvoyant=True),
        made("<lru> & co", 123.4, 0.766),
        made("cloud-only", 200.0, 0.0),
        made("awful", 450.0, -2.5),
    )
    return CaseSummary(name, 10, 7, 200.0, 100.0, 98.0, 2.0, 1.01, policies)


TIMELINE = Timeline(
    "edge <0>",
    ("llm-a", "llm-b"),
    ["..zz", "aaaa"],
    {"reference": ["..az", "amz."], "<lru> & co": ["a.a.", "...."]},
)
PROVENANCE = {
    "edgeopt": "0.1.0",
    "code": "ab" * 32,
    "python": "3.11",
    "platform": "here",
    "packages": {"numpy": "2.0", "pulp": None},
    "command": ["edgeopt", "benchmark", "--out", "a b"],
    "settings": {"seeds": 10},
    "instances": [{"instance": "hotset-small", "seed": 0, "digest": "cd" * 32}],
    "tuned": {"hotset-small": {"lru": {"threshold": 3}}},
}


GAPS = (
    PolicyGap("<lru> & co", 123.4, 3.0, 25.4, 13.0, 2.0, 10.4, 2.0, 0.488),
    PolicyGap("lucky", 108.0, 3.0, 10.0, -2.4, 2.0, 10.4, 2.0, 1.24),
)
RUNGS = (
    LadderRung("compact", "bound", 80.0, 0.1, 20.0, True),
    LadderRung("<hull>", "bound", 90.0, 9.0, 10.0, False),
    LadderRung("optimum", "optimum", 100.0, 0.2, 0.0, True),
)


def full() -> CaseSummary:
    """A case with all the optional parts."""
    online = OnlineSummary(None, 24, 23, 110.4, 1.0, 98.0, 100.0, 12.4, 1.5, GAPS)
    return replace(summary("decoy-small"), online=online, ladder=LadderSummary(None, 100.0, "ab" * 32, RUNGS))


@pytest.fixture(scope="module")
def text() -> str:
    return report_page([summary(), full()], PROVENANCE, [TIMELINE, TIMELINE])


def test_optional_parts_are_on_the_page(text: str) -> None:
    words = Page(text).words
    for number in ("25.4 %", "13.0 ± 2.0 %", "10.4 %", "49 %", "-2.4 ± 2.0 %", "100 %", "20.000 %"):
        assert number in words
    assert "<hull> (out of time)" in words
    # the bar of a policy below the bound is as long as its gap: slack 2, foresight 8 of the widest 25.4
    assert 'class="foresight" style="width:31.50%"' in text
    assert text.count('class="left"') == 1 + 1  # its key, and the bar of the other policy


def test_tags_nest_and_ids_are_unique(text: str) -> None:
    page = Page(text)
    assert page.broken == []
    assert page.open == []
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_nothing_is_fetched_and_nothing_runs(text: str) -> None:
    page = Page(text)
    links = [
        value or ""
        for _, name, value in page.attributes
        if name in {"src", "href", "xlink:href", "srcset", "data"}
    ]
    assert links
    assert all(link.startswith(("#", "data:image/svg+xml;base64,")) for link in links)
    assert not re.search(r"https?:|url\(|@import|<script|<link|<iframe| on\w+=", text)


def test_every_link_has_its_target(text: str) -> None:
    page = Page(text)
    ids = {value for _, name, value in page.attributes if name == "id"}
    assert {value for _, name, value in page.attributes if name == "href" and value} <= {
        f"#{one}" for one in ids
    }


def test_names_are_escaped(text: str) -> None:
    assert "<lru>" not in text
    assert "<lru> & co" in Page(text).words
    assert any("edge <0>" in words for words in Page(text).words)


def test_numbers_are_those_of_the_summary(text: str) -> None:
    words = Page(text).words
    for number in (
        "123.4",
        "1.234",
        "[1.223, 1.246]",
        "25.9 %",
        "76.6 %",
        "[74.5, 78.8]",
        "-250.0 %",
        "0.777",
    ):
        assert number in words


def test_findings_come_first_and_warn(text: str) -> None:
    body = " ".join(words for words in Page(text[text.index("<body>") :]).words if words)
    assert body.index("costs 23.4 % [22.3, 24.6] more than the best plan known") < body.index("10 test seeds")
    assert "proven optimal on 7 of 10 seeds and at most 2 % above the optimum on average" in body
    assert "This setting says nothing about a learner" not in body
    assert "this setting says nothing about a learner" in body


def test_timeline_draws_runs_and_losses(text: str) -> None:
    lanes = re.findall(r'<svg class="cache".*?</svg>', text, flags=re.DOTALL)[:2]
    # reference: ..az -> two runs; amz. -> three runs and one loss
    assert lanes[0].count("<rect x=") == 5
    assert lanes[0].count('class="loss"') == 1
    assert 'd="M3 10v10"' in lanes[0]
    # a.a. -> two runs without context, so nothing is lost
    assert lanes[1].count("<rect x=") == 2
    assert lanes[1].count('class="loss"') == 0
    assert "loads: 2, contexts lost: 1" in text


def test_equal_input_gives_equal_bytes(text: str) -> None:
    assert text == report_page([summary(), full()], PROVENANCE, [TIMELINE, TIMELINE])
