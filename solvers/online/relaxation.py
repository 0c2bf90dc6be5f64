r"""Information relaxation: a lower bound on the expected cost of every online policy, for large worlds.

Let the future be known, and charge for using it (Brown, Smith and Sun, "Information relaxations and duality
in stochastic dynamic programs", Operations Research 58(4), 2010). With any approximation V of the cost-to-go,
slot t's decision pays the penalty

    E[ V_{t+1}(D', next) | d_t ] - V_{t+1}(d_{t+1}, next).

For a policy that does not see the future its conditional mean is 0, so penalties change no online policy's
expected cost; the cheapest penalised plan of a sampled future costs no more than what that policy did in it.
Hence the mean over futures of the penalised clairvoyant optimum is a lower bound on every online policy's
expected cost, for *any* V; V = 0 is the plain clairvoyant bound, and the true cost-to-go gives the optimum on
every single future. Here V is a sum over models (``values.py``), so penalties only change the arcs of the
decomposition's chains, and its bound on the inner optimum keeps everything valid.

The demand states are told to the relaxed policies. Real policies see counts only: they know less, and the
bound holds for them as well.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...problem.errors import InvalidOption
from ...problem.fields import FloatArray
from ...problem.instance import Instance
from ...problem.processes import DemandProcess, check_services, stretch
from ..lagrangian.server import Server
from .estimate import Estimate, controlled
from .inner import inner_search
from .rents import even_rents
from .values import ModelValue, affordable_depth, parts_of, solve_model

Values = Literal["models", "zero"]


@dataclass(frozen=True, eq=False)
class OnlineBound:
    """A statistical lower bound on the expected cost of every online policy.

    Attributes
    ----------
    online
        The bound, with its 95 % confidence interval.
    clairvoyant
        The mean lower bound on the clairvoyant optimum of the same futures.
    foresight
        Their difference, future by future: what nobody can save who does not know the future, at least.
    cloud_only
        Exact expected cost of serving nothing.
    samples
        (samples, 2) for each future its online bound and its clairvoyant bound.
    luck
        (samples, 2) of the same futures: sum of the penalties along rules that do not look ahead, and
        cloud-only cost less its mean. Both have mean 0: control variates.
    seed, seconds
        Futures are ``sampled_instance(world, processes, seed, i)``; wall-clock time.
    """

    online: Estimate
    clairvoyant: Estimate
    foresight: Estimate
    cloud_only: float
    samples: FloatArray
    luck: FloatArray
    seed: int
    seconds: float

    def compare(self, costs: Sequence[float] | FloatArray) -> tuple[Estimate, Estimate]:
        """Estimate a policy's expected cost, and its distance from the bound, from the same futures.

        Parameters
        ----------
        costs
            Its cost on ``sampled_instance(world, processes, seed, i)`` for i = 0, 1, ...: one a future.
        """
        paid = np.asarray(costs, dtype=np.float64)
        if paid.shape != (len(self.samples),):
            raise InvalidOption(
                f"compare: {paid.size} costs for {len(self.samples)} futures; one each is needed"
            )
        return controlled(paid, self.luck), controlled(paid - self.samples[:, 0], self.luck)


def online_bound(
    world: Instance,
    processes: DemandProcess | Sequence[DemandProcess],
    *,
    samples: int = 48,
    seed: int = 0,
    workers: int = 1,
    value: Values = "models",
    steps: int = 600,
) -> OnlineBound:
    """Bound the expected cost of every online policy in a world whose arrival process is known.

    Parameters
    ----------
    world
        Costs, capacities and horizon; its requests are ignored.
    processes
        Arrival process of each server, or one for all.
    samples
        Futures to draw, at least 4.
    seed
        Which futures.
    workers
        Processes that share the futures; the result does not depend on their number.
    value
        "models": penalties from one stochastic programme a model. "zero": none, the clairvoyant bound.
    steps
        Evaluations of the dual function for each future.

    Raises
    ------
    InvalidOption
        If a process does not belong to the world, an option is out of range or tables would be too large.
    """
    given = [processes] * world.servers if not isinstance(processes, Sequence) else list(processes)
    if len(given) != world.servers:
        raise InvalidOption(f"online_bound: {len(given)} processes for {world.servers} servers")
    if samples < 4 or steps < 1 or value not in ("models", "zero"):
        raise InvalidOption(
            f"online_bound: samples={samples} (at least 4), steps={steps} (at least 1), value={value!r} "
            "('models' or 'zero')"
        )
    begin = time.monotonic()
    for process in given:
        check_services(process, world)
    values = [model_values(world, n, process) if value == "models" else [] for n, process in enumerate(given)]
    cloud = math.fsum(expected_cloud_only(world, n, process) for n, process in enumerate(given))
    rows = _sample(world, given, values, samples, seed, steps, workers)
    luck = np.stack([rows[:, 2], rows[:, 3] - cloud], axis=1)
    if value == "models":  # the cloud's cost of what happened to arrive is no policy's doing
        rows[:, 0] += cloud - rows[:, 3]
    return OnlineBound(
        online=controlled(rows[:, 0], luck),
        clairvoyant=controlled(rows[:, 1], luck),
        foresight=controlled(rows[:, 0] - rows[:, 1], luck),
        cloud_only=cloud,
        samples=rows[:, :2],
        luck=luck,
        seed=seed,
        seconds=time.monotonic() - begin,
    )


def model_values(world: Instance, server: int, process: DemandProcess) -> list[ModelValue]:
    """Value of each model at the best single rent a byte; deterministic."""
    parts = parts_of(world, server, process)
    depth = affordable_depth(parts, world.slots)
    rents = even_rents(parts, world.footprint, float(world.memory[server]))
    return [solve_model(part, rent, depth) for part, rent in zip(parts, rents, strict=True)]


def expected_cloud_only(world: Instance, server: int, process: DemandProcess) -> float:
    """Exact expected cost of sending everything from one server to the cloud."""
    total = 0.0
    for model, chain in enumerate(process.chains):
        price = world.cloud_cost[server, world.service_model == model]
        total += float((chain.laws(world.slots) @ (chain.arrivals @ price)).sum())
    return total


def _sample(
    world: Instance,
    processes: Sequence[DemandProcess],
    values: Sequence[Sequence[ModelValue]],
    samples: int,
    seed: int,
    steps: int,
    workers: int,
) -> FloatArray:
    jobs = [(world, processes, values, seed, index, steps) for index in range(samples)]
    if workers <= 1:
        rows = [_future(*job) for job in jobs]
    else:
        from joblib import Parallel, delayed

        rows = Parallel(n_jobs=workers)(delayed(_future)(*job) for job in jobs)
    return np.array(rows)


def _future(
    world: Instance,
    processes: Sequence[DemandProcess],
    values: Sequence[Sequence[ModelValue]],
    seed: int,
    index: int,
    steps: int,
) -> tuple[float, ...]:
    """Online bound, clairvoyant bound, luck and cloud-only cost of one future, all servers together."""
    drawn = [stretch(process, world.slots, seed, index, n) for n, process in enumerate(processes)]
    instance = world.with_requests(np.stack([requests for _, requests in drawn], axis=1))
    rows = []
    for n, process in enumerate(processes):
        server, local = Server.of(instance, n), process.local(drawn[n][0])
        known = server.cloud_only - inner_search(server, (), local, steps)[0]
        online, luck = known, 0.0
        if values[n]:
            savings, dual, _ = inner_search(server, values[n], local, steps)
            online, luck = server.cloud_only - savings, dual.luck(values[n], local)
        rows.append((online, known, luck, server.cloud_only))
    return tuple(math.fsum(column) for column in zip(*rows, strict=True))
