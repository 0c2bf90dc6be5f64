"""What the page's scripts draw from: JSON inside the page."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ..aggregate import REFERENCE, CaseSummary
from ..pictures import CasePictures
from ..results import COLUMNS, Row
from ..words import decimals, ratio

SHOWN_CURVES = 4
"""How many policies' curves are drawn at first: the cheapest that do not see the future."""

SHOWN_PLANS = 4
"""How many plans' caches are drawn at first."""

ROW_COLUMNS = tuple(name for name in COLUMNS if name not in {"instance", "seconds"})
"""Wall times are left out: the page of equal runs is equal."""


def case_data(summary: CaseSummary, rows: Sequence[Row], pictures: CasePictures) -> dict[str, Any]:
    """Return one case's data."""
    clairvoyant = [policy.policy for policy in summary.policies if policy.clairvoyant]
    online = [policy.policy for policy in summary.policies if not policy.clairvoyant]
    return {
        "name": summary.instance,
        "decimals": decimals(summary.best_known),
        "clairvoyant": clairvoyant,
        "columns": list(ROW_COLUMNS),
        "rows": [[_finite(getattr(row, name)) for name in ROW_COLUMNS] for row in rows],
        "curves": pictures.curves and asdict(pictures.curves) | {"shown": online[:SHOWN_CURVES]},
        "caches": _caches(summary, pictures),
        "auction": pictures.auction,
    }


def _caches(summary: CaseSummary, pictures: CasePictures) -> dict[str, Any]:
    caches = pictures.caches
    titles = {
        policy.policy: f"{policy.policy}: {ratio(policy.ratio.value)} × the best plan"
        for policy in summary.policies
    } | {REFERENCE: "Best plan of the solver, which knows the future"}
    return {
        **caches.world,
        "server": caches.server,
        "plans": [
            {"name": name, "title": titles.get(name, name), "shown": place < SHOWN_PLANS, **plan}
            for place, (name, plan) in enumerate(caches.plans.items())
        ],
    }


def embedded(content: Any) -> str:
    """Return JSON that can stand inside a script element: nothing in it can end the element."""
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def by_case(rows: Sequence[Row], summaries: Sequence[CaseSummary]) -> Mapping[str, list[Row]]:
    """Return each case's rows."""
    return {each.instance: [row for row in rows if row.instance == each.instance] for each in summaries}
