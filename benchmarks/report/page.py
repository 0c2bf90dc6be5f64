"""The page: the findings, for each case its table and pictures, and where the numbers come from.

Tables are HTML, readable without scripts; pictures over time are drawn by scripts of the page itself. A
policy in the page forbids the browser to load or run anything else.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any

from ..aggregate import CaseSummary
from ..pictures import CasePictures
from ..results import Row
from ..standings import Standing
from ..words import CLAIRVOYANT_NOTE, cost, finding, overview, proof, ratio
from .auction import auction_section
from .data import by_case, case_data, embedded
from .gaps import online_section
from .instances import instance_table
from .ladder import ladder_section
from .policies import legend, policy_table
from .provenance import provenance_section
from .standings import standings_section

SCRIPTS = ("page", "sort", "instances", "chart", "curves", "caches", "auction", "start")
"""In the order in which they stand in the page; they share one scope."""


def report_page(
    summaries: Sequence[CaseSummary],
    rows: Sequence[Row],
    provenance: Mapping[str, Any],
    pictures: Sequence[CasePictures],
    standings: Sequence[Standing] = (),
) -> str:
    """Return the report as one HTML document with nothing to fetch.

    Parameters
    ----------
    summaries
        What is said of each case.
    rows
        The results behind them.
    provenance
        What `run.json` holds.
    pictures
        One for each case, in the same order.
    standings
        Policies across cases; shown where there are several.
    """
    mine = by_case(rows, summaries)
    cases = list(zip(summaries, pictures, strict=True))
    sections = "\n".join(
        _case(summary, mine[summary.instance], provenance, drawn, place)
        for place, (summary, drawn) in enumerate(cases)
    )
    data = {"cases": [case_data(summary, mine[summary.instance], drawn) for summary, drawn in cases]}
    findings = "".join(f"<li>{escape(finding(summary))}</li>" for summary in summaries)
    contents = "".join(
        f'<a href="#{_anchor(place)}">{escape(summary.instance)}</a>'
        for place, summary in enumerate(summaries)
    )
    style, script = _asset("page.css"), _script()
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">
<title>edgeopt benchmark: {escape(", ".join(summary.instance for summary in summaries))}</title>
<style>
{style}</style>
</head>
<body>
<header>
<p class="brand">edgeopt benchmark <button type="button" id="scheme" hidden>dark</button></p>
<h1>{escape(overview(summaries))}</h1>
{f'<ul class="findings">{findings}</ul>' if len(summaries) > 1 else ""}
<nav>{contents}{_across(standings, summaries)}<a href="#provenance">where the numbers come from</a></nav>
</header>
<main>
{sections}
{standings_section(standings) if len(summaries) > 1 else ""}
{provenance_section(provenance)}
</main>
<div id="tip" role="tooltip" hidden></div>
<script type="application/json" id="data">{embedded(data)}</script>
<script>{script}</script>
</body>
</html>
"""


def _across(standings: Sequence[Standing], summaries: Sequence[CaseSummary]) -> str:
    return '<a href="#standings">all cases</a>' if standings and len(summaries) > 1 else ""


def _case(
    summary: CaseSummary,
    rows: Sequence[Row],
    provenance: Mapping[str, Any],
    pictures: CasePictures,
    place: int,
) -> str:
    warning = (
        f'<p class="warning">{escape(summary.warning[0].upper() + summary.warning[1:])}.</p>'
        if summary.warning
        else ""
    )
    seeds = "1 test seed" if summary.seeds == 1 else f"{summary.seeds} test seeds"
    records = [record for record in provenance["instances"] if record["instance"] == summary.instance]
    return f"""<section id="{_anchor(place)}">
<h2>{escape(summary.instance)} <small>{seeds}</small></h2>
<dl class="facts">
<div><dt>cloud / best plan</dt><dd>{ratio(summary.cloud_ratio)}</dd></div>
<div><dt>best fixed set in hindsight / best plan</dt><dd>{ratio(summary.static_ratio)}</dd></div>
<div><dt>best plan known, mean cost</dt><dd>{cost(summary.best_known, summary.best_known)}</dd></div>
<div><dt>lower bound, mean</dt><dd>{cost(summary.lower_bound, summary.best_known)}</dd></div>
</dl>
<p>The best plan known is {escape(proof(summary))}.</p>
{warning}
{policy_table(summary)}
{legend()}
<p class="note">{escape(CLAIRVOYANT_NOTE)}
Ratios are of sums over the seeds, with 95 % paired bootstrap intervals. A click on a heading sorts.</p>
<h3>Every test instance</h3>
{instance_table(summary, rows, records, place)}
{_curves(pictures, place)}
<h3>What the cache holds <small>first test seed</small></h3>
<figure class="caches" data-figure="caches" data-case="{place}"></figure>
{online_section(summary.online)}
{ladder_section(pictures.ladder, pictures.ladder_of, timed=summary.ladder is not None)}
{auction_section(pictures.auction, summary.instance, place)}
<noscript><p class="note">Pictures over time need scripts, which are switched off.</p></noscript>
</section>"""


def _curves(pictures: CasePictures, place: int) -> str:
    title = "<h3>Over time</h3>\n"
    if pictures.curves is None:
        return f"{title}<p>No curves: on some seeds the solver found no plan to compare with.</p>"
    return f'{title}<figure class="curves" data-figure="curves" data-case="{place}"></figure>'


def _anchor(place: int) -> str:
    return f"case-{place}"


def _asset(name: str) -> str:
    return files(__package__).joinpath("assets", name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _script() -> str:
    """Return all scripts, in a scope of their own."""
    parts = "\n".join(_asset(f"{name}.js") for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}}})();\n'


def _policy(script: str) -> str:
    """Return the policy under which the browser may run this one script and load nothing."""
    digest = b64encode(sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
