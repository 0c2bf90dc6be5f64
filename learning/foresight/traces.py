"""Whole traces at once: what is seen of their demand, slot by slot, and what came after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...problem import Instance
from ...problem.errors import InvalidOption
from ...problem.fields import FloatArray, IntArray
from ...solvers import solve
from ...solvers.compiled import compiled
from ..networks.network import FORESIGHT, SPANS
from ..serving.lanes import Lanes
from ..serving.observation import MODEL_FEATURES, Tokens
from ..serving.sources import EpisodeSource
from .worth import fair_rent, worth

RENT_STEPS = 24
PRICE_GAP = 0.02
"""Relative gap at which the prices of a trace are good enough to learn from."""

_NAMES = [name for name, _ in MODEL_FEATURES]
_POTENTIALS = [_NAMES.index("potential_fast"), _NAMES.index("potential_slow")]


@dataclass(frozen=True, eq=False)
class Traces:
    """Demand of B episodes of equal sizes and lengths, as a policy sees it while it decides nothing.

    Attributes
    ----------
    episodes
        The instances, one server each.
    tokens
        By the names of `observation.observation_space`, with axes (B, T) in front.
    fast, slow
        (B, T, S) fast and slow mean of the requests of each service, this slot's included.
    """

    episodes: tuple[Instance, ...]
    tokens: Tokens
    fast: FloatArray
    slow: FloatArray

    @property
    def units(self) -> FloatArray:
        """(B, T, M) units of the worths, cost: `Network.scale` times the mean cloud cost of a request."""
        potential = self.tokens["models"][..., _POTENTIALS].astype(np.float64).max(axis=-1)
        cloud = np.array([one.cloud_cost[0].mean() or 1.0 for one in self.episodes])
        units: FloatArray = cloud[:, None, None] * (1.0 + np.maximum(potential, 0.0) ** 2)
        return units


def read_traces(source: EpisodeSource, episodes: Sequence[int]) -> Traces:
    """Play episodes without serving anything, and keep what is seen.

    Raises
    ------
    InvalidOption
        If the episodes are not all of one length.
    """
    lanes = Lanes(
        source,
        len(episodes),
        action="scores",
        fill="knapsack",
        slots=None,
        max_models=None,
        max_services=None,
    )
    lanes.begin(range(len(episodes)), episodes)
    if np.ptp(lanes.slots_of):
        raise InvalidOption("traces: the episodes differ in length; give those of one length together")
    slots = int(lanes.slots_of[0])
    kept = {
        name: np.empty((len(episodes), slots, *one.shape[1:]), one.dtype)
        for name, one in lanes.tokens.items()
    }
    fast, slow = np.empty((2, len(episodes), slots, lanes.services))
    idle, nothing = np.zeros_like(lanes.cached), np.zeros_like(lanes.requests)
    for slot in range(slots):
        for name, array in lanes.tokens.items():
            kept[name][:, slot] = array
        fast[:, slot], slow[:, slot] = lanes.demand.fast, lanes.demand.slow
        lanes.advance(idle, nothing)
    return Traces(tuple(source[episode] for episode in episodes), kept, fast, slow)


def rent_of(source: EpisodeSource, episodes: Sequence[int]) -> float:
    """The mean of `worth.fair_rent` over episodes, in cost per byte and slot."""
    return float(np.mean([_rent(source[episode]) for episode in episodes]))


def _rent(one: Instance) -> float:
    return fair_rent(*_world(one), one.load_cost[0], one.footprint, float(one.memory[0]), RENT_STEPS)


def _world(
    one: Instance,
) -> tuple[IntArray, FloatArray, IntArray, IntArray, IntArray, IntArray]:
    return one.requests[:, 0].copy(), one.saving[0], one.service_model, one.window, one.gain, one.vanish


def targets(traces: Traces, rent: float, priced: int) -> tuple[FloatArray, FloatArray]:
    """What the network is to foretell of each trace.

    Parameters
    ----------
    rent
        Of memory, in cost per byte and slot.
    priced
        How many traces, from the first on, are solved for the prices of the last two columns.

    Returns
    -------
    values, known : float32 (B, T, M, F), (B, T, F)
        The columns of `network.FORESIGHT`, and 1 where they are known: the trace is long enough, and solved.
    """
    shape = traces.tokens["models"].shape[:3]
    values = np.zeros((*shape, len(FORESIGHT)), np.float32)
    known = np.ones((*shape[:2], len(FORESIGHT)), np.float32)
    units, spans = traces.units, len(SPANS)
    for row, one in enumerate(traces.episodes):
        models = one.models
        total, mean = np.zeros((2, one.slots, models))
        np.add.at(total.T, one.service_model, one.requests[:, 0].T)
        np.add.at(mean.T, one.service_model, traces.slow[row, :, : one.services].T)
        ahead, reached = np.zeros((one.slots, models, spans)), np.zeros((one.slots, spans))
        demand_ahead(total, np.array([*SPANS, 2 * SPANS[-1]]), ahead, reached)
        values[row, :, :models, :spans] = ahead / (mean[..., None] + 0.5)
        known[row, :, :spans] = reached
        kinds = [constant_rent(one, rent)]
        if row < priced:
            kinds.append(prices(one))
        for kind, (saving, paid) in enumerate(kinds):
            found = np.zeros((2, one.slots, models))
            requests, _, of, window, gain, vanish = _world(one)
            load = one.load_cost[0]
            worth(requests, saving, of, window, gain, vanish, load, paid, found[0], found[1])
            columns = slice(spans + 2 * kind, spans + 2 * kind + 2)
            values[row, :, :models, columns] = np.moveaxis(found, 0, -1) / units[row, :, :models, None]
        known[row, :, spans + 2 * len(kinds) :] = 0.0
    return values, known


def constant_rent(one: Instance, rent: float) -> tuple[FloatArray, FloatArray]:
    """Savings (T, S, K) and rents (T, M) where a byte costs the same in every slot."""
    saving = np.repeat(one.saving[:1], one.slots, axis=0)
    return saving, np.repeat((rent * one.footprint)[None], one.slots, axis=0)


def prices(one: Instance) -> tuple[FloatArray, FloatArray]:
    """Savings (T, S, K) less what requests pay, and rents (T, M), at the prices of the decomposition."""
    certificate = solve(one, "lagrangian", gap=PRICE_GAP).certificate
    saving = constant_rent(one, 0.0)[0]
    if certificate is None:
        return saving, np.zeros((one.slots, one.models))
    scale = 2.0**-certificate.scale
    charge = scale * certificate.service[:, 0]
    for price, use, limit in (
        (certificate.compute, one.work, one.compute),
        (certificate.energy, one.energy, one.energy_budget),
    ):
        if 0.0 < limit[0] < np.inf:
            charge = charge + scale * price * use[0] / limit[0]
    return saving - charge[..., None], scale * certificate.presence[:, 0].astype(np.float64)


@compiled
def demand_ahead(total: FloatArray, edges: IntArray, ahead: FloatArray, known: FloatArray) -> None:
    """Fill the mean requests (T, M) a slot of each span after each slot, and whether the trace reaches it.

    A span is from `edges[j]` slots ahead to before `edges[j + 1]`, or to the end of the trace.
    """
    slots, models = total.shape
    summed = np.zeros((slots + 1, models))
    for slot in range(slots):
        summed[slot + 1] = summed[slot] + total[slot]
    for slot in range(slots):
        for span in range(edges.shape[0] - 1):
            begin, end = slot + edges[span], min(slots, slot + edges[span + 1])
            if begin < end:
                known[slot, span] = 1.0
                ahead[slot, :, span] = (summed[end] - summed[begin]) / (end - begin)
