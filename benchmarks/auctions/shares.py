"""Welfare as a share of the second best: how much of what is possible each mechanism reaches."""

from __future__ import annotations

from typing import Any

from ...mechanisms import PostedPrice, second_best, welfare_share
from ..study import Report, duration, percent
from .rules import TRUTHFUL_WITHOUT_DEFICIT, rule

GRIDS = ((1, 1, 5), (1, 1, 10), (1, 1, 20), (2, 2, 4), (2, 2, 6), (2, 3, 4), (3, 3, 4))
"""Buyers, sellers, and types (i + 1/2) / G, all equally likely."""


def run(quick: bool) -> Report:
    """Compare the truthful mechanisms without a deficit, and the best posted price, with the ceiling."""
    rows, findings = [], []
    for buyers, sellers, points in GRIDS[:1] if quick else GRIDS:
        types = [(i + 0.5) / points for i in range(points)]
        shape: dict[str, Any] = {"buyers": buyers, "sellers": sellers}
        ceiling, bayesian = (second_best(types, **shape, truthful=each) for each in ("DSIC", "BIC"))
        reached = {
            name: welfare_share(rule(name), types, **shape, ceiling=ceiling)
            for name in TRUTHFUL_WITHOUT_DEFICIT
        }
        prices = [welfare_share(PostedPrice(price), types, **shape, ceiling=ceiling) for price in types]
        reached["posted price"] = max(prices, key=lambda share: share.welfare)
        findings.append(
            shape
            | {"types": points, "dsic": vars(ceiling), "bic": vars(bayesian)}
            | {name: share.of_second_best for name, share in reached.items()}
        )
        rows.append(
            (
                f"{buyers}x{sellers}, {points} types",
                f"{ceiling.welfare:.6f}",
                percent(ceiling.share),
                percent(bayesian.share),
                *(percent(share.of_second_best) for share in reached.values()),
                duration(ceiling.seconds),
            )
        )
    names = (*TRUTHFUL_WITHOUT_DEFICIT, "best posted price")
    return Report(
        "shares",
        "The second best on a grid of types, and the share of it that each mechanism reaches",
        ("market", "second best", "of first best", "BIC: of first best", *names, "time of the LP"),
        rows,
        [
            "Second best: the most expected welfare of any mechanism that is truthful in dominant "
            "strategies, individually rational and without a deficit in every profile; proved to 1e-6.",
            "BIC: the same, truthful on average over the others only.",
        ],
        findings,
    )
