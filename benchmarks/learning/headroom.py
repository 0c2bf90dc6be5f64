"""How much of what knowing the law of demand would win a learner wins.

Between the best tuned rule and an oracle that knows the arrival process and its hidden state lies what could
be learnt. All play the same futures of the true process: the rules, tuned on validation instances; the
shipped learner; one trained longer, on the family alone, and the same trained on by deviations; and an oracle
(`HindsightAveraging` or `TrueForecast` of `solvers.online`): which one, and with which options, is chosen on
other futures. A share is (rule - learner) / (rule - oracle), a ratio of sums over futures; no oracle is a
bound, and where it is not ahead of the rule by more than chance there is no share. The best rule is chosen in
hindsight, on the test futures themselves, which favours the rules.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ...problem.errors import InvalidOption
from ...problem.fields import FloatArray
from ...solvers.engines import Engine
from ..aggregate import paired_interval
from ..cases import ScenarioCase
from ..future_tasks import FuturePlan, future_plans, future_runs, no_process
from ..journal import Journal, folder_lock
from ..pool import finish
from ..settings import Settings
from ..study import Report
from ..tasks import Tuning, tunings
from .options import Options
from .oracle import OracleChoice, OracleRuns, Task, work_or_ask
from .variants import QUICK_TRAINING, Training, require_learners, train_all, variants_of

RULES = ("index", "index-ar", "dual-index", "mpc", "analog")
SHIPPED = "t2drl"
OWN = {"t2drl": "t2drl, own", "deviations": "t2drl, own, by deviations"}
"""The learners of a family alone: variants, and what they are called."""

HEADINGS = (
    *("family", "learner", "cost / best", "best rule", "its", "oracle"),
    *("learner / rule - 1", "95 %", "share", "95 %"),
)


@dataclass(frozen=True)
class Study:
    """How much is trained and tested.

    Parameters
    ----------
    families
        Scenarios whose arrivals are a Markov chain.
    test_seeds
        Futures.
    training
        Of each family's own learner: longer than those of the controls.
    trials
        Other futures, on which the oracle is chosen.
    time_limit
        Seconds to search for each best plan.
    """

    families: tuple[str, ...] = ("decoy", "workflow", "workflow16", "context-rich", "realistic")
    rules: tuple[str, ...] = RULES
    test_seeds: int = 20
    training: Training = field(default_factory=lambda: Training(examples=512, passes=12, runs=192))
    trials: int = 6
    time_limit: float = 10.0


QUICK = Study(
    families=("decoy",),
    rules=("index",),
    test_seeds=4,
    training=QUICK_TRAINING,
    trials=1,
    time_limit=5.0,
)


def run(options: Options) -> Report:
    """Train each family's own learner, play the futures, compare."""
    given = {name: value for name, value in options.given().items() if name in ("families", "test_seeds")}
    return headroom(replace(QUICK if options.quick else Study(), **given), options)


def headroom(study: Study, options: Options) -> Report:
    """Train what is not yet trained, play what is not yet played, and compare."""
    require_learners()
    sizes = study.training
    at = {name: ScenarioCase(name, sizes.size, sizes.slots) for name in study.families}  # type: ignore[arg-type]
    for case in at.values():
        if reason := no_process(case):
            raise InvalidOption(f"headroom: {reason}, so there is no oracle; leave it out")
    own, folder = variants_of(list(OWN)), options.out / "longer"
    train_all(folder, study.families, own, [0], study.training, workers=options.workers)
    rows, findings = [], []
    for family, case in at.items():
        named = {one.policy(folder, family, 0): OWN[one.name] for one in own}
        costs, oracle = _play(study, case, named, options)
        for one in compare(costs, study.rules):
            rows.append((family, *_cells(one)))
            findings.append({"family": family, "oracle": oracle.name, "options": dict(oracle.options)} | one)
    return Report(
        "headroom",
        f"Share of what knowing the law of demand would win; {study.test_seeds} futures of the true process",
        HEADINGS,
        rows,
        [
            "Share: (rule - learner) / (rule - oracle), where the oracle's lead is more than chance.",
            "95 %: paired bootstrap over futures.",
        ],
        findings,
    )


