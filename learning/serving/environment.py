"""`EdgeServingEnv`: one server of an instance as a gymnasium environment."""

from __future__ import annotations

from typing import Any, ClassVar

import gymnasium
import numpy as np
from numpy.typing import NDArray

from ...problem.errors import InvalidOption
from ...problem.fields import BoolArray, FloatArray, IntArray
from .actions import ActionKind
from .lanes import Lanes, Outcome
from .observation import Tokens, observation_space
from .projection import Fill
from .sources import Origin, as_source


class EdgeServingEnv(gymnasium.Env[Tokens, NDArray[Any]]):
    """Decide, slot by slot, which models one server keeps and how many requests it serves.

    The observation shows the arrivals up to the slot that is to be decided (`observation`); any action is
    made feasible (`actions`, `projection`); the reward is minus the slot's cost, so that an episode's return
    is minus the cost that `problem.evaluate` finds for the plan that was played.

    An episode that reaches the instance's last slot *terminates*: nothing is paid after it, `remaining` has
    announced it, and the value of the final observation is 0. An episode that `slots` cuts before that is
    *truncated*: its final observation shows the next arrivals, and its value is to be bootstrapped.

    Parameters
    ----------
    source
        Where episodes come from (`sources.as_source`): a scenario's name, an instance, a source, or a list.
    action
        "scores" (a box) or "binary" (bits); see `actions.action_space`.
    fill
        "knapsack" or "sequential"; see `projection`.
    slots
        Cut episodes after so many slots; None: play instances to their end.
    max_models, max_services
        Sizes to which observations and actions are padded; by default the source's greatest.
    render_mode
        There is none; accepted because gymnasium passes it.

    Raises
    ------
    InvalidOption
        For an unknown scenario, action or fill, or sizes too small for the source.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": []}

    def __init__(
        self,
        source: Origin = "hotset",
        *,
        action: ActionKind = "scores",
        fill: Fill = "knapsack",
        slots: int | None = None,
        max_models: int | None = None,
        max_services: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        if render_mode is not None:
            raise InvalidOption(f"render_mode = {render_mode!r}: there is nothing to render; use None")
        self.lanes = Lanes(
            as_source(source),
            1,
            action=action,
            fill=fill,
            slots=slots,
            max_models=max_models,
            max_services=max_services,
        )
        self.observation_space = observation_space(self.lanes.models, self.lanes.services)
        self.action_space = self.lanes.space
        self.render_mode = None
        self._playing = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Tokens, dict[str, Any]]:
        """Begin an episode: the one that ``options["episode"]`` names, else one drawn at random.

        Returns
        -------
        observation, info
            `info` holds "episode", its number in the source.
        """
        super().reset(seed=seed)
        episode = (options or {}).get("episode")
        if episode is None:
            episode = int(self.np_random.integers(len(self.lanes.source)))
        self.lanes.begin([0], [episode])
        self._playing = True
        return self._observation(), {"episode": episode}

    def step(self, action: NDArray[Any]) -> tuple[Tokens, float, bool, bool, dict[str, Any]]:
        """Play an action of the action space, made feasible.

        Returns
        -------
        observation, reward, terminated, truncated, info
            `info` holds the plan that was played ("cached" (M,), "served" (S,)), the slot's "cost_terms" (5,)
            and "cloud_only", what the slot would have cost with everything sent to the cloud.
        """
        self._require_episode()
        return self._advance(*self.lanes.project(np.asarray(action)[None]))

    def step_plan(
        self, cached: BoolArray, served: IntArray
    ) -> tuple[Tokens, float, bool, bool, dict[str, Any]]:
        """Play a plan for the slot as it is: cached bool (M,), served int (S,), padded like observations.

        Raises
        ------
        InvalidPlan
            If it breaks a constraint.
        """
        self._require_episode()
        kept, done = np.array(cached)[None], np.array(served)[None]
        self.lanes.check(kept, done)
        return self._advance(kept, done)

    def project(self, action: NDArray[Any]) -> tuple[BoolArray, IntArray]:
        """What `step` would play: cached (M,) and served (S,)."""
        cached, served = self.lanes.project(np.asarray(action)[None])
        return cached[0], served[0]

    def project_scores(self, scores: FloatArray, shares: FloatArray) -> tuple[BoolArray, IntArray]:
        """The feasible plan of scores (M,), any finite numbers, and shares (S,) in [0, 1]."""
        cached, served = self.lanes.project_scores(np.asarray(scores)[None], np.asarray(shares)[None])
        return cached[0], served[0]

    def serve(self, cached: BoolArray, shares: FloatArray) -> IntArray:
        """Served requests (S,) for a set (M,) that fits the memory."""
        served: IntArray = self.lanes.serve(np.asarray(cached)[None], np.asarray(shares)[None])[0]
        return served

    def _advance(
        self, cached: BoolArray, served: IntArray
    ) -> tuple[Tokens, float, bool, bool, dict[str, Any]]:
        outcome = self.lanes.advance(cached, served)
        ends = bool(outcome.terminated[0]), bool(outcome.truncated[0])
        self._playing = not any(ends)
        info = {name: array[0] for name, array in step_info(outcome, cached, served).items()}
        return self._observation(), float(rewards(outcome)[0]), *ends, info

    def _observation(self) -> Tokens:
        return {name: array[0].copy() for name, array in self.lanes.tokens.items()}

    def _require_episode(self) -> None:
        if not self._playing:
            raise gymnasium.error.ResetNeeded("no episode is in progress: call reset first")


def rewards(outcome: Outcome) -> FloatArray:
    """Minus the cost of the slot (B,)."""
    total: FloatArray = -outcome.terms.sum(axis=1)
    return total


def step_info(outcome: Outcome, cached: BoolArray, served: IntArray) -> dict[str, NDArray[Any]]:
    """What a step tells beside observation and reward, with a lane axis."""
    return {
        "cached": cached,
        "served": served,
        "cost_terms": outcome.terms,
        "cloud_only": outcome.cloud_only,
    }
