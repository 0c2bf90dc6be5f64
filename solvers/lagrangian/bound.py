r"""The lower bound, re-computed from its prices in arithmetic that cannot flatter it.

**Claim.** For any prices p[m, t] >= 0 and q[r, t] >= 0 no plan of the server saves more than

    U = sum_m D_m(p, q) + sum_t K_t(p) + sum_{r,t} q[r, t],

with D_m the best caching intervals on the context graph and K_t the knapsack of slot t. With allowances
a[s, t] >= 0 a request pays q share + a, and K_t(p, a) is the most that models and whole requests which the
slot can hold together pay in p and a (``packings.py``).

*Proof.* Take any feasible plan. Its savings are sum over intervals of (sum_{s,t} x g_s(k) - load). By the
limits, sum_s share_s x <= 1 in every slot, and the models present form a feasible set of the knapsack; so
the savings are at most sum_m [intervals of m: sum x (g(k) - q share) - load - sum p] + sum_t (p of the set
present) + sum q, where the middle term is at most K_t. (With allowances x a is subtracted in the bracket
and added to the middle term; set and requests fit the slot, so that term is at most K_t(p, a).) In the
bracket let k* be the context if every arrival (every one that fits the slot alone) had been served since
the interval began. The dynamics k -> min(W, max(0, k + zeta x - Delta)) are nondecreasing in k and x, so k
<= k* slot by slot, and g is nondecreasing: x (g(k) - q share) <= x (g(k*) - q share) <= cap max(0, g(k*) -
q share). That is the value of the graph's node, hence the bracket is at most D_m. Equality holds where
serving everything is optimal; elsewhere the bound is valid, and ``exact_chains`` replaces D_m by the
bracket's true maximum, in which x is any whole number from 0 to cap in every slot. There x = cap is enough
where g(k) >= q share (it earns most and leaves the largest context, and the value of what follows is
nondecreasing in the context), and elsewhere no x beyond the one that fills the window can be needed.

**Arithmetic.** Node values are rounded up by more than their accumulated rounding error, then everything is
scaled by a power of two and rounded (values up, load costs and prices down) to whole numbers whose sums
stay below 2^53: in that range float64 adds, subtracts and compares whole numbers exactly, so both dynamic
programmes are exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...problem.errors import InvalidOption
from ...problem.instance import Instance
from .chains import all_chains
from .graph import FloatArray, node_values
from .intervals import affordable, best_intervals, interval_tables
from .server import Server
from .sets import ROUNDING, best_sets
from .slots import SlotProblem

_EPS = float(np.finfo(np.float64).eps)
_WHOLE = 2.0**51
_FINAL_TOLERANCE = 1e-8
_FINAL_NODES = 20_000


def safe_bound(
    server: Server, prices: FloatArray, *, exact_chains: bool = False, allowance: FloatArray | None = None
) -> float:
    """Return a lower bound on the cost of every plan of the server, safe against rounding.

    Parameters
    ----------
    prices
        (M + 2, T) prices >= 0: of presence for each model, of compute, of energy.
    exact_chains
        Let the chains choose how much to serve (``intervals.py``): never worse, and slower.
    allowance
        (S, T) what a request pays besides, and the slot collects from those it lets in; None for nothing.

    Raises
    ------
    InvalidOption
        If the shape is wrong or a price is negative or not finite.
    """
    scaled = Scaled.of(server, prices, allowance)
    chains = _interval_total(server, scaled) if exact_chains else _chain_total(server, scaled)
    collected = np.zeros(server.slots)
    if allowance is None:
        best_sets(scaled.rent, server.outer_shelf, collected, np.zeros(scaled.rent.shape, dtype=np.bool_))
    else:
        slots = SlotProblem(server, prices[server.models :])
        slots.solve(scaled.rent, np.ceil(allowance * scaled.scale), _FINAL_TOLERANCE, _FINAL_NODES)
        collected = slots.collected * (1.0 + 1e-12)
    return bound_from_savings(
        server, (chains + math.fsum(collected) * scaled.inflate) / scaled.scale + scaled.resource
    )


def bound_from_savings(server: Server, savings: float) -> float:
    """Return the lower bound on the cost that a cap on the savings gives, rounded down."""
    cloud = server.cloud_only * (1.0 - 4.0 * _EPS)
    lowest = cloud - savings * (1.0 + 4.0 * _EPS)
    return max(0.0, lowest - 4.0 * _EPS * (abs(cloud) + abs(savings)))


@dataclass(frozen=True)
class Scaled:
    """The decomposition in whole numbers: every figure is a float that holds an integer.

    Attributes
    ----------
    scale
        Power of two that costs were multiplied by.
    value, rent, load
        (nodes,) rounded up, (M, T) and (M,) rounded down.
    charge
        (S, T) what a request pays (cost, unscaled, rounded down).
    resource
        What the resource prices add to the savings (cost, unscaled, rounded up).
    inflate
        Factor that makes up for what branch and bound may have missed of a knapsack.
    """

    scale: float
    value: FloatArray
    rent: FloatArray
    load: FloatArray
    charge: FloatArray
    resource: float
    inflate: float

    @classmethod
    def of(cls, server: Server, prices: FloatArray, allowance: FloatArray | None = None) -> Scaled:
        """Round the decomposition at given prices (M + 2, T), and allowances (S, T), outward."""
        _check(server, prices, allowance)
        resource = prices[server.models :]
        charge = server.charge(resource) * (1.0 - 8.0 * _EPS)
        size = float(prices.sum())
        if allowance is not None:
            charge += allowance
            size += float((server.cap * allowance).sum())
        value = _raised_values(server, charge)
        scale = _scale(server, value, size)
        return cls(
            scale=scale,
            value=np.ceil(value * scale),
            rent=np.floor(prices[: server.models] * scale),
            load=np.floor(server.load_cost * scale),
            charge=charge,
            resource=math.fsum(resource.ravel()) * (1.0 + 1e-9 + 1e-12),
            inflate=1.0 if server.outer_shelf.whole else 1.0 + 4.0 * ROUNDING,
        )


def bound_from_prices(
    instance: Instance,
    presence: FloatArray,
    compute: FloatArray | None = None,
    energy: FloatArray | None = None,
    service: FloatArray | None = None,
) -> float:
    """Return the lower bound that given prices prove for a whole instance.

    Parameters
    ----------
    presence
        (T, N, M) price of caching a model in a slot (cost).
    compute, energy
        (T, N) price of a slot's whole compute or energy limit (cost); None is 0. Ignored where there is no
        limit.
    service
        (T, N, S) what a request pays to be let in (cost); None is 0.

    Raises
    ------
    InvalidOption
        If the shape is wrong or a price is negative or not finite.
    """
    expected = (instance.slots, instance.servers)
    free = np.zeros(expected)
    compute = free if compute is None else compute
    energy = free if energy is None else energy
    service = np.zeros((*expected, instance.services)) if service is None else service
    for name, array, shape in (
        ("presence", presence, (*expected, instance.models)),
        ("compute", compute, expected),
        ("energy", energy, expected),
        ("service", service, (*expected, instance.services)),
    ):
        if np.shape(array) != shape:
            raise InvalidOption(f"prices of {name}: shape {np.shape(array)}; {shape} is needed")
    bounds = []
    for n in range(instance.servers):
        rows = np.vstack([presence[:, n].T, compute[None, :, n], energy[None, :, n]])
        server = Server.of(instance, n)
        allowance = np.ascontiguousarray(service[:, n].T) if np.any(service[:, n]) else None
        ways = (False, True) if not server.plain and affordable(server) else (False,)
        bounds.append(
            max(safe_bound(server, rows, exact_chains=exact, allowance=allowance) for exact in ways)
        )
    return math.fsum(bounds)


def _check(server: Server, prices: FloatArray, allowance: FloatArray | None) -> None:
    expected = (server.models + 2, server.slots)
    if prices.shape != expected:
        raise InvalidOption(f"prices: shape {prices.shape}; {expected} (models + 2, slots) is needed")
    if allowance is not None and allowance.shape != server.cap.shape:
        raise InvalidOption(f"allowance: shape {allowance.shape}; {server.cap.shape} is needed")
    for array in (prices,) if allowance is None else (prices, allowance):
        if not np.all((array >= 0.0) & (array < np.inf)):
            raise InvalidOption("prices: every price must be finite and not negative")


def _raised_values(server: Server, charge: FloatArray) -> FloatArray:
    """Node values, no smaller than the exact ones: every rounding error is paid for upward."""
    graph = server.graph
    value = np.zeros(graph.successor.size)
    node_values(
        graph.first,
        graph.context,
        graph.members,
        server.cap,
        server.raised_saving,
        charge,
        value,
    )
    return np.asarray(value * (1.0 + 4.0 * _EPS * (graph.members.shape[1] + 4)))


def _scale(server: Server, value: FloatArray, size: float) -> float:
    """Power of two that makes the largest sum any programme can form stay below 2^53.

    ``size`` is the sum of all that could be paid in prices.
    """
    starts = server.graph.first[:, :-1].ravel()
    richest = float(np.maximum.reduceat(value, starts).sum())
    size += richest + float(server.load_cost.sum()) * server.slots
    return 2.0 ** math.floor(math.log2(_WHOLE / max(size, 1e-200)))


def _chain_total(server: Server, scaled: Scaled) -> float:
    graph = server.graph
    ahead, idle = np.zeros(scaled.value.size), np.zeros(server.slots + 2)
    chosen = np.zeros(scaled.rent.shape, dtype=np.bool_)
    return float(
        all_chains(graph.first, graph.successor, scaled.value, scaled.rent, scaled.load, ahead, idle, chosen)
    )


def _interval_total(server: Server, scaled: Scaled) -> float:
    tables = interval_tables(server, scaled.charge, scaled.scale)
    best, chosen = np.zeros(server.slots + 1), np.zeros(server.slots, dtype=np.bool_)
    return math.fsum(
        best_intervals(tables[m], scaled.rent[m], scaled.load[m], best, chosen) for m in range(server.models)
    )
