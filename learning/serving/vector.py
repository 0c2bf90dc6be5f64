"""`EdgeServingVectorEnv`: many servers in one call, each exactly as `EdgeServingEnv` would play it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from ...problem.errors import InvalidOption
from ...problem.fields import BoolArray, FloatArray, IntArray
from .actions import ActionKind
from .environment import rewards, step_info
from .lanes import Lanes, observed
from .observation import Tokens, observation_space
from .projection import Fill
from .sources import Origin, as_source

Step = tuple[Tokens, FloatArray, BoolArray, BoolArray, dict[str, Any]]


class EdgeServingVectorEnv(VectorEnv[Tokens, NDArray[Any], NDArray[Any]]):
    """B lanes of `EdgeServingEnv`, stepped together.

    Lane `i`, reset with seed `s`, plays bit for bit what an `EdgeServingEnv` plays that is reset with
    ``s + i`` and, whenever an episode ends, reset again without a seed. Autoreset is SAME_STEP: the step that
    ends an episode returns the first observation of the next, and puts the last one of the ended episode into
    ``infos["final_obs"][i]`` and its step's info into ``infos["final_info"]``.

    Parameters
    ----------
    source
        As for `EdgeServingEnv`; all lanes draw from it.
    num_envs
        Number of lanes B.
    action, fill, slots, max_models, max_services
        As for `EdgeServingEnv`.
    copy
        Whether observations are copies; if not, the next step overwrites them (faster).

    Attributes
    ----------
    lanes
        The engine: raw requests, contexts and cached sets, servers, running statistics (`Lanes`).
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": [], "autoreset_mode": AutoresetMode.SAME_STEP}

    def __init__(
        self,
        source: Origin = "hotset",
        num_envs: int = 1,
        *,
        action: ActionKind = "scores",
        fill: Fill = "knapsack",
        slots: int | None = None,
        max_models: int | None = None,
        max_services: int | None = None,
        copy: bool = True,
        render_mode: str | None = None,
    ) -> None:
        if render_mode is not None:
            raise InvalidOption(f"render_mode = {render_mode!r}: there is nothing to render; use None")
        self.lanes = Lanes(
            as_source(source),
            num_envs,
            action=action,
            fill=fill,
            slots=slots,
            max_models=max_models,
            max_services=max_services,
        )
        self.num_envs, self.copy = num_envs, copy
        self.single_observation_space = observation_space(self.lanes.models, self.lanes.services)
        self.single_action_space = self.lanes.space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.render_mode = None
        self._generators: dict[int, np.random.Generator] = {}

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Tokens, dict[str, Any]]:
        """Begin an episode in every lane.

        Parameters
        ----------
        seed
            Lane `i` gets ``seed + i``, or the i-th of a list; None keeps the generators as they are.
        options
            ``{"episodes": [...]}`` names the episode of each lane; otherwise they are drawn.
        """
        seeds = [seed + i for i in range(self.num_envs)] if isinstance(seed, int) else seed
        seeds = [None] * self.num_envs if seeds is None else seeds
        if len(seeds) != self.num_envs:
            raise InvalidOption(f"seed: {len(seeds)} seeds for {self.num_envs} lanes; one each is needed")
        for lane, one in enumerate(seeds):
            if one is not None or lane not in self._generators:
                self._generators[lane] = seeding.np_random(one)[0]
        everyone = np.ones(self.num_envs, np.bool_)
        episodes = (options or {}).get("episodes")
        if episodes is None:
            episodes = self._draw(everyone)
        elif len(episodes) != self.num_envs:
            raise InvalidOption(f"options: {len(episodes)} episodes for {self.num_envs} lanes")
        self.lanes.begin(range(self.num_envs), episodes)
        return self._observation(), {"episode": np.array(episodes), "_episode": everyone}

    def step(self, actions: NDArray[Any]) -> Step:
        """Play actions (B, M + S), made feasible; ended lanes begin their next episode."""
        return self._advance(*self.lanes.project(actions))

    def step_plan(self, cached: BoolArray, served: IntArray, *, check: bool = True) -> Step:
        """Play plans as they are: cached bool (B, M), served int (B, S).

        Parameters
        ----------
        cached, served
            Padded like observations.
        check
            False for plans that `project`, `project_scores` or `serve` made.

        Raises
        ------
        InvalidPlan
            If one breaks a constraint, naming the lane.
        """
        kept, done = np.array(cached), np.array(served)
        if check:
            self.lanes.check(kept, done)
        return self._advance(kept, done)

    def project(self, actions: NDArray[Any]) -> tuple[BoolArray, IntArray]:
        """What `step` would play: cached (B, M) and served (B, S)."""
        return self.lanes.project(actions)

    def project_scores(self, scores: FloatArray, shares: FloatArray) -> tuple[BoolArray, IntArray]:
        """The feasible plans of scores (B, M), any finite numbers, and shares (B, S) in [0, 1]."""
        return self.lanes.project_scores(scores, shares)

    def serve(self, cached: BoolArray, shares: FloatArray) -> IntArray:
        """Served requests (B, S) for sets (B, M) that fit the memory."""
        return self.lanes.serve(cached, shares)

    def _advance(self, cached: BoolArray, served: IntArray) -> Step:
        outcome = self.lanes.advance(cached, served)
        ended = outcome.terminated | outcome.truncated
        everyone = np.ones(self.num_envs, np.bool_)
        infos: dict[str, Any] = {}
        for name, array in step_info(outcome, cached, served).items():
            infos[name], infos[f"_{name}"] = array, everyone
        if ended.any():
            infos |= self._finish(ended, dict(infos))
        gained = rewards(outcome)
        return self._observation(), gained, outcome.terminated, outcome.truncated, infos

    def _finish(self, ended: BoolArray, step: dict[str, Any]) -> dict[str, Any]:
        """Keep the last observations of ended lanes and begin their next episodes."""
        last = np.full(self.num_envs, None, dtype=object)
        for lane in np.flatnonzero(ended):
            last[lane] = {name: array[lane].copy() for name, array in self.lanes.tokens.items()}
        final = {name: ended if name.startswith("_") else array for name, array in step.items()}
        episodes = np.zeros(self.num_envs, np.int64)
        episodes[ended] = self._draw(ended)
        self.lanes.begin(np.flatnonzero(ended).tolist(), episodes[ended].tolist())
        return {
            "final_obs": last,
            "_final_obs": ended,
            "final_info": final,
            "_final_info": ended,
            "episode": episodes,
            "_episode": ended,
        }

    def _draw(self, which: BoolArray) -> list[int]:
        episodes = len(self.lanes.source)
        return [int(self._generators[lane].integers(episodes)) for lane in np.flatnonzero(which).tolist()]

    def _observation(self) -> Tokens:
        return observed(self.lanes.tokens) if self.copy else self.lanes.tokens
