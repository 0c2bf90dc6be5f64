"""The page: findings, then for each case its table and figures, and where the numbers come from."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from ..aggregate import REFERENCE, CaseSummary, PolicySummary
from ..words import (
    CLAIRVOYANT_NOTE,
    cost,
    finding,
    percent,
    percent_range,
    proof,
    ratio,
    ratio_range,
)
from .extras import ladder_section, online_section
from .figures import breakdown_figure, captured_figure, policy_name
from .style import STYLE
from .timeline import Timeline, timeline_figure

HEADINGS = ("policy", "mean cost", "× best known", "gap to bound", "captured", "accuracy at the edge")


def report_page(
    summaries: Sequence[CaseSummary], provenance: Mapping[str, Any], timelines: Sequence[Timeline]
) -> str:
    """Return the report as one HTML document without scripts and without anything to fetch.

    Parameters
    ----------
    timelines
        One for each case, in the same order.
    """
    sections = "\n".join(
        _case(summary, timeline) for summary, timeline in zip(summaries, timelines, strict=True)
    )
    findings = "".join(f"<li>{escape(finding(summary))}</li>" for summary in summaries)
    contents = " · ".join(
        f'<a href="#{_anchor(summary)}">{escape(summary.instance)}</a>' for summary in summaries
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>edgeopt benchmark: {escape(", ".join(summary.instance for summary in summaries))}</title>
<style>
{STYLE}</style>
</head>
<body>
<header>
<p class="brand">edgeopt benchmark</p>
<h1>Online policies against the best plan in hindsight</h1>
<ul class="findings">{findings}</ul>
<nav>{contents} · <a href="#provenance">where the numbers come from</a></nav>
</header>
<main>
{sections}
{_provenance(provenance)}
</main>
</body>
</html>
"""


def _case(summary: CaseSummary, timeline: Timeline) -> str:
    warning = (
        f'<p class="warning">{escape(summary.warning[0].upper() + summary.warning[1:])}.</p>'
        if summary.warning
        else ""
    )
    seeds = "1 test seed" if summary.seeds == 1 else f"{summary.seeds} test seeds"
    return f"""<section id="{_anchor(summary)}">
<h2>{escape(summary.instance)} <small>{seeds}</small></h2>
<dl class="facts">
<div><dt>cloud / best plan</dt><dd>{ratio(summary.cloud_ratio)}</dd></div>
<div><dt>best fixed set in hindsight / best plan</dt><dd>{ratio(summary.static_ratio)}</dd></div>
<div><dt>best plan known, mean cost</dt><dd>{cost(summary.best_known, summary.best_known)}</dd></div>
<div><dt>lower bound, mean</dt><dd>{cost(summary.lower_bound, summary.best_known)}</dd></div>
</dl>
<p>The best plan known is {escape(proof(summary))}.</p>
{warning}
{_table(summary)}
<h3>What each policy pays for</h3>
{breakdown_figure(summary)}
<h3>How much of the possible savings it captures</h3>
{captured_figure(summary)}
{online_section(summary.online)}
{ladder_section(summary.ladder, summary.instance)}
<h3>What the cache holds</h3>
{timeline_figure(timeline, _lane_titles(summary))}
</section>"""


def _table(summary: CaseSummary) -> str:
    head = "".join(f'<th scope="col">{heading}</th>' for heading in HEADINGS)
    body = "\n".join(_table_row(policy, summary.best_known) for policy in summary.policies)
    return f"""<div class="scroll"><table>
<thead><tr>{head}</tr></thead>
<tbody>
{body}
</tbody>
</table></div>
<p class="note">{escape(CLAIRVOYANT_NOTE)}
Ratios are of sums over the seeds, with 95 % paired bootstrap intervals.</p>"""


def _table_row(policy: PolicySummary, scale: float) -> str:
    cells = (
        (cost(policy.cost, scale), ""),
        (ratio(policy.ratio.value), ratio_range(policy.ratio)),
        (percent(policy.gap_to_bound), ""),
        (percent(policy.captured.value), percent_range(policy.captured)),
        (ratio(policy.mean_accuracy), ""),
    )
    shown = "".join(
        f"<td>{value}{f'<small>{between}</small>' if between else ''}</td>" for value, between in cells
    )
    kind = ' class="clairvoyant"' if policy.clairvoyant else ""
    return f'<tr{kind}><th scope="row">{policy_name(policy)}</th>{shown}</tr>'


def _lane_titles(summary: CaseSummary) -> dict[str, str]:
    titles = {
        policy.policy: f"{policy.policy}: {ratio(policy.ratio.value)} × the best plan"
        for policy in summary.policies
    }
    return titles | {REFERENCE: "Best plan of the solver, which knows the future"}


def _provenance(provenance: Mapping[str, Any]) -> str:
    packages = ", ".join(f"{name} {number}" for name, number in provenance["packages"].items() if number)
    facts = {
        "command": f"<code>{escape(shlex.join(provenance['command']))}</code>",
        "edgeopt": f"{escape(provenance['edgeopt'])}, code <code>{provenance['code'][:16]}</code>",
        "python": f"{escape(provenance['python'])} on {escape(provenance['platform'])}",
        "packages": escape(packages),
    }
    items = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts.items())
    return f"""<section id="provenance">
<h2>Where the numbers come from</h2>
<dl class="provenance">{items}</dl>
{_folded("settings", provenance["settings"])}
{_folded("parameters chosen on the validation split", provenance["tuned"])}
{_folded("test instances and their sha256", provenance["instances"])}
</section>"""


def _folded(title: str, content: Any) -> str:
    if isinstance(content, Mapping):
        text = "\n".join(f"{name}: {json.dumps(value)}" for name, value in _flat(content))
    else:
        text = "\n".join(f"{item['instance']} seed {item['seed']}: {item['digest']}" for item in content)
    return f"<details><summary>{title}</summary><pre>{escape(text)}</pre></details>"


def _flat(content: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for name, value in content.items():
        inner = isinstance(value, Mapping) and any(isinstance(part, Mapping) for part in value.values())
        pairs.extend(_flat(value, f"{before}{name} / ") if inner else [(f"{before}{name}", value)])
    return pairs


def _anchor(summary: CaseSummary) -> str:
    return "case-" + "".join(letter if letter.isalnum() else "-" for letter in summary.instance)