def _settings(study: Study, case: ScenarioCase, own: Iterable[str]) -> Settings:
    return Settings(
        scenarios=(case.scenario,),
        policies=(*study.rules, SHIPPED, *own),
        sizes=(case.size,),
        slots=case.slots,
        time_limit=study.time_limit,
        online_samples=study.test_seeds,
    )


def _play(
    study: Study, case: ScenarioCase, own: Mapping[str, str], options: Options
) -> tuple[dict[str, FloatArray], OracleRuns]:
    """Costs (futures,) of every policy, of the oracle, and of the best plans known; and which oracle."""
    settings = _settings(study, case, own)
    oracle = OracleChoice(case, study.trials, study.test_seeds)
    plans = list(future_plans(settings, case))
    first: list[Task] = [*tunings(settings, [case]), *oracle.tried(), *plans]
    engine = Engine("local", None, options.workers)
    folder = options.out / f"headroom-{case.name}"
    folder.mkdir(parents=True, exist_ok=True)

    def follow(task: Task, result: dict[str, Any]) -> list[Task]:
        return list(future_runs(settings, task, result)) if isinstance(task, Tuning) else []

    with folder_lock(folder), Journal.open(folder) as journal:
        finish(first, work_or_ask, journal, engine=engine, follow=follow)
        test = oracle.test(journal.results)
        finish([test], work_or_ask, journal, engine=engine)
        results = journal.results
        played = [
            (tuned.policy, one)
            for tuned in tunings(settings, [case])
            for one in future_runs(settings, tuned, results[tuned.key])
        ]
        costs = {own.get(policy, policy): np.array(results[one.key]["costs"]) for policy, one in played}
        costs["oracle"] = np.array(results[test.key]["costs"])
        return costs | {"best": _best(plans, results, costs)}, test


def _best(
    plans: list[FuturePlan], results: Mapping[str, dict[str, Any]], costs: Mapping[str, FloatArray]
) -> FloatArray:
    """The cheapest plan known of each future: the solver's, or any policy's."""
    solved = [math.inf if (cost := results[one.key]["cost"]) is None else cost for one in plans]
    best: FloatArray = np.stack([np.array(solved), *costs.values()]).min(axis=0)
    return best


def compare(costs: Mapping[str, FloatArray], rules: tuple[str, ...]) -> list[dict[str, Any]]:
    """For each learner: how much cheaper than the best rule, and what share of the oracle's lead that is.

    Parameters
    ----------
    costs
        (F,) of the rules, of the learners, of "oracle" and of "best", on the same futures.
    rules
        Which of them are rules; the one with the least sum is compared with.
    """
    rule = min(rules, key=lambda name: (costs[name].sum(), name))
    ahead = paired_interval(costs["oracle"], costs[rule])
    lead = costs[rule] - costs["oracle"] if ahead.high < 1.0 else np.zeros_like(costs[rule])
    found = []
    for name in (*OWN.values(), SHIPPED):
        ratio = paired_interval(costs[name], costs["best"])
        against = paired_interval(costs[name], costs[rule])
        share = paired_interval(costs[rule] - costs[name], lead)
        found.append(
            {
                "learner": name,
                "ratio": [ratio.value, ratio.low, ratio.high],
                "rule": rule,
                "rule_ratio": float(costs[rule].sum() / costs["best"].sum()),
                "oracle_ratio": float(costs["oracle"].sum() / costs["best"].sum()),
                "oracle_over_rule": [ahead.value, ahead.low, ahead.high],
                "over_rule": [against.value, against.low, against.high],
                "share": [share.value, share.low, share.high],
            }
        )
    return found


def _cells(one: Mapping[str, Any]) -> tuple[str, ...]:
    against, share = one["over_rule"], one["share"]
    return (
        one["learner"],
        f"{one['ratio'][0]:.4f} [{one['ratio'][1]:.4f}, {one['ratio'][2]:.4f}]",
        one["rule"],
        f"{one['rule_ratio']:.4f}",
        f"{one['oracle_ratio']:.4f}",
        f"{100 * (against[0] - 1):+.2f} %",
        f"[{100 * (against[1] - 1):+.2f}, {100 * (against[2] - 1):+.2f}]",
        *(("–", "") if math.isnan(share[0]) else _percents(share)),
    )


def _percents(share: Sequence[float]) -> tuple[str, str]:
    return f"{100 * share[0]:.0f} %", f"[{100 * share[1]:.0f}, {100 * share[2]:.0f}]"
