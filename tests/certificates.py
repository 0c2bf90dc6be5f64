"""What the tests of certificates share: instances, prices put into a solution, and short blocks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from edgeopt.problem import Instance, Plan
from edgeopt.solvers.brute import solve_brute
from edgeopt.solvers.certificate import (
    certified,
    sweep,
)
from edgeopt.solvers.certificate.whole import NEED_UNITS, WholeServer
from edgeopt.solvers.solution import Solution, refereed

# The Belady string of evidence in the literature: with 3 frames the optimum is 9 faults.
STRING = [7, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 2, 1, 2, 0, 1, 7, 0, 1]


def belady() -> Instance:
    pages = sorted(set(STRING))
    requests = np.array([[[int(page == asked) for page in pages]] for asked in STRING])
    return Instance(
        requests=requests,
        service_model=np.arange(len(pages)),
        memory=3,
        footprint=np.ones(len(pages)),
        load_cost=1,
        cloud_cost=100,
    )


def with_prices(
    instance: Instance, prices: dict[str, np.ndarray], *, plan: Plan | None = None, claim: float = 0.0
) -> Solution:
    """A solution that carries prices; by default its plan serves nothing and it claims no bound."""
    nothing = Plan.cloud_only(*instance.requests.shape[:2], instance.models, instance.services)
    return certified(
        instance,
        refereed(instance, plan or nothing, lower_bound=claim, method="test", seconds=0.0, details=prices),
    )


@contextmanager
def blocks(length: int, stride: int) -> Iterator[None]:
    """Let the sweep look ahead in blocks as short as the instances of these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweep, "_BLOCK", length)
        patch.setattr(sweep, "_STRIDE", stride)
        yield


def optimum(instance: Instance) -> float:
    return solve_brute(instance).cost


# ---------------------------------------------------------------- servers of small whole numbers


def drawn_server(rng: np.random.Generator, *, slots: int = 5, priced: bool = False) -> WholeServer:
    """A tiny server whose every figure is a small whole number, so that ties and edges are common.

    With `priced` requests may carry allowances.
    """
    T, M, S = int(rng.integers(1, slots + 1)), int(rng.integers(1, 4)), int(rng.integers(1, 5))
    window = rng.integers(0, 4, S)
    saving = np.sort(rng.integers(-3, 6, (S, int(window.max()) + 1)), axis=1)
    allowance = rng.integers(0, 3, (S, T)) * (rng.random((S, T)) < 0.5) * priced
    service_model = rng.integers(0, M, S)
    weight = rng.integers(0, 4, M)
    return WholeServer(
        saving=saving,
        cap=rng.integers(0, 4, (S, T)),
        charge=rng.integers(0, 3, (S, T)) * (rng.random((S, T)) < 0.4) + allowance,
        allowance=allowance,
        need=NEED_UNITS // rng.integers(1, 8, (2, S)) * (rng.random((2, S)) < 0.6),
        service_model=service_model,
        rent=rng.integers(0, 4, (M, T)),
        load=rng.integers(0, 5, M),
        resource=int(rng.integers(0, 5)),
        weight=weight,
        room=int(rng.integers(0, int(weight.sum()) + 1)),
        members=tuple(np.flatnonzero(service_model == m) for m in range(M)),
        window=window,
        gain=rng.integers(0, 3, S),
        vanish=rng.integers(0, 3, S),
        cloud_only=Fraction(int(rng.integers(10, 60)), 4),
        scale=Fraction(2) ** int(rng.integers(-1, 3)),
        ahead=[0] * (T + 1),
    )


def after(server: WholeServer, s: int, context: int, served: int) -> int:
    """The dynamics of one service's context, in Python's integers."""
    moved = context + int(server.gain[s]) * served - int(server.vanish[s])
    return min(int(server.window[s]), max(0, moved))


def all_served(server: WholeServer, contexts: dict[int, int], t: int) -> dict[int, int]:
    """Contexts of some services after a slot that serves every request."""
    return {s: after(server, s, units, int(server.cap[s, t])) for s, units in contexts.items()}


def slot_worth(server: WholeServer, contexts: dict[int, int], t: int) -> int:
    """Most that the requests of a slot save at some contexts, charges paid."""
    nets = {s: int(server.saving[s, units]) - int(server.charge[s, t]) for s, units in contexts.items()}
    return sum(int(server.cap[s, t]) * max(0, net) for s, net in nets.items())


def fresh(server: WholeServer, model: int) -> dict[int, int]:
    """Contexts of a model's services when it is loaded."""
    return dict.fromkeys(server.members[model].tolist(), 0)


class PlainChain:
    """What `Chain` computes, by recursion from its definition."""

    def __init__(self, server: WholeServer, model: int) -> None:
        self.server, self.model = server, model
        self.start = fresh(server, model)

    def present(self, t: int, contexts: dict[int, int]) -> int:
        """Most that slot t and those after it save if the model is cached in t with these contexts."""
        here = slot_worth(self.server, contexts, t) - int(self.server.rent[self.model, t])
        if t + 1 == self.server.slots:
            return here
        return here + max(self.present(t + 1, all_served(self.server, contexts, t)), self.absent(t + 2))

    def absent(self, t: int) -> int:
        """Most that they save if the model was not cached in the slot before."""
        if t >= self.server.slots:
            return 0
        return max(self.absent(t + 1), self.present(t, self.start) - int(self.server.load[self.model]))


def most_saved(server: WholeServer) -> tuple[int, int]:
    """Most that models save at their own prices, each alone, and most that all of them save together.

    The first has rents paid and every slot's dearest set added; the second is over all sequences of sets
    that fit, every request served at the contexts of those served before.
    """
    models, slots = range(server.models), range(server.slots)
    sets = [chosen for chosen in product((0, 1), repeat=server.models) if fits(server, chosen)]
    alone = sum(PlainChain(server, m).absent(0) for m in models)
    alone += sum(max(int(np.dot(chosen, server.rent[:, t])) for chosen in sets) for t in slots)
    states: dict[tuple[Any, ...], int] = {(None,) * server.models: 0}
    for t in slots:
        reached: dict[tuple[Any, ...], int] = {}
        for state, saved in states.items():
            for chosen in sets:
                total, after_it = saved, []
                for m in models:
                    if not chosen[m]:
                        after_it.append(None)
                        continue
                    total -= int(server.load[m]) if state[m] is None else 0
                    contexts = fresh(server, m) if state[m] is None else dict(state[m])
                    total += slot_worth(server, contexts, t)
                    after_it.append(tuple(all_served(server, contexts, t).items()))
                key = tuple(after_it)
                reached[key] = max(total, reached.get(key, total))
        states = reached
    return alone, max(states.values())


def fits(server: WholeServer, chosen: tuple[int, ...]) -> bool:
    """Whether a set of models (0 or 1 each) fits the memory."""
    return int(np.dot(chosen, server.weight)) <= server.room
