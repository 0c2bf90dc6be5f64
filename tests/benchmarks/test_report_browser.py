"""The report in a real browser: quiet, the numbers of the files, sorted by clicks, told by hovering."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chromium import Browser, chromium
from report_sample import HOSTILE, sample_page

from edgeopt.benchmarks import Settings, run_benchmark
from edgeopt.benchmarks.lanes import read_line
from edgeopt.benchmarks.words import cost, percent, ratio
from edgeopt.problem import CostReport, Instance, Plan, evaluate, scenario
from edgeopt.solvers import policy, simulate

SETTINGS = Settings(
    scenarios=("decoy", "workflow"),
    sizes=("small",),
    policies=("cloud-only", "lru", "lru-admission", "index", "look-ahead", "static"),
    seeds=3,
    tune_budget=4,
    validation_seeds=2,
    training_seeds=1,
    ladder=True,
)
WIDTHS = (360, 800, 1400)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as started:
        yield started


@dataclass(frozen=True)
class Run:
    """A finished benchmark: its files, and what its first case's instance and plans are."""

    page: Path
    summary: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    tuned: dict[str, Any]
    results: list[dict[str, Any]]

    @property
    def auction(self) -> dict[str, Any]:
        """What the journal holds of the first case's auction."""
        return next(line["result"] for line in self.results if line["task"]["kind"] == "auction")

    def price(self, slot: int, model: int) -> float:
        """Return a price of the first server and test instance, as the journal has it."""
        wanted = ("reference", self.summary[0]["instance"].partition("-")[0], 0)
        for line in self.results:
            task = line["task"]
            if (task["kind"], task["case"].get("scenario"), task.get("seed")) == wanted:
                return float(read_line(line["result"]["drawn"]["prices"][0][model])[slot])
        raise AssertionError("no reference in the journal")

    def row(self, name: str, seed: int) -> dict[str, Any]:
        wanted = (self.summary[0]["instance"], name, seed)
        return next(row for row in self.rows if (row["instance"], row["policy"], row["seed"]) == wanted)

    def plan(self, name: str, seed: int) -> tuple[Instance, Plan, CostReport]:
        """Play a policy again."""
        instance = scenario("decoy", size="small", seed=seed, split="test")
        player = policy(name, **self.tuned[self.summary[0]["instance"]][name])
        plan = simulate(instance, player, seed=seed)
        return instance, plan, evaluate(instance, plan)


