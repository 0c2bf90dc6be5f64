"""The order of work on one server, each step only if the ones before it left a gap.

1. Every plan of a tiny instance (:mod:`..brute`).
2. The decomposition with its sweeps over joint states (:mod:`..lagrangian`): a proof in whole numbers.
3. Whole intervals, where few can be in a better plan (:mod:`..intervals`).
4. The best prices there are, by column generation; whole intervals again, more of them allowed.
5. Sweeps at those prices, ever wider.
6. The compact model of what min-marginals leave open, where it is small.
7. With the time that is left: better prices and plans, without hope of a proof.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...problem.instance import Instance
from ...problem.plan import Plan
from ...problem.referee import evaluate
from ..brute import count_transitions, solve_brute
from ..intervals.generation import Generation
from ..intervals.restricted import MOST_INTERVALS, MOST_SETS
from ..lagrangian.bound import bound_from_savings
from ..lagrangian.close import sweep
from ..lagrangian.graph import FloatArray, IntArray
from ..lagrangian.server import Server
from ..lagrangian.work import ServerWork, Swept
from ..solution import ROUNDING, relative_gap
from .marginals import fixed_presence
from .residual import solve_residual

BoolArray = np.typing.NDArray[np.bool_]

BRUTE_TRANSITIONS = 20_000
"""Brute force takes about a fifth of a second for so many transitions."""

_FEW = (4000, 12_000)
"""Interval and set columns that HiGHS chooses among in seconds."""
_SHARES = (1.0, 0.7, 0.5, 0.35, 0.25, 0.15, 0.1)
_WIDTHS = (4000, 16_000, 64_000, 256_000)
_AIM = 0.99
_MET = 0.999
"""Shares of the asked gap: what sweeps aim at, and what counts as closed (sums over servers round)."""

_TINY_PRICES = 0.5
"""Seconds for prices that prove in whole numbers what brute force has found."""

# Share of the time left for a step, and its seconds where there is no limit.
_PRICES_PLAIN = (0.75, 900.0)
_PRICES_OTHER = (0.25, 30.0)
_FEW_WHOLE = (0.4, 60.0)
_GENERATION = (0.3, 120.0)
_MANY_WHOLE = (0.4, 300.0)
_SWEEPS = (0.7, 900.0)
_RESIDUAL = (0.75, 600.0)  # HiGHS' branch and bound may overrun its time by a fifth
_REST = (1.0, 120.0)
_IDLE_SHAKES = 100
_TUNING_STEPS = 60


class ExactWork:
    """Plan and proof of one server; complete and consistent at any moment.

    Attributes
    ----------
    cached, served
        (M, T) and (S, T) of the best plan.
    cost
        Its cost.
    safe_bound
        Lower bound on the cost that was found in whole-number arithmetic.
    float_bound
        Lower bound that rests on floating-point branch and bound.
    prices
        (M + 2, T) prices of presence, compute and energy behind ``safe_bound``.
    allowance
        (S, T) what a request pays a slot to be let in, where ``safe_bound`` needs that; else None.
    swept
        The sweep behind ``safe_bound``; None where prices alone prove it.
    steps
        What was done, in words and numbers.
    """

    _generation: Generation

    def __init__(self, instance: Instance, gap: float, seed: int) -> None:
        self.instance = instance
        self.server = Server.of(instance, 0)
        self.gap = gap
        self.seed = seed
        self.prices: FloatArray = np.zeros((self.server.models + 2, self.server.slots))
        self.allowance: FloatArray | None = None
        self.swept: Swept | None = None
        self.cached: BoolArray = np.zeros((self.server.models, self.server.slots), dtype=np.bool_)
        self.served: IntArray = np.zeros_like(self.server.cap)
        self.cost = self.server.cloud_only
        self.safe_bound = 0.0
        self.float_bound = 0.0
        self.steps: list[dict[str, float | int | str]] = []
        self._began = 0.0
        self._rehearsing = False
        self._deadline = math.inf
        self._asked_to_stop: Callable[[], bool] = bool

    def run(
        self, deadline: float, asked_to_stop: Callable[[], bool], report: Callable[[float], None]
    ) -> None:
        """Work until the gap is reached, the deadline (monotonic) is over, or nothing is left to try."""
        self._deadline, self._asked_to_stop = deadline, asked_to_stop
        for name, began in self._names_of_steps():
            self.steps.append(
                {"step": name, "seconds": time.monotonic() - began, "cost": self.cost, "bound": self.bound}
            )
            report(relative_gap(self.cost, self.bound))
            if self.closed or self.late():
                break

    def __getstate__(self) -> dict[str, Any]:
        """What another process, or a file, can hold: results, and what a new run starts from."""
        state = {name: value for name, value in vars(self).items() if name != "_generation"}
        return state | {"_asked_to_stop": bool}

    @property
    def bound(self) -> float:
        """Best lower bound on the cost."""
        return max(self.safe_bound, self.float_bound)

    @property
    def closed(self) -> bool:
        """Whether plan and bound agree within the asked gap."""
        return relative_gap(self.cost, self.bound) <= max(_MET * self.gap, ROUNDING)

    def late(self) -> bool:
        """Whether the deadline is over or a stop was asked for."""
        return time.monotonic() > self._deadline or self._asked_to_stop()

    def _end(self, allowance: tuple[float, float]) -> float:
        share, seconds = allowance
        now = time.monotonic()
        return now + (seconds if math.isinf(self._deadline) else share * (self._deadline - now))

    def rehearse(self) -> None:
        """Do everything once, whether it is needed or not: all kernels are compiled after it."""
        self._rehearsing = True
        for _ in self._names_of_steps():
            pass

    def _names_of_steps(self) -> Iterator[tuple[str, float]]:
        for step in self._steps:
            for name in step():
                yield name, self._began
            self._began = time.monotonic()

    @property
    def _steps(self) -> tuple[Callable[[], Iterator[str]], ...]:
        return (
            self._brute, self._decomposition, self._intervals, self._sweeps, self._residual, self._rest
        )  # fmt: skip

    def _take(self, cached: BoolArray, served: IntArray, cost: float) -> None:
        if cost < self.cost:
            self.cached, self.served, self.cost = cached.copy(), served.copy(), cost

    def _prove(
        self,
        bound: float,
        prices: FloatArray,
        allowance: FloatArray | None = None,
        swept: Swept | None = None,
    ) -> None:
        """Keep a bound that is better, with what proves it."""
        if bound > self.safe_bound:
            self.safe_bound, self.prices, self.allowance, self.swept = bound, prices, allowance, swept

    def _brute(self) -> Iterator[str]:
        self._began = time.monotonic()
        if count_transitions(self.instance) <= BRUTE_TRANSITIONS:
            found = solve_brute(self.instance)
            if found.plan is not None:
                self.cached, self.served = found.plan.cached[:, 0].T.copy(), found.plan.served[:, 0].T.copy()
            self.cost = self.float_bound = found.cost
            prices = ServerWork(self.server, self.gap, self.seed)
            prices.run(time.monotonic() + _TINY_PRICES, self._asked_to_stop, lambda _: None)
            self._prove(prices.bound(), prices.proving, prices.allowance, prices.swept)
            yield "every plan"

    def _decomposition(self) -> Iterator[str]:
        work = ServerWork(self.server, self.gap, self.seed)
        end = self._end(_PRICES_PLAIN if self.server.plain else _PRICES_OTHER)
        work.run(end, self._asked_to_stop, lambda _: None)
        self._prove(work.bound(), work.proving, work.allowance, work.swept)
        plan = Plan(work.cached.T[:, None, :].copy(), work.served.T[:, None, :].copy())
        self._take(work.cached, work.served, evaluate(self.instance, plan).total)
        if self._rehearsing or not (self.closed or self.late()):
            generation = Generation(self.server, self.gap, self.seed, self._deadline, self._asked_to_stop)
            generation.adopt(work.prices, work.cached, work.served)
            self._generation = generation
        yield "decomposition"

    def _read(self, generation: Generation) -> None:
        """Take over what column generation has found."""
        pool = generation.pool
        self._take(pool.cached, pool.served, self.server.cloud_only - pool.worth)
        if generation.prices is not self.prices:
            self._prove(generation.safe_bound(), generation.prices)
        self.float_bound = max(self.float_bound, bound_from_savings(self.server, generation.whole_cap))

    def _intervals(self) -> Iterator[str]:
        generation = self._generation
        if generation.enumerate(self._end(_FEW_WHOLE) - time.monotonic(), *_FEW):
            self._read(generation)
            yield "few whole intervals"
        self._began = time.monotonic()
        generation.run(self._end(_GENERATION), lambda _: None)
        self._read(generation)
        yield "column generation"
        for most in (_FEW, (MOST_INTERVALS, MOST_SETS)):
            self._began = time.monotonic()
            share = generation.enumerate(self._end(_MANY_WHOLE) - self._began, *most, _SHARES)
            if share:
                self._read(generation)
                yield f"whole intervals within {share:.0%} of the gap"
            if share == 1.0:
                return

    def _sweeps(self) -> Iterator[str]:
        """Sweeps over joint states at the best prices; only where the context graph is the whole truth."""
        if not self.server.plain:
            return
        end = self._end(_SWEEPS)
        pool = self._generation.pool
        for width in _WIDTHS:
            self._began = time.monotonic()
            enough = self.server.cloud_only - self.cost / (1.0 + _AIM * self.gap)
            result = sweep(
                self.server, self._generation.prices, enough, width,
                lambda: time.monotonic() > end or self._asked_to_stop(),
            )  # fmt: skip
            if result is None:
                return
            proven = bound_from_savings(self.server, result.cap)
            prices = self._generation.prices.copy()
            self._prove(proven, prices, swept=Swept(result.cap, prices, width, result.ahead))
            if result.cached is not None:
                pool.consider(result.cached, self._generation.prices[self.server.models :])
                self._read(self._generation)
            yield f"sweep, {width} wide"
            if result.complete:
                return

    def _residual(self) -> Iterator[str]:
        slack = self.cost - (self.server.cloud_only - self._generation.cap)
        slack += 1e-9 * self.server.cloud_only
        fixed = fixed_presence(self._generation.pricer, self._generation.prices, slack)
        plan = Plan(self.cached.T[:, None, :].copy(), self.served.T[:, None, :].copy())
        found = solve_residual(
            self.instance, plan, fixed, self.gap, self._end(_RESIDUAL), self._asked_to_stop
        )
        self._take(found.plan.cached[:, 0].T, found.plan.served[:, 0].T, found.cost)
        self.float_bound = max(self.float_bound, min(found.lower_bound * (1.0 - 1e-9), self.cost))
        yield f"compact model, {(fixed[0] | fixed[1]).mean():.0%} fixed"

    def _rest(self) -> Iterator[str]:
        generation, pool, end = self._generation, self._generation.pool, self._end(_REST)
        if not generation.converged:
            generation.run(end, lambda _: None)
            generation.finish(end - time.monotonic())
        resource, idle = generation.prices[self.server.models :], 0
        pool.tune_service(resource, _TUNING_STEPS, self.late)
        while idle < _IDLE_SHAKES and time.monotonic() < end and not self.late():
            idle = 0 if pool.shake(resource, self.late) else idle + 1
            if idle == 0 and not self.server.plain:
                pool.tune_service(resource, _TUNING_STEPS, self.late)
        self._read(generation)
        yield "better prices and plans"
