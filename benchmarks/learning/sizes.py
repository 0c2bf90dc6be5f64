"""One learner, trained once, on servers two and four times as large: cost, milliseconds a server-slot."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from ...problem import Instance, evaluate, scenario
from ...solvers import simulate, solve, tune
from ..aggregate import paired_interval
from ..contestants import contestant
from ..study import Report
from .options import Options
from .variants import require_learners

FAMILIES = ("decoy", "workflow", "hotset")
TIMES = (1, 2, 4)
BATCH = 32
POLICIES = ("t2drl", "t2drl-frozen", "index", "index-ar", "dual-index")


def run(options: Options) -> Report:
    """Play and time."""
    from joblib import Parallel, delayed

    require_learners()
    quick = options.quick
    seeds, budget = options.test_seeds or (2 if quick else 10), 4 if quick else 100
    knobs: dict[str, Any] = {"size": "small", "slots": 24} if quick else {"size": "medium"}
    families = options.families or (FAMILIES[:1] if quick else FAMILIES)
    jobs = [(family, times, seeds, budget, knobs) for family in families for times in TIMES]
    done = Parallel(n_jobs=options.workers)(delayed(_scored)(*job) for job in jobs)
    rows, findings = [], []
    for (family, times, *_), found in zip(jobs, done, strict=True):
        for policy, one in found.items():
            value, low, high = one["ratio"]
            rows.append((family, f"{times} x", policy, f"{value:.4f}", f"[{low:.4f}, {high:.4f}]"))
            findings.append({"family": family, "times": times, "policy": policy} | one)
    speeds = [_speed(times, knobs) for times in TIMES]
    return Report(
        "sizes",
        f"Cost over the best plan at 1, 2 and 4 times the models, services and slots; {seeds} instances",
        ("family", "size", "policy", "cost / best", "95 %"),
        rows,
        [
            *(
                f"{one['models']} models, {one['slots']} slots: {one['alone_ms']:.2f} ms a server and slot "
                f"one by one, {one['batch_ms']:.3f} ms in batches of {BATCH} (CPU time, one thread)."
                for one in speeds
            ),
        ],
        findings + speeds,
    )


def _instances(family: str, times: int, seeds: int, split: str, knobs: dict[str, Any]) -> list[Instance]:
    base = scenario(family, **knobs)
    sizes = {"models": times * base.models, "slots": times * base.slots, "size": knobs["size"]}
    return [scenario(family, seed=seed, split=split, **sizes) for seed in range(seeds)]


def _scored(family: str, times: int, seeds: int, budget: int, knobs: dict[str, Any]) -> dict[str, Any]:
    past = _instances(family, times, 2, "train", knobs)
    unseen = _instances(family, times, 4, "validation", knobs)
    tests = _instances(family, times, seeds, "test", knobs)
    best = np.array([solve(one, time_limit=30.0, workers=1).cost for one in tests])
    found = {}
    for name in POLICIES:
        tuned = tune(contestant(name).fit(past), unseen, budget, seed=0)
        cost = np.array([evaluate(one, simulate(one, tuned, seed)).total for seed, one in enumerate(tests)])
        ratio = paired_interval(cost, best)
        found[name] = {"ratio": [ratio.value, ratio.low, ratio.high]}
    return found


def _speed(times: int, knobs: dict[str, Any]) -> dict[str, Any]:
    """CPU milliseconds of deciding one slot of one server, with what it needs to see, foretell and choose."""
    from ...learning import T2DRL, scenario_source
    from ...learning.foresight.regression import foretold
    from ...learning.foresight.traces import read_traces
    from ...learning.scores.runs import Runs

    learner, base = T2DRL.load(), scenario("decoy", **knobs)
    sizes = {"models": times * base.models, "slots": base.slots, "size": knobs["size"]}
    policy, one = learner.as_policy(), scenario("decoy", split="test", **sizes)
    weights = learner.profiles[policy.profile]
    source = scenario_source("decoy", seeds=range(BATCH), **sizes)
    Runs(traces := read_traces(source, range(2)), foretold(learner.network, traces)).costs(weights)
    simulate(one, policy)
    begin = time.process_time()
    simulate(one, policy)
    alone = time.process_time() - begin
    for episode in range(BATCH):
        source[episode]
    begin = time.process_time()
    traces = read_traces(source, range(BATCH))
    Runs(traces, foretold(learner.network, traces, batch=BATCH), workers=1).costs(weights)
    together = time.process_time() - begin
    return {
        "models": one.models,
        "slots": one.slots,
        "alone_ms": 1e3 * alone / one.slots,
        "batch_ms": 1e3 * together / (BATCH * one.slots),
    }