@pytest.fixture(scope="module")
def run(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("run")
    run_benchmark(SETTINGS, folder, workers=1, command=["edgeopt", "benchmark"])
    lines = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    files = [json.loads((folder / f"{name}.json").read_text()) for name in ("summary", "results", "run")]
    return Run(folder / "report.html", files[0], files[1], files[2]["tuned"], lines)


@pytest.fixture
def page(browser: Browser, run: Run) -> Browser:
    browser.open(run.page)
    return browser


def texts(browser: Browser, selector: str) -> list[str]:
    found: list[str] = browser.evaluate(
        f"[...document.querySelectorAll({json.dumps(selector)})].map((each) => each.textContent)"
    )
    return found


def tip(browser: Browser) -> list[str]:
    """Return the lines of the box that hovering opens; the words of a line are joined by blanks."""
    assert not browser.evaluate("document.getElementById('tip').hidden"), "nothing is told"
    found: list[str] = browser.evaluate(
        "[...document.getElementById('tip').children]"
        ".flatMap((line) => line.rows ? [...line.rows] : line).map((line) => line.children.length"
        " ? [...line.children].map((part) => part.textContent).filter(Boolean).join(' ') : line.textContent)"
    )
    return found


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", WIDTHS)
def test_quiet_self_contained_and_no_wider_than_the_window(
    browser: Browser, run: Run, tmp_path: Path, width: int, dark: bool
) -> None:
    sample = tmp_path / "sample.html"
    sample.write_text(sample_page())
    for page in (run.page, sample):
        browser.open(page, width=width, dark=dark)
        browser.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        browser.evaluate("document.querySelectorAll('button.open').forEach((each) => each.click())")
        assert browser.evaluate("document.querySelectorAll('.curves svg.chart').length") >= 1
        assert browser.complaints() == []
        assert browser.requests() == [page.as_uri()]
        assert browser.evaluate("document.documentElement.scrollWidth") <= width
        seen = browser.evaluate(
            "['body', 'section', 'h1', '.note'].map((name) => {"
            "const style = getComputedStyle(document.querySelector(name));"
            "return [style.backgroundColor, style.color]; })"
        )
        (back, ink), (card, _), _, (_, soft) = seen
        assert (brightness(back) < 0.2) == dark
        assert contrast(ink, card) > 7
        assert contrast(soft, card) > 4.5


def brightness(colour: str) -> float:
    """Return the relative luminance of WCAG 2.1 of a colour such as rgb(1, 2, 3)."""
    parts = [int(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, bright = sorted((brightness(one), brightness(other)))
    return (bright + 0.05) / (dark + 0.05)


def test_the_button_changes_the_scheme(page: Browser) -> None:
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert texts(page, "#scheme") == ["dark"]
    page.click("#scheme")
    assert brightness(page.evaluate("getComputedStyle(document.body).backgroundColor")) < brightness(before)
    page.click("#scheme")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == before


def test_the_table_shows_the_numbers_of_the_summary(page: Browser, run: Run) -> None:
    for place, case in enumerate(run.summary):
        scale = case["best_known"]
        table = f"#case-{place} table.policies tbody"
        shown = page.evaluate(
            f"[...document.querySelectorAll('{table} tr')].map((row) => [...row.cells].map((cell) =>"
            " [cell.childNodes[0].textContent.trim(), cell.dataset.value]))"
        )
        for cells, each in zip(shown, case["policies"], strict=True):
            assert cells[0][0].split(" ")[0] == each["policy"]
            written = [
                (cells[1], each["ratio"]["value"], ratio),
                (cells[2], each["captured"]["value"], percent),
                (cells[5], each["cost"], lambda value, scale=scale: cost(value, scale)),
                (cells[6], each["gap_to_bound"], percent),
                (cells[7], each["mean_accuracy"], ratio),
            ]
            for (text, value), exact, words in written:
                assert text == words(math.nan if exact is None else exact)
                assert value == ("" if exact is None else repr(float(exact)))


def test_a_click_on_a_heading_sorts_and_another_turns_round(page: Browser, run: Run) -> None:
    accuracy = {each["policy"]: each["mean_accuracy"] for each in run.summary[0]["policies"]}
    known = sorted((name for name in accuracy if accuracy[name] is not None), key=lambda name: accuracy[name])
    unknown = [name for name in accuracy if accuracy[name] is None]
    assert unknown
    values = [accuracy[name] for name in known]
    button = "#case-0 table.policies th:nth-child(8) button"

    def order() -> list[str]:
        names = texts(page, "#case-0 table.policies tbody th")
        return [name.split(" ")[0] for name in names]

    assert order() == [each["policy"] for each in run.summary[0]["policies"]]
    page.click(button)
    assert [accuracy[name] for name in order()[: len(known)]] == values
    assert order()[len(known) :] == unknown
    page.click(button)
    assert [accuracy[name] for name in order()[: len(known)]] == values[::-1]
    assert order()[len(known) :] == unknown, "what has no number comes last in both directions"
    sorts = page.evaluate(
        "[...document.querySelectorAll('#case-0 .policies th')].map((each) => each.ariaSort)"
    )
    assert [sort for sort in sorts if sort not in (None, "none")] == ["descending"]
    page.click("#case-0 table.policies th:nth-child(1) button")
    assert [name.lower() for name in order()] == sorted(accuracy)


def test_a_click_on_a_seed_opens_the_rows_of_the_instance(page: Browser, run: Run) -> None:
    opener = "#case-0 button.open[data-seed='1']"
    page.click(opener)
    mine = [row for row in run.rows if row["instance"] == run.summary[0]["instance"] and row["seed"] == 1]
    shown = page.evaluate(
        "[...document.querySelectorAll('#case-0 tr.opened tbody tr')].map((row) =>"
        " [...row.cells].map((cell) => cell.dataset.value ?? cell.textContent))"
    )
    assert len(shown) == len(mine)
    assert [float(cells[1]) for cells in shown] == sorted(row["cost"] for row in mine)
    for cells in shown:
        row = run.row(cells[0], 1)
        found = [math.nan if cell == "" else float(cell) for cell in cells[1:]]
        names = ("gap_to_bound", "captured", "switching", "transmission", "computation", "accuracy", "cloud")
        wanted = [row["cost"], row["cost"] / row["best_known"], *(row[name] for name in names)]
        assert found[:-1] == wanted
    page.click(opener)
    assert texts(page, "#case-0 tr.opened") == []


@pytest.mark.parametrize("slot", [3, 22])
def test_hovering_over_a_cache_tells_the_plan(page: Browser, run: Run, slot: int) -> None:
    """Contexts, served requests and memory, against the policy played again."""
    name = "lru-admission"
    chips = texts(page, "#case-0 .caches .chip")
    chip = f"#case-0 .caches .chip:nth-child({chips.index(name) + 1})"
    if page.evaluate(f"document.querySelector('{chip}').ariaPressed") == "false":
        page.click(chip)
    instance, plan, report = run.plan(name, 0)
    lanes = texts(page, "#case-0 .lane h4")
    lane = next(place for place, title in enumerate(lanes, start=1) if title.startswith(f"{name}:"))
    selector = f"#case-0 .lanes .lane:nth-child({lane}) svg"
    page.hover(selector, (slot + 0.5) / instance.slots, 0.25 / instance.models)
    lines = tip(page)
    held = np.flatnonzero(plan.cached[slot, 0])
    used = instance.footprint[held].sum()
    assert lines[0] == f"slot {slot}: memory {used:g} of {instance.memory[0]:g}"
    assert lines[1] == "context served price"
    for model, line in zip(held, lines[2:], strict=True):
        mine = instance.service_model == model
        sums = [array[mine].sum() for array in (report.context[slot, 0], instance.window)]
        sums += [array[slot, 0, mine].sum() for array in (plan.served, instance.requests)]
        said = "{} of {} {} of {}".format(*sums)
        assert line.startswith(f"{instance.model_names[model]} {said} ")
        assert float(line.rpartition(" ")[2]) == run.price(slot, model)


def test_hovering_over_demand_tells_the_requests(page: Browser, run: Run) -> None:
    instance, _, _ = run.plan("lru", 0)
    page.hover("#case-0 .lanes .lane:nth-child(1) svg", 10.5 / instance.slots)
    asked = np.bincount(instance.service_model, weights=instance.requests[10, 0], minlength=instance.models)
    wanted = [f"{name} {count:g}" for name, count in zip(instance.model_names, asked, strict=True) if count]
    assert tip(page) == ["slot 10: demand", "requests", *wanted]


def test_hovering_over_curves_tells_ratios_of_costs_by_slot(page: Browser, run: Run) -> None:
    seeds = range(SETTINGS.seeds)
    by_slot = sum(run.plan("lru-admission", seed)[2].by_slot.sum(axis=1) for seed in seeds)
    place = "#case-0 .curves svg.chart"
    width = page.evaluate(f"document.querySelector('{place}').clientWidth")
    slots = len(by_slot)
    at = (46 + (20.5 / slots) * (width - 46 - 12)) / width
    page.hover(place, at)
    lines = tip(page)
    from_, _, to = lines[0].removeprefix("slots ").removeprefix("slot ").partition(" to ")
    stretch = slice(int(from_), int(to or from_) + 1)
    assert stretch.start <= 20 < stretch.stop
    best = float(lines[1].removeprefix("best plans: ").removesuffix(" a slot")) * (
        stretch.stop - stretch.start
    )
    found = {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines[2:]}
    assert found["lru-admission"] == pytest.approx(by_slot[stretch].sum() / (best * len(seeds)), rel=2e-3)
    assert list(found.values()) == sorted(found.values())
    # from the start to the last slot, the ratio is that of the total costs
    page.click("#case-0 .curves .choice:last-child")
    page.hover(place, (width - 13) / width)
    total = {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in tip(page)[2:]}
    costs = [sum(run.row(name, seed)["cost"] for seed in seeds) for name in ("lru-admission", "reference")]
    assert total["lru-admission"] == pytest.approx(costs[0] / costs[1], abs=6e-4)


def test_a_chip_adds_and_takes_away_a_curve(page: Browser) -> None:
    def drawn() -> set[str]:
        lines = "document.querySelectorAll('#case-0 .curves path[data-policy]')"
        return set(page.evaluate(f"[...{lines}].map((line) => line.dataset.policy)"))

    before = drawn()
    chips = texts(page, "#case-0 .curves .chip")
    for place, name in enumerate(chips, start=2):
        page.click(f"#case-0 .curves .chip:nth-child({place})")
        assert drawn() == before ^ {name}
        assert page.evaluate("document.activeElement.textContent") == name, "the focus stays"
        page.click(f"#case-0 .curves .chip:nth-child({place})")


def test_rungs_stand_in_the_order_of_their_values(page: Browser, run: Run) -> None:
    rungs = run.summary[0]["ladder"]["rungs"]
    marks = page.evaluate(
        "[...document.querySelectorAll('#case-0 .ladder .track .mark')].map((each) => {"
        "const box = each.getBoundingClientRect(); return (box.left + box.right) / 2; })"
    )
    best = run.summary[0]["ladder"]["best"]
    order = np.argsort([rung["value"] for rung in rungs], kind="stable")
    placed = np.array(marks)[order]
    assert np.all(np.diff(placed) >= -0.1)
    assert marks[0] < marks[[rung["name"] for rung in rungs].index("optimum")] - 20, "a loose bound is apart"
    page.hover("#case-0 .ladder .row:nth-of-type(1)")
    assert tip(page)[:2] == [rungs[0]["name"], f"lower bound: {cost(rungs[0]['value'], best)}"]


def test_hovering_over_the_clocks_tells_the_round(page: Browser, run: Run) -> None:
    held = run.auction
    place = "#case-0 .clocks svg.chart"
    width = page.evaluate(f"document.querySelector('{place}').clientWidth")
    scale = max(held["values"] + held["costs"])
    for number, happened in enumerate(held["rounds"], start=1):
        at = (46 + ((number - 0.5) / len(held["rounds"])) * (width - 46 - 12)) / width
        page.hover(place, at)
        clocks = [
            f"{side}s' clock " + ("not heard of" if price is None else cost(price, scale))
            for side, price in (("buyer", happened["buyer_clock"]), ("seller", happened["seller_clock"]))
        ]
        heard = [
            f"buyer {held['buyers'][i]} ({cost(held['values'][i], scale)}) accepts"
            for i in happened["buyers"]
        ]
        heard += [
            f"seller {held['sellers'][j] or 'empty block'} ({cost(held['costs'][j], scale)}) accepts"
            for j in happened["sellers"]
        ]
        assert tip(page) == [f"round {number}", *clocks, *heard]


def test_a_tap_tells_what_hovering_does(browser: Browser, run: Run) -> None:
    browser.open(run.page, width=360)
    left, top, width, height = browser.place("#case-0 .lanes .lane:nth-child(1) svg")
    points = [{"x": left + width / 2, "y": top + height / 2}]
    browser.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=points)
    browser.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    assert tip(browser)[0].endswith(": demand")
    edges = [f"document.getElementById('tip').getBoundingClientRect().{edge}" for edge in ("left", "right")]
    box = [browser.evaluate(edge) for edge in edges]
    assert box[0] >= 0
    assert box[1] <= 360


def test_hostile_names_are_words(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "hostile.html"
    page.write_text(sample_page())
    browser.open(page)
    assert browser.complaints() == []
    assert HOSTILE in texts(browser, "#case-1 .policies tbody th")
    assert HOSTILE in texts(browser, "#case-1 .chip")
    assert browser.evaluate("document.images.length") == 0
    assert texts(browser, "#case-1 text.shift") == ["shift <b>"]
    # lanes of demand, prices, then the first plan: four slots of 1/4 of the width each
    browser.hover("#case-1 .lanes .lane:nth-child(3) svg", 0.6)
    told = ["slot 2: memory 70.0 GB of 80.0 GB", "context served price"]
    assert tip(browser) == [*told, "llm-<a> 0 of 10 3 of 4 0", "llm-b 10 of 0 1 of 2 0"]
    browser.hover("#case-1 .lanes .lane:nth-child(2) svg", 0.1)
    assert tip(browser) == ["slot 0: being cached costs", "price", "llm-<a> 0.5"]
    # two servers: the list changes what is drawn
    browser.evaluate(
        "(() => { const list = document.querySelector('#case-1 select'); list.value = '1';"
        "list.dispatchEvent(new Event('change')); })()"
    )
    browser.hover("#case-1 .lanes .lane:nth-child(1) svg", 0.1)
    assert tip(browser) == ["slot 0: demand", "requests", "llm-<a> 1"]
