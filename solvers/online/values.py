"""What a model is worth to an online policy that pays rent for memory: one small programme a model.

Memory is all that couples models. Charge a rent for every slot of presence, and each model is a stochastic
problem of its own over (local demand state; absent, or present with contexts). The sum of these values over
the models approximates the savings still to come (a weakly coupled, or Lagrangian, value function: Hawkins
2003; Adelman and Mersereau 2008); any rents and any depth define penalties for which the bound of
``relaxation.py`` holds.

Whether a model stays, or enters, is decided on the expected value of the slot, before its counts are known:
counts then enter the value through the savings and the contexts they cause only, and the expectation over
them is a product of one matrix for each service, exact to rounding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...problem.errors import InvalidOption
from ...problem.fields import MAX_COUNT, BoolArray, FloatArray, IntArray
from ...problem.instance import Instance
from ...problem.processes import Chain, DemandProcess, count_law
from ..lagrangian.server import Server

MAX_CELLS = 24_000_000
DEEPEST = 160
_SHALLOWEST = 4


@dataclass(frozen=True, eq=False)
class Part:
    """One model as its own stochastic problem.

    Attributes
    ----------
    chain
        Local demand chain.
    moves
        For each service (Z, K + 1, K + 1): law of the context after a slot in which all is served.
    reward
        (Z, X) expected savings of a slot, by local state and contexts.
    shape
        Context counts of the services; X is their product.
    load
        Load cost.
    """

    chain: Chain
    moves: tuple[FloatArray, ...]
    reward: FloatArray
    shape: tuple[int, ...]
    load: float


@dataclass(frozen=True, eq=False)
class ModelValue:
    """Value of one model by slots left, at most `depth` of them; more are taken for `depth`.

    Attributes
    ----------
    ahead
        (depth + 1, Z, X + 1) expected savings from the next slot on, this slot's local state known, by what
        the model will be then: contexts, or absent (last column).
    present
        (depth + 1, Z, X + 1) bool, whether it will be cached in a slot with that many slots left.
    start
        (depth + 1,) value of a model that has never been cached, before the first slot's state is known.
    rent
        (Z,) cost of presence for a slot, by local state.
    """

    ahead: FloatArray
    present: BoolArray
    start: FloatArray
    rent: FloatArray

    @property
    def depth(self) -> int:
        """Largest number of slots left that is told apart."""
        return int(self.ahead.shape[0]) - 1


def parts_of(world: Instance, n: int, process: DemandProcess) -> tuple[Part, ...]:
    """Set up the problem of each model on server n of a world; its requests are not looked at."""
    flood = np.full((1, world.servers, world.services), MAX_COUNT)
    server = Server.of(world.with_requests(flood), n)
    return tuple(
        _part(server, chain, process, np.flatnonzero(server.service_model == m), m)
        for m, chain in enumerate(process.chains)
    )


def _part(server: Server, chain: Chain, process: DemandProcess, mine: IntArray, model: int) -> Part:
    # In a slot of a flood ``cap`` is what the limits of the slot allow.
    law = count_law(chain.arrivals, process.counts, server.cap[mine, 0])
    shape = tuple(int(server.window[s]) + 1 for s in mine)
    number = np.arange(law.shape[2])
    mean = law @ number
    reward = np.zeros((chain.states, *shape))
    moves = []
    for place, s in enumerate(mine):
        gains = np.maximum(0.0, server.saving[s, : shape[place]])
        axes = [1] * len(shape)
        axes[place] = shape[place]
        reward += mean[:, place].reshape(-1, *[1] * len(shape)) * gains.reshape(axes)
        context = np.arange(shape[place])[:, None] + server.gain[s] * number - server.vanish[s]
        after = np.clip(context, 0, server.window[s])
        move = np.zeros((chain.states, shape[place], shape[place]))
        rows = np.broadcast_to(np.arange(shape[place])[:, None], after.shape)
        for z in range(chain.states):
            np.add.at(move[z], (rows, after), np.broadcast_to(law[z, place], after.shape))
        moves.append(move)
    return Part(chain, tuple(moves), reward.reshape(chain.states, -1), shape, float(server.load_cost[model]))


def affordable_depth(parts: tuple[Part, ...], slots: int) -> int:
    """Slots left that tables within the memory limit can tell apart.

    Raises
    ------
    InvalidOption
        If the contexts of some model are too many for even a shallow table.
    """
    cells = sum(part.chain.states * (part.reward.shape[1] + 1) for part in parts)
    depth = int(min(slots, DEEPEST, MAX_CELLS // cells - 1))
    if depth < min(slots, _SHALLOWEST):
        raise InvalidOption(
            f"values: {cells:,} states of demand and contexts in all models together; at most "
            f"{MAX_CELLS // (_SHALLOWEST + 1):,} can be tabulated: use smaller windows, or value='zero'"
        )
    return depth


def solve_model(part: Part, rent: FloatArray, depth: int, rule: BoolArray | None = None) -> ModelValue:
    """Solve one model for rents (Z,) by the local state, up to ``depth`` slots from the end.

    A ``rule`` (depth + 1, Z, X + 1) says when the model is cached instead of the optimal choice.
    """
    states, contexts = part.reward.shape
    ahead = np.zeros((depth + 1, states, contexts + 1))
    present = np.zeros(ahead.shape, dtype=np.bool_)
    start = np.zeros((depth + 1, states))
    paid = part.reward - rent[:, None]
    for left in range(1, depth + 1):
        before = ahead[left - 1]
        stay = paid + _over_counts(part, before[:, :-1])
        away = before[:, -1]
        enter = stay[:, 0] - part.load
        cached = np.concatenate([stay, enter[:, None]], axis=1)
        present[left, :, :-1] = stay >= away[:, None]
        present[left, :, -1] = enter > away
        if rule is not None:
            present[left] = rule[left]
        value = np.where(present[left], cached, away[:, None])
        start[left] = value[:, -1]
        np.matmul(part.chain.transition, value, out=ahead[left])
    return ModelValue(ahead, present, part.chain.initial @ start.T, rent)


def _over_counts(part: Part, ahead: FloatArray) -> FloatArray:
    """Expectation of ``ahead`` (Z, X), a function of the contexts after a slot, by those before it."""
    states, table = ahead.shape[0], ahead
    for place, move in enumerate(part.moves):
        inner = math.prod(part.shape[place + 1 :])
        if inner == 1:
            table = np.matmul(table.reshape(states, -1, part.shape[place]), move.transpose(0, 2, 1))
        else:
            table = np.matmul(move[:, None], table.reshape(states, -1, part.shape[place], inner))
    return np.asarray(table.reshape(states, -1))


def savings_rate(part: Part, rent: FloatArray, depth: int) -> float:
    """Long-run savings per slot of a model that pays rent (Z,), from the last half of ``depth`` slots."""
    value = solve_model(part, rent, depth)
    return float(value.start[depth] - value.start[depth // 2]) / (depth - depth // 2)
