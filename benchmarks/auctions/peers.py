"""What other libraries do with the same task; each is used where it is installed, and is no dependency.

pymarket (PyPI, 0.7.6) clears one market at a time from bids entered one by one; its multi-unit rule MUDA is
the only truthful one that runs with current pandas. mechaudit (PyPI, 0.1.0) audits finite direct mechanisms
exhaustively, in floating point. The code of E. Segal-Halevi (github.com/erelsgl/auctions) is on no registry.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

from ...mechanisms import Market, Mechanism
from ...mechanisms.market import Floats


def pymarket_muda(values: Floats, costs: Floats) -> Callable[[], Any] | None:
    """Return the task of clearing one market with pymarket's MUDA; None if it is not installed."""
    library = _imported("pymarket")
    if library is None:
        return None
    import numpy as np

    def task() -> Any:
        market = library.Market()
        for user, (price, buying) in enumerate([(v, True) for v in values] + [(c, False) for c in costs]):
            market.accept_bid(1, float(price), user, buying)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return market.run("muda", r=np.random.RandomState(0))

    return task


def mechaudit_audit(
    mechanism: Mechanism, types: Sequence[Fraction], buyers: int, sellers: int
) -> Callable[[], bool] | None:
    """Return the task of auditing a mechanism on a grid with mechaudit; None if it is not installed.

    It covers what `prove_on_grid` covers: dominant strategies, ex-post participation, no deficit. The task
    says whether all hold.
    """
    library = _imported("mechaudit")
    if library is None:
        return None
    names = [f"b{i}" for i in range(buyers)] + [f"s{j}" for j in range(sellers)]
    grid = [float(x) for x in types]

    def task() -> bool:
        cleared = {
            profile: mechanism.clear(Market(list(profile[:buyers]), list(profile[buyers:])))
            for profile in product(types, repeat=buyers + sellers)
        }
        tables = {tuple(map(float, profile)): outcome for profile, outcome in cleared.items()}
        sets = sorted({_label(outcome) for outcome in tables.values()})
        environment = library.FiniteEnvironment(
            agents=dict.fromkeys(names, grid),
            outcomes=sets,
            prior=dict.fromkeys(tables, 1.0 / len(tables)),
            values=library.PrivateValues(
                lambda name, own, label: (own if name[0] == "b" else -own) * (name in label.split())
            ),
        )
        reports = {tuple(report[name] for name in names): report for report in environment.report_profiles}
        rule = library.DirectMechanism(
            allocation={
                report: {label: float(label == _label(tables[key])) for label in sets}
                for key, report in reports.items()
            },
            payments={
                report: dict(zip(names, _money(tables[key]), strict=True)) for key, report in reports.items()
            },
            environment=environment,
        )
        asked = importlib.import_module("mechaudit.requirements")
        found = environment.audit(rule, (library.DSIC(), asked.ExPostIR(), asked.WeakBudgetBalance()))
        return bool(found.passed)

    return task


def _label(outcome: Any) -> str:
    return " ".join([*(f"b{i}" for i in sorted(outcome.buyers)), *(f"s{j}" for j in sorted(outcome.sellers))])


def _money(outcome: Any) -> list[float]:
    return [*map(float, outcome.payments), *(-float(receipt) for receipt in outcome.receipts)]


def _imported(name: str) -> Any | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
