"""Play many episodes at once with a network: by chance, to learn from, or by the knapsack, to be scored.

What arrives does not depend on what is decided. So the starting policy is played first on the same arrivals;
that gives the network's reading of all demand in one pass, parallel over time, and the cost that every slot
would have had. A reward is what a slot cost less than that: no more than a shift that no action can change,
but most of the noise of demand goes with it (an input-dependent baseline; Mao et al., arXiv 1807.02264).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...problem.fields import BoolArray, FloatArray, IntArray
from ...solvers.compiled import compiled
from ...solvers.policies.slot_choice import keep_what_fits
from ..networks.network import Network
from ..serving.lanes import Lanes
from ..serving.observation import Tokens
from ..serving.prior import Prior, PriorOptions
from ..serving.sources import EpisodeSource
from ..serving.vector import EdgeServingVectorEnv
from .sampling import Draw, draw

KEPT = 256
"""Episodes of which a player remembers how the starting policy plays them (half a megabyte each)."""


@dataclass(frozen=True)
class Chance:
    """How sets are drawn: at which temperature, with which generator."""

    temperature: float
    generator: np.random.Generator


@dataclass(frozen=True)
class Rollout:
    """T slots of B lanes.

    Attributes
    ----------
    seen : dict of tensors (B, T + 1, ...)
        Observations, the one after the last slot too.
    base : tensor (B, T + 1, M)
        Starting scores.
    begins : bool tensor (B, T + 1)
        Where an episode begins.
    drawn : Draw of tensors (B, T, ...) or None
        None if nothing was drawn.
    footprint : tensor (B, T, M)
        1 for padding.
    cost, cost_of_prior : float (B, T)
        In units of the mean cloud cost of a request.
    value : float (B, T + 1)
    terminated : bool (B, T)
        Whether the episode was over after the slot.
    """

    seen: dict[str, Any]
    base: Any
    begins: Any
    drawn: Draw | None
    footprint: Any
    cost: FloatArray
    cost_of_prior: FloatArray
    value: FloatArray
    terminated: BoolArray


@dataclass(frozen=True)
class _First:
    """What a rollout of the starting policy tells: what `Network.read` reads, costs (B, T), ended (B,)."""

    seen: dict[str, Any]
    begins: Any
    cost: FloatArray
    ended: BoolArray

    def of_lane(self, lane: int) -> _First:
        seen = {name: one[lane].clone() for name, one in self.seen.items()}
        return _First(seen, self.begins[lane], self.cost[lane], self.ended[lane])


class Player:
    """Plays rollouts of `slots` slots in `lanes` lanes; a rollout does not depend on those before it.

    Parameters
    ----------
    source
        Where episodes come from. Every rollout begins new ones; an episode that ends is followed by another.
    """

    def __init__(self, source: EpisodeSource, lanes: int, slots: int, prior: PriorOptions) -> None:
        self._env = EdgeServingVectorEnv(source, lanes, copy=False)
        self.lanes, self.slots, self._options = lanes, slots, prior
        self._kept: dict[int, _First] = {}

    def play(
        self,
        network: Network,
        seeds: Sequence[int],
        episodes: Sequence[int],
        chance: Chance | None = None,
        *,
        adapt: bool = True,
    ) -> Rollout:
        """Play a rollout.

        Parameters
        ----------
        seeds, episodes
            For each lane: its first episode, and the seed that draws those after it.
        chance
            None: the knapsack of the scores is played.
        adapt
            As for `Network`.
        """
        import torch

        first = self._first(seeds, episodes)
        with torch.inference_mode():
            state = network.initial(self.lanes, self._env.lanes.models)
            # What follows the last slot is not read where all episodes are over: its value is 0 anyway.
            rest = int(first.ended.all())
            asked = {name: one[:, : self.slots + 1 - rest] for name, one in first.seen.items()}
            tokens, _ = network.read(asked, first.begins[:, : self.slots + 1 - rest], state, adapt=adapt)
            tokens = torch.nn.functional.pad(tokens, (0, 0, 0, 0, 0, rest))
        return self._pass(seeds, episodes, (network, tokens), chance, first.cost)

    def _first(self, seeds: Sequence[int], episodes: Sequence[int]) -> _First:
        """Play the starting policy, or remember how it went: in a whole rollout that is one episode."""
        import torch

        if not all(episode in self._kept for episode in episodes):
            played = self._pass(seeds, episodes)
            seen = {name: played.seen[name] for name in ("models", "server", "model_mask")}
            first = _First(seen, played.begins, played.cost, played.terminated[:, -1])
            for lane, episode in enumerate(episodes):
                if len(self._kept) < KEPT and not played.terminated[lane, :-1].any():
                    self._kept[episode] = first.of_lane(lane)
            return first
        rows = [self._kept[episode] for episode in episodes]
        return _First(
            {name: torch.stack([row.seen[name] for row in rows]) for name in rows[0].seen},
            torch.stack([row.begins for row in rows]),
            np.stack([row.cost for row in rows]),
            np.stack([row.ended for row in rows]),
        )

    def _pass(
        self,
        seeds: Sequence[int],
        episodes: Sequence[int],
        judge: tuple[Network, Any] | None = None,
        chance: Chance | None = None,
        cost_of_prior: FloatArray | None = None,
    ) -> Rollout:
        env, lanes = self._env, self._env.lanes
        env.reset(seed=list(seeds), options={"episodes": episodes})
        prior = Prior(self._options, self.lanes, lanes.services)
        record = _Record.blank(lanes, self.slots)
        draws: list[Draw] = []
        for slot in range(self.slots + 1):
            scores, shares = prior.scores(
                lanes.sites, lanes.requests, lanes.cached, lanes.context, lanes.slot, lanes.slots_of
            )
            record.see(slot, lanes.tokens, scores)
            if judge is not None:
                scores = record.judge(slot, *judge)
            if slot == self.slots:
                break
            if chance is None:
                cached, served = env.project_scores(scores, shares)
            else:
                base = record.base[:, slot].astype(np.float64)
                draws.append(draw(lanes.sites, base, scores, chance.temperature, chance.generator))
                cached = draws[-1].cached.copy()
                _keep(lanes.sites, scores, lanes.cached, cached)
                served = env.serve(cached, shares)
            self._step(record, slot, cached, served)
        return record.rollout(_stacked(draws) if draws else None, cost_of_prior)

    def _step(self, record: _Record, slot: int, cached: BoolArray, served: IntArray) -> None:
        """Play a plan and write down what it cost."""
        sites = self._env.lanes.sites
        real = sites.footprint > 0.0
        record.footprint[:, slot][real] = sites.footprint[real]
        unit = sites.unit.copy()
        _, reward, ended, _, _ = self._env.step_plan(cached, served, check=False)
        record.cost[:, slot], record.terminated[:, slot] = -reward / unit, ended
        record.begins[:, slot + 1] = ended


@dataclass(frozen=True, eq=False)
class _Record:
    """A rollout that is being written: the arrays of `Rollout`, and the tensors that share their memory."""

    seen: dict[str, NDArray[Any]]
    base: NDArray[np.float32]
    begins: BoolArray
    footprint: NDArray[np.float32]
    cost: FloatArray
    value: FloatArray
    terminated: BoolArray
    seen_as_tensors: dict[str, Any]
    base_as_tensor: Any

    @classmethod
    def blank(cls, lanes: Lanes, slots: int) -> _Record:
        """Nothing has been seen, and all lanes begin."""
        import torch

        shape, later = (lanes.count, slots), (lanes.count, slots + 1)
        seen = {name: np.zeros((*later, *one.shape[1:]), one.dtype) for name, one in lanes.tokens.items()}
        base = np.zeros((*later, lanes.models), np.float32)
        begins = np.zeros(later, np.bool_)
        begins[:, 0] = True
        return cls(
            seen=seen,
            base=base,
            begins=begins,
            footprint=np.ones((*shape, lanes.models), np.float32),
            cost=np.zeros(shape),
            value=np.zeros(later),
            terminated=np.zeros(shape, np.bool_),
            seen_as_tensors={name: torch.from_numpy(one) for name, one in seen.items()},
            base_as_tensor=torch.from_numpy(base),
        )

    def see(self, slot: int, tokens: Tokens, scores: FloatArray) -> None:
        """Write down what is seen before a slot is decided, and the starting scores."""
        for name, one in tokens.items():
            self.seen[name][:, slot] = one
        self.base[:, slot] = scores

    def judge(self, slot: int, network: Network, tokens: Any) -> FloatArray:
        """The network's scores (B, M) in a slot; its value is written down."""
        import torch

        now = slice(slot, slot + 1)
        with torch.inference_mode():
            of_now = {name: one[:, now] for name, one in self.seen_as_tensors.items()}
            judged, worth = network.judge(tokens[:, now], of_now, self.base_as_tensor[:, now])
        scores: FloatArray = judged[:, 0].double().numpy()
        self.value[:, slot] = worth[:, 0].numpy()
        return scores

    def rollout(self, drawn: Draw | None, cost_of_prior: FloatArray | None) -> Rollout:
        """The rollout as it was written; what the starting policy costs is by default what this one does."""
        import torch

        return Rollout(
            seen=self.seen_as_tensors,
            base=self.base_as_tensor,
            begins=torch.from_numpy(self.begins),
            drawn=drawn,
            footprint=torch.from_numpy(self.footprint),
            cost=self.cost,
            cost_of_prior=self.cost if cost_of_prior is None else cost_of_prior,
            value=self.value,
            terminated=self.terminated,
        )


def _stacked(draws: Sequence[Draw]) -> Draw:
    """Draws of T slots as tensors (B, T, ...), real numbers in single precision."""
    import torch

    def stacked(arrays: Sequence[Any]) -> Any:
        whole = torch.from_numpy(np.stack(arrays, axis=1))
        return whole.float() if whole.dtype == torch.float64 else whole

    return Draw(*(stacked(arrays) for arrays in zip(*draws, strict=True)))


@compiled
def _keep(sites: Any, scores: Any, before: Any, cached: Any) -> None:
    """Leave in the cache what was not drawn while there is room: holding costs nothing."""
    for lane in range(cached.shape[0]):
        models = sites.models[lane]
        keep_what_fits(
            scores[lane, :models],
            before[lane],
            sites.footprint[lane],
            sites.memory[lane],
            cached[lane, :models],
        )
