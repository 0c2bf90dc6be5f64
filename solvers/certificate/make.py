"""Makes a certificate of what a solver found: its prices, rounded down to whole numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol, TypeVar

import numpy as np

from ...problem.errors import InvalidOption
from ...problem.fields import FloatArray, IntArray
from ...problem.instance import Instance
from ...problem.plan import Plan
from ...problem.referee import evaluate
from .certificate import MAX_SCALE, MAX_WIDTH, Certificate

_BITS = 57
"""Bits of the sum of all magnitudes: inside the verifier's 59, so that it never has to refuse."""

_MARGIN = 2e-10
"""Part of the bound by which claims fall short of what was found; the verifier forgives 5e-10."""

_WIDER = 4
"""Room of the verifier's sweep against the solver's: the two do not keep the same states."""


class Claim(Protocol):
    """What is read of a solution."""

    @property
    def plan(self) -> Plan | None:
        """The plan."""

    @property
    def cost(self) -> float:
        """Its cost."""

    @property
    def lower_bound(self) -> float:
        """Claimed lower bound."""

    @property
    def details(self) -> Mapping[str, Any]:
        """Prices under ``presence_price`` (T, N, M), ``compute_price`` and ``energy_price`` (T, N)."""


Solved = TypeVar("Solved", bound=Any)


def make_certificate(instance: Instance, solution: Claim) -> Certificate:
    """Make the certificate of a solution that carries prices.

    Parameters
    ----------
    solution
        Its ``details`` must hold ``presence_price`` (T, N, M), and may hold ``compute_price`` and
        ``energy_price`` (T, N), ``service_price`` (T, N, S), ``server_bounds`` (N,), ``widest_sweep`` and
        ``excess_ahead`` (N, T + 1).

    Raises
    ------
    InvalidOption
        If there is no plan or there are no prices, or they do not belong to the instance.
    """
    if solution.plan is None:
        raise InvalidOption("a certificate needs a plan; the solution is a bound only")
    if "presence_price" not in solution.details:
        raise InvalidOption(
            "a certificate needs prices; the solution's details hold no 'presence_price' "
            "(those of method 'lagrangian' do)"
        )
    per_slot = (instance.slots, instance.servers)
    prices = {
        name: _nonnegative(solution.details, f"{name}_price", shape)
        for name, shape in (
            ("presence", (*per_slot, instance.models)),
            ("compute", per_slot),
            ("energy", per_slot),
            ("service", (*per_slot, instance.services)),
        )
    }
    ahead = _nonnegative(solution.details, "excess_ahead", (instance.servers, instance.slots + 1))
    bounds = _bounds(instance, solution)
    scale = _scale(instance, prices)
    swept = int(solution.details.get("widest_sweep", 0))
    return Certificate(
        instance=instance.digest(),
        scale=scale,
        bounds=bounds,
        width=min(_WIDER * swept, MAX_WIDTH),
        plan=solution.plan,
        cost=float(solution.cost),
        presence=_down(prices["presence"], scale),
        compute=_down(prices["compute"], scale),
        energy=_down(prices["energy"], scale),
        service=_down(prices["service"], scale),
        ahead=_down(np.maximum(ahead - _claimed_less(bounds, instance.slots), 0.0), scale),
    )


def certified(instance: Instance, solution: Solved) -> Solved:
    """Return the solution with its certificate attached (any frozen dataclass with such a field)."""
    return replace(solution, certificate=make_certificate(instance, solution))


def _nonnegative(details: Mapping[str, Any], name: str, shape: tuple[int, ...]) -> FloatArray:
    price = np.asarray(details.get(name, np.zeros(shape)), dtype=np.float64)
    if price.shape != shape:
        raise InvalidOption(f"{name}: shape {price.shape}; {shape} is needed")
    if not np.all((price >= 0) & (price < np.inf)):
        raise InvalidOption(f"{name}: every number must be finite and not negative")
    return price


def _scale(instance: Instance, prices: Mapping[str, FloatArray]) -> int:
    """Largest whole exponent at which the sums of the verifier stay below ``2**_BITS``.

    Within a slot a request's price is at most the price of the slot's whole limit, whatever its share.
    """
    steepest = np.abs(instance.saving).max(axis=2) + 1e-300
    charge = (prices["compute"] + prices["energy"])[:, :, None] + prices["service"]
    size = float((instance.requests * (steepest + charge)).sum() + instance.load_cost.sum() * instance.slots)
    paid = float(sum(prices[name].sum() for name in ("presence", "compute", "energy")))
    size += paid + float(steepest.max() + charge.max())
    return max(-MAX_SCALE, min(MAX_SCALE, _BITS - math.frexp(size)[1]))


def _down(price: FloatArray, scale: int) -> IntArray:
    return np.floor(np.ldexp(price, scale)).astype(np.int64)


def _claimed_less(bounds: FloatArray, slots: int) -> FloatArray:
    """(N, T + 1) what is not claimed, so that the states of a sweep that meets its claim fall short of none.

    Solver and verifier round differently. Were equality claimed, a state could stay below by one unit and be
    followed to the end.
    """
    return bounds[:, None] * np.linspace(_MARGIN, 0.0, slots + 1)


def _bounds(instance: Instance, solution: Claim) -> FloatArray:
    """Claimed bound of each server: the solver's own, or the total split as the plan's cost is."""
    if "server_bounds" in solution.details:
        return np.array(solution.details["server_bounds"], dtype=np.float64)
    if solution.plan is None or instance.servers == 1:
        return np.array([max(solution.lower_bound, 0.0)])
    costs = evaluate(instance, solution.plan).by_server.sum(axis=1)
    share = costs / costs.sum() if costs.sum() > 0 else np.full(len(costs), 1.0 / len(costs))
    return np.asarray(max(solution.lower_bound, 0.0) * share)
