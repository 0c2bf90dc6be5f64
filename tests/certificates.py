"""What the tests of certificates share: instances, prices put into a solution, and short blocks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from edgeopt.problem import Instance, Plan
from edgeopt.solvers.brute import solve_brute
from edgeopt.solvers.certificate import (
    certified,
    sweep,
)
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


# ---------------------------------------------------------------- the bound
