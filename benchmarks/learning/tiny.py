"""Learners against the exact online optimum, where a stochastic dynamic programme still finds it.

The demand process is known to the programme and not to the learner, which is trained on stretches of it. The
optimum is exact; a policy's cost is its mean over test stretches, compared with the optimal policy's on the
same ones, so that luck cancels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...problem import Instance, evaluate
from ...problem.fields import FloatArray
from ...problem.processes import Chain, MarkovDemand, hot_cold
from ...solvers import OnlinePolicy, simulate, tune
from ...solvers.online import stochastic_programme
from ..aggregate import paired_interval
from ..contestants import contestant
from ..study import Report
from .options import Options
from .variants import require_learners

HEURISTICS = ("index", "index-ar", "dual-index", "mpc")
TRAIN, VALIDATE, TEST = 10_000, 20_000, 30_000
"""First seeds of the three kinds of stretches."""


def _world(slots: int, models: int, load: float) -> Instance:
    return Instance(
        requests=[[0] * models] * slots,
        service_model=list(range(models)),
        footprint=[1.0] * models,
        memory=1,
        cloud_cost=1,
        load_cost=load,
        window=2,
        vanish=1,
        accuracy=[0.2, 0.7, 0.9],
        accuracy_weight=0.6,
    )


def _long_and_short() -> tuple[Instance, MarkovDemand]:
    """One agent is busy for long, one in bursts, and memory holds one model."""
    demand = hot_cold(service_model=[0, 1], hot=2, cold=0, mean_hot=[8, 2], mean_cold=[8, 4])
    return _world(40, 2, 2.0), demand


def _in_turns() -> tuple[Instance, MarkovDemand]:
    """Three models are busy in a fixed order, each for four slots on average; memory holds one."""
    arrivals = 2 * np.eye(3, dtype=np.int64)
    stay, move = 0.75, 0.25
    transition = stay * np.eye(3) + move * np.roll(np.eye(3), 1, axis=1)
    return _world(40, 3, 3.0), MarkovDemand(np.arange(3), [Chain([1 / 3] * 3, transition, arrivals)])


WORLDS: Mapping[str, Callable[[], tuple[Instance, MarkovDemand]]] = {
    "long and short": _long_and_short,
    "in turns": _in_turns,
}


def run(options: Options) -> Report:
    """Solve, train, compare."""
    require_learners()
    rows, findings = [], []
    for name, make in WORLDS.items():
        world, demand = make()
        found = _compared(name, world, demand, options.quick, options.out / "tiny")
        for policy, one in found.items():
            value, low, high = one["ratio"]
            rows.append(
                (
                    name,
                    policy,
                    f"{one['cost']:.4f}",
                    f"{100 * (value - 1):+.2f} %",
                    f"[{100 * (low - 1):+.2f}, {100 * (high - 1):+.2f}]",
                )
            )
            findings.append({"world": name, "policy": policy} | one)
    return Report(
        "tiny",
        "Tiny worlds: mean cost, and above the optimal online policy on the same stretches",
        ("world", "policy", "cost", "above the optimum", "95 %"),
        rows,
        [
            f"{name}: {str(make.__doc__).strip()} Expected cost of the optimal policy, exactly: "
            f"{next(one['expected'] for one in findings if one['world'] == name):.4f}."
            for name, make in WORLDS.items()
        ],
        findings,
    )


def _compared(
    name: str, world: Instance, demand: MarkovDemand, quick: bool, folder: Path
) -> dict[str, dict[str, Any]]:
    tests = _stretches(world, demand, TEST, 10 if quick else 400)
    programme = stochastic_programme(world, demand)
    best = _costs(programme.policy(), tests)
    past = _stretches(world, demand, TRAIN, 2)
    unseen = _stretches(world, demand, VALIDATE, 8 if quick else 64)
    policies: dict[str, OnlinePolicy] = {
        one: tune(contestant(one).fit(past), unseen, 20 if quick else 2000, seed=0) for one in HEURISTICS
    }
    learner = _learner(name, world, demand, quick, folder)
    policies |= {"t2drl": learner.as_policy().fit(past), "frozen": learner.as_policy(adapt=False).fit(past)}
    found = {"optimal": best} | {one: _costs(policy, tests) for one, policy in policies.items()}
    return {
        one: {
            "cost": float(cost.mean()),
            "expected": programme.value,
            "ratio": list(_ratio(cost, best)),
        }
        for one, cost in sorted(found.items(), key=lambda item: item[1].mean())
    }


def _learner(name: str, world: Instance, demand: MarkovDemand, quick: bool, folder: Path) -> Any:
    from ...learning import T2DRL
    from ...learning.algorithms.foresight import ForesightOptions
    from ...learning.scores.evolution import EvolutionOptions
    from ...learning.serving.sources import InstanceSource

    place = folder / f"{name.replace(' ', '-')}{'-quick' if quick else ''}"
    if (place / "card.json").exists():
        return T2DRL.load(place)
    examples, runs = (4, 4) if quick else (512, 512)
    evolution = EvolutionOptions(generations=2 if quick else 200, episodes=4 if quick else 128)
    options = ForesightOptions(
        examples=examples, runs=runs, priced=examples, passes=1 if quick else 6, batch=2, evolution=evolution
    )
    source = InstanceSource(_stretches(world, demand, TRAIN, examples + runs))
    return T2DRL.train({name: source}, options=options, folder=place)


def _stretches(world: Instance, demand: MarkovDemand, first: int, count: int) -> list[Instance]:
    return [demand.instance(world, seed) for seed in range(first, first + count)]


def _costs(policy: OnlinePolicy, tests: Sequence[Instance]) -> FloatArray:
    return np.array([evaluate(one, simulate(one, policy, seed)).total for seed, one in enumerate(tests)])


def _ratio(cost: FloatArray, best: FloatArray) -> tuple[float, float, float]:
    found = paired_interval(cost, best)
    return found.value, found.low, found.high
