"""The report is one valid, self-contained page whose numbers are those of the summary."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from report_sample import AUCTION, HOSTILE, LADDER, RUNGS, sample_page, summary

from edgeopt.benchmarks.curves import curves
from edgeopt.benchmarks.report.auction import auction_section
from edgeopt.benchmarks.report.ladder import ladder_section
from edgeopt.benchmarks.words import overview

VOID = {"meta", "br", "hr", "img", "input", "link"}
LOADING = {"src", "href", "xlink:href", "srcset", "data", "action", "poster"}


class Page(HTMLParser):
    """Collects tags, attributes and text, and notes tags that do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.broken: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.extend((tag, name, value) for name, value in attributes)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.broken.append(tag)

    def handle_data(self, text: str) -> None:
        (self.scripts if self.open[-1:] == ["script"] else self.words).append(text.strip())


@pytest.fixture(scope="module")
def text() -> str:
    return sample_page()


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_optional_parts_are_on_the_page(page: Page, text: str) -> None:
    for number in ("25.4 %", "13.0 ± 2.0 %", "10.4 %", "49 %", "-2.4 ± 2.0 %", "100 %", "20.000 %"):
        assert number in page.words
    assert "<hull> (out of time)" in page.words
    # the bar of a policy below the bound is as long as its gap: slack 2, foresight 8 of the widest 25.4
    assert 'class="foresight" style="width:31.50%"' in text
    assert text.count('class="left"') == 1 + 1  # its key, and the bar of the other policy


def test_tags_nest_and_ids_are_unique(page: Page) -> None:
    assert page.broken == []
    assert page.open == []
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_nothing_is_fetched_and_only_its_own_script_may_run(page: Page, text: str) -> None:
    links = [value or "" for _, name, value in page.attributes if name in LOADING]
    assert links
    assert all(link.startswith("#") for link in links)
    assert not {"link", "iframe", "img", "object", "embed", "base", "form"} & set(page.tags)
    assert not any(name.startswith("on") for _, name, _ in page.attributes)
    assert not re.search(
        r"url\(|@import|\bimport\(|\bfetch\(|XMLHttpRequest|WebSocket|innerHTML|eval\(", text
    )
    rule = next(
        value or "" for _, name, value in page.attributes if name == "content" and "default-src" in str(value)
    )
    script = text[text.rindex("<script>") + len("<script>") : text.rindex("</script>")]
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert rule == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def test_every_link_has_its_target(page: Page) -> None:
    ids = {value for _, name, value in page.attributes if name == "id"}
    assert {value for _, name, value in page.attributes if name == "href" and value} <= {
        f"#{one}" for one in ids
    }


def test_names_are_escaped_and_the_data_cannot_end_its_element(page: Page, text: str) -> None:
    assert page.tags.count("script") == 2
    assert "<img" not in text
    assert HOSTILE in page.words
    assert any("edge <0>" in words for words in page.words)
    data = json.loads(page.scripts[0])
    assert data["cases"][0]["rows"][1][0] == HOSTILE
    assert data["cases"][1]["curves"]["marks"] == [[2, "shift <b>"]]
    assert not set("<>&") & set(page.scripts[0])


def test_numbers_are_those_of_the_summary(page: Page, text: str) -> None:
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
        assert number in page.words
    assert f'data-value="{123.4 / 98 - 1!r}"' in text
    assert "3.25" not in text, "wall times are left out, so that equal runs give equal pages"


def test_the_summary_comes_first_and_warns(page: Page, text: str) -> None:
    body = " ".join(words for words in Page(text[text.index("<body>") :]).words if words)
    lead = (
        "On 2 cases the cheapest online policy costs 23.4 % to 23.4 % more than the best plans known, 14 of"
    )
    assert body.index(lead) < body.index("costs 23.4 % [22.3, 24.6] more than") < body.index("10 test seeds")
    assert "proven optimal on 7 of 10 seeds and at most 2 % above the optimum on average" in body
    assert "This setting says nothing about a learner" not in body
    assert "this setting says nothing about a learner" in body


def test_the_lead_of_one_case_is_its_finding_and_of_proven_ones_says_so() -> None:
    assert overview([summary()]).startswith("On hotset-small the cheapest online policy, ")
    assert "all 20 of which are proven optimal" in overview([replace(summary(), proven=10)] * 2)


def test_equal_input_gives_equal_bytes(text: str) -> None:
    assert text == sample_page()


def test_rungs_stand_where_their_distance_says() -> None:
    shown = ladder_section(LADDER, "here")
    places = [float(place) for place in re.findall(r'class="mark [a-z ]+" style="left:([\d.]+)%', shown)]
    assert len(places) == len(RUNGS)
    # 20 %, 10 % and 0 % below: symmetric logarithm, a decade as far as the linear part
    assert places[0] < places[1] < places[2]
    assert (places[2] - places[1]) / (places[1] - places[0]) == pytest.approx(3.0 / 0.30103, rel=0.01)
    assert "unfinished" in shown
    assert ">9.00<" in shown
    assert ">9.00<" not in ladder_section(LADDER, "here", timed=False)


def test_an_auction_is_told_in_words_and_by_every_rule() -> None:
    words = Page(auction_section(AUCTION, "here", 0)).words
    assert any("bid for 2 blocks of memory" in each for each in words)
    assert any(each.endswith("hands: llm-<a> (9.000) for empty block (0.000).") for each in words)
    assert "seller empty block (0.000)" in words
    told = [each for each in words if each]
    start = told.index("vcg")
    assert told[start : start + 7] == ["vcg", "1", "4.000", "2.000", "9.000", "100.0 %", "2.000"]
    assert auction_section(None, "here", 0) == ""
    reason = auction_section({"unavailable": "nothing <to> sell"}, "here", 0)
    assert "No auction: nothing &lt;to&gt; sell." in reason


def test_curves_are_ratios_of_sums_over_seeds_and_slots() -> None:
    best = [[1.0, 3.0, 0.0, 2.0], [1.0, 1.0, 0.0, 2.0]]
    found = curves(best, {"p": [[2.0, 3.0, 5.0, 2.0], [1.0, 2.0, 5.0, 4.0]]}, [(3, "late"), (4, "never")])
    assert found.marks == ((3, "late"),)
    assert found.edges == (0, 1, 2, 3, 4)
    assert found.best == (1.0, 2.0, 0.0, 2.0)
    assert found.ratios["p"] == (1.5, 1.25, None, 1.5)
    assert found.so_far["p"] == (1.5, 1.33333, 3.0, 2.4)


def test_long_curves_have_thirty_windows_that_cover_all_slots() -> None:
    found = curves([[1.0] * 100], {"p": [[2.0] * 99 + [5.0]]})
    assert len(found.ratios["p"]) == 30
    assert found.edges[0] == 0
    assert found.edges[-1] == 100
    assert set(found.ratios["p"][:-1]) == {2.0}
    assert found.so_far["p"][-1] == pytest.approx(2.03)


def test_standings_are_shown_where_there_are_several_cases(page: Page, text: str) -> None:
    from report_sample import rows

    from edgeopt.benchmarks.standings import standings

    found = standings([*rows(), *rows("decoy-small")], {"look-ahead"})
    assert len(found) > 1
    part = text.split('<section id="standings">')[1].split("</section>", maxsplit=1)[0]
    for one in found:
        assert f'data-value="{one.ratio.value!r}"' in part
    assert ("a", "href", "#standings") in page.attributes
