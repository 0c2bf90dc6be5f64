"""Every test instance of a case: what is known of it, and on a click how each policy did there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..aggregate import REFERENCE, CaseSummary
from ..results import Row
from ..words import NOTHING, cost, percent, ratio
from .markup import Cell, Column, table

COLUMNS = (
    Column("seed", tip="A click on the number opens the policies' rows of this instance."),
    Column("best plan known"),
    Column("lower bound"),
    Column("gap", tip="Best plan known over lower bound - 1."),
    Column("proof", tip="Whether the solver proved its plan optimal."),
    Column("cloud / best"),
    Column("fixed set / best", tip="The best fixed set of models in hindsight over the best plan known."),
    Column("best online policy"),
    Column("costs × best"),
    Column("sha256", sorts=False, tip="Of the instance; whole under 'Where the numbers come from'."),
)


def instance_table(
    summary: CaseSummary, rows: Sequence[Row], records: Sequence[Mapping[str, Any]], place: int
) -> str:
    """Return the table of a case's test instances.

    Parameters
    ----------
    rows, records
        The case's result rows, and its entries of the provenance.
    place
        The number of the case on the page.
    """
    seen = {policy.policy for policy in summary.policies if policy.clairvoyant} | {REFERENCE}
    return table(
        COLUMNS,
        [
            _row(record, [row for row in rows if row.seed == record["seed"]], seen, place)
            for record in records
        ],
        "instances",
    )


def _row(
    record: Mapping[str, Any], rows: Sequence[Row], clairvoyant: set[str], place: int
) -> tuple[Cell, list[Cell], str]:
    best, bound = rows[0].best_known, rows[0].lower_bound
    online = min(
        (row for row in rows if row.policy not in clairvoyant), key=lambda row: row.cost, default=None
    )
    seed = record["seed"]
    opener = (
        f'<button type="button" class="open" aria-expanded="false" data-case="{place}" data-seed="{seed}">'
        f"{seed}</button>"
    )
    gap = best / bound - 1 if bound > 0 else float("nan")
    return (
        Cell(value=seed, picture=opener),
        [
            Cell(cost(best, best), value=best),
            Cell(cost(bound, best) if bound > 0 else NOTHING, value=bound if bound > 0 else None),
            Cell(percent(gap), value=gap),
            Cell(str(record["status"])),
            _times_best(record["cloud_only"], best),
            _times_best(record["static_hindsight"], best),
            Cell(NOTHING if online is None else online.policy),
            Cell(NOTHING) if online is None else _times_best(online.cost, best),
            Cell(str(record["digest"])[:12]),
        ],
        "",
    )


def _times_best(value: float, best: float) -> Cell:
    share = value / best if best > 0 else float("nan")
    return Cell(ratio(share), value=share)
