"""Time the same plans through plain loop, referee and batched stepper, and check that the costs agree."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from ...problem import Instance, Plan, evaluate
from ...problem.batch import BatchedStepper
from ...problem.capacity import fits
from ...problem.errors import EdgeoptError
from ...problem.fields import FloatArray
from .plain_loop import PlainEnvironment

AGREEMENT = 1e-9
"""Largest relative difference between two ways of computing the same cost."""


class CostsDisagree(EdgeoptError):
    """Two ways of computing the cost of one plan give different numbers: a timing of them means nothing."""


@dataclass(frozen=True)
class Measurement:
    """One contestant at one number of copies.

    Parameters
    ----------
    name
        "plain loop", "referee", "batched numpy" or "batched torch".
    copies
        How many copies of the instance were stepped.
    slots_per_second
        Slots of one copy (all its servers) a second: the median of the repeats.
    ratio
        Over the plain loop at the same number of copies, in the same run.
    """

    name: str
    copies: int
    slots_per_second: float
    ratio: float


def measure(
    instance: Instance, *, copies: Sequence[int] = (1, 16, 256), repeats: int = 5, seed: int = 0
) -> list[Measurement]:
    """Measure every contestant at every number of copies.

    All contestants run the same random feasible plans, one a copy, and must report the same costs. The
    repeats of the contestants alternate, so that a slow moment of the machine meets all of them.

    Raises
    ------
    CostsDisagree
        If a cost differs from the plain loop's by more than 1e-9 relative.
    """
    found: list[Measurement] = []
    for count in copies:
        plans = [random_plan(instance, np.random.default_rng([seed, copy])) for copy in range(count)]
        contestants = _contestants(instance, plans)
        costs = {name: run() for name, run in contestants.items()}
        _require_agreement(costs)
        times: dict[str, list[float]] = {name: [] for name in contestants}
        for _ in range(repeats):
            for name, run in contestants.items():
                start = perf_counter()
                run()
                times[name].append(perf_counter() - start)
        plain = median(times["plain loop"])
        found.extend(
            Measurement(name, count, count * instance.slots / median(of), plain / median(of))
            for name, of in times.items()
        )
    return found


def random_plan(instance: Instance, rng: np.random.Generator) -> Plan:
    """Draw a feasible plan: in every slot a random set of models that fits, changing in one slot of four.

    Everything asked of a cached model is served as far as compute and energy allow, service by service.
    """
    cached = np.zeros((instance.slots, instance.servers, instance.models), dtype=np.bool_)
    served = np.zeros(instance.requests.shape, dtype=np.int64)
    for server in range(instance.servers):
        held = np.zeros(instance.models, dtype=np.bool_)
        for slot in range(instance.slots):
            if slot == 0 or rng.random() < 0.25:
                held = _random_set(instance, server, rng)
            cached[slot, server] = held
            served[slot, server] = _serve(instance, slot, server, held)
    return Plan(cached, served)


def _random_set(instance: Instance, server: int, rng: np.random.Generator) -> Any:
    held, load = np.zeros(instance.models, dtype=np.bool_), 0.0
    for model in rng.permutation(instance.models):
        if fits(load + instance.footprint[model], instance.memory[server]):
            held[model], load = True, load + instance.footprint[model]
    return held


def _serve(instance: Instance, slot: int, server: int, held: Any) -> Any:
    compute, energy = instance.compute[server], instance.energy_budget[server]
    served = np.zeros(instance.services, dtype=np.int64)
    for service in np.flatnonzero(held[instance.service_model]):
        limits = [float(instance.requests[slot, server, service])]
        for left, need in ((compute, instance.work), (energy, instance.energy)):
            if need[server, service] > 0 and math.isfinite(left):
                limits.append(left // need[server, service])
        served[service] = int(min(limits))
        compute -= served[service] * instance.work[server, service]
        energy -= served[service] * instance.energy[server, service]
    return served


def _contestants(instance: Instance, plans: Sequence[Plan]) -> dict[str, Callable[[], FloatArray]]:
    """Return the ways to the total cost of each plan, by name."""
    contestants: dict[str, Callable[[], FloatArray]] = {
        "plain loop": lambda: np.array([_plain_cost(instance, plan) for plan in plans]),
        "referee": lambda: np.array([evaluate(instance, plan).total for plan in plans]),
    }
    for library in ("numpy", "torch"):
        try:
            contestants[f"batched {library}"] = _batched(instance, plans, library)
        except EdgeoptError:
            if library == "numpy":
                raise
    return contestants


def _plain_cost(instance: Instance, plan: Plan) -> float:
    environment = PlainEnvironment(instance)
    environment.reset()
    total, truncated, slot = 0.0, False, 0
    while not truncated:
        _, reward, _, truncated, _ = environment.step((plan.cached[slot], plan.served[slot]))
        total -= reward
        slot += 1
    return total


def _batched(instance: Instance, plans: Sequence[Plan], library: str) -> Callable[[], FloatArray]:
    """Set up the stepper and lay the actions out slot by slot; what is returned only steps."""
    stepper = BatchedStepper(instance, len(plans), library=library)
    cached = np.stack([plan.cached for plan in plans], axis=1)
    served = np.stack([plan.served for plan in plans], axis=1)
    actions: list[tuple[Any, Any]] = list(zip(cached, served, strict=True))
    if library == "torch":
        import torch

        actions = [(torch.tensor(kept), torch.tensor(done)) for kept, done in actions]

    def run() -> FloatArray:
        with _one_thread(library):
            stepper.reset()
            total = sum(stepper.step(kept, done) for kept, done in actions)
            costs: FloatArray = np.asarray(total).sum(axis=(1, 2))
            return costs

    return run


@contextmanager
def _one_thread(library: str) -> Iterator[None]:
    """Keep torch to one thread: on arrays this small, more threads make it many times slower."""
    if library != "torch":
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _require_agreement(costs: dict[str, FloatArray]) -> None:
    plain = costs["plain loop"]
    for name, found in costs.items():
        if not np.allclose(found, plain, rtol=AGREEMENT, atol=0.0):
            copy = int(np.argmax(np.abs(found - plain)))
            raise CostsDisagree(
                f"copy {copy}: {name} finds a cost of {found[copy]!r}, the plain loop {plain[copy]!r}"
            )
