"""Proximal policy optimisation of the network, from top to bottom.

Source: Schulman et al., arXiv 1707.06347 and 1506.02438 (GAE). What else it does, by name:

1.  Rollouts of whole lanes. Every update begins new episodes in all lanes, so the core's state at a rollout's
    start is the network's own initial state: minibatches are whole lanes, gradients flow through all of time
    into the learned start, and no stored state is ever stale.
2.  The ratio is 1 on the first minibatch: probabilities are of what was drawn, not of what a projection made
    of it, and are recomputed by the same formula (`sampling`).
3.  Truncation: a rollout that is cut before its episodes end is bootstrapped with the value of the
    observation that follows it. After the last slot of an episode the value is 0.
4.  Rewards are costs per mean cloud cost of a request, measured against the starting policy on the same
    arrivals (`rollout`), over the standard deviation of the first rollout's returns.
5.  Advantages are normalised over the whole rollout.
6.  Learning rate, temperature and entropy weight fall linearly, the last two to `temperature_end` and 0.
7.  Gradients are clipped to a norm; an update stops early when the policy has moved too far.
8.  The network to use is a running average of the weights (Polyak).
9.  One thread: on arrays this small more threads make torch many times slower.

All that is random in update u is drawn from (seed, u). Between updates there is no other state than the
weights, their average, the optimiser's moments and two numbers, so a run that is resumed ends bit-equal.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np

from ...problem.errors import InvalidOption
from ...problem.fields import BoolArray, FloatArray
from ..networks.network import Network
from ..serving.prior import PriorOptions
from ..serving.sources import EpisodeSource
from .ppo_options import PPOOptions
from .rollout import Chance, Player, Rollout
from .sampling import Draw, log_probability


class PPO:
    """Trains a network in place, one rollout after another.

    Parameters
    ----------
    network
        Trained in place.
    source
        Where training episodes come from.
    options, prior
        See there; `prior` gives the scores that the network's residual is added to.
    adapt
        False: the core does not learn while it reads (the twin that is trained with the inner loop off).
    seed
        Of everything random.

    Attributes
    ----------
    network
        As it is now.
    done
        Updates done.
    """

    def __init__(
        self,
        network: Network,
        source: EpisodeSource,
        *,
        options: PPOOptions | None = None,
        prior: PriorOptions | None = None,
        adapt: bool = True,
        seed: int = 0,
    ) -> None:
        import torch

        torch.set_num_threads(1)
        self.network, self.options, self.done = network, options or PPOOptions(), 0
        self._source, self._adapt, self._seed, self._spread = source, adapt, seed, 1.0
        slots = self.options.slots or source[0].slots
        self._player = Player(source, self.options.lanes, slots, prior or PriorOptions())
        self._average = deepcopy(network)
        self._optimizer = torch.optim.Adam(self._weights(), lr=self.options.learning_rate, eps=1e-5)

    @property
    def updates(self) -> int:
        """How many there are in all."""
        return self.options.updates

    @property
    def finished(self) -> bool:
        """Whether all updates are done."""
        return self.done >= self.options.updates

    def best(self) -> Network:
        """The averaged network, a copy."""
        return deepcopy(self._average)

    def update(self) -> dict[str, float]:
        """Play a rollout and learn from it.

        Returns
        -------
        metrics
            "saved" is the share of the starting policy's cost that was saved, draws by chance included;
            "ratio_error" the greatest |ratio - 1| on the first minibatch.
        """
        import torch

        options = self.options
        left = max(0.0, 1.0 - self.done / options.updates)
        temperature = options.temperature_end + left * (options.temperature - options.temperature_end)
        generator = np.random.default_rng([self._seed, self.done])
        rollout = self._play(generator, temperature)
        rewards = rollout.cost_of_prior - rollout.cost
        if self.done == 0:
            self._spread = float(returns(rewards, rollout.terminated, options.discount).std()) or 1.0
        advantage, target = self._advantages(rollout, rewards / self._spread)
        for group in self._optimizer.param_groups:
            group["lr"] = options.learning_rate * left
        sums: dict[str, float] = {}
        steps, far = 0, False
        for _ in range(options.epochs):
            for lanes in np.array_split(generator.permutation(options.lanes), options.minibatches):
                loss, told = self._loss(
                    rollout, torch.from_numpy(lanes), advantage, target, temperature, options.entropy * left
                )
                if steps == 0:
                    first_error = told["ratio_error"]
                far = told["moved"] > options.too_far
                if far:
                    break
                self._step(loss)
                steps += 1
                for name, number in told.items():
                    sums[name] = sums.get(name, 0.0) + number
            if far:
                break
        self.done += 1
        means = {name: total / max(steps, 1) for name, total in sums.items()}
        saved = float(rewards.sum() / max(rollout.cost_of_prior.sum(), 1e-9))
        explained = 1.0 - float(np.var(target - rollout.value[:, :-1]) / max(float(np.var(target)), 1e-12))
        return means | {
            "ratio_error": first_error,
            "saved": saved,
            "explained": explained,
            "steps": float(self.done * rollout.cost.size),
            "temperature": temperature,
            "learning_rate": options.learning_rate * left,
        }

    def _play(self, generator: np.random.Generator, temperature: float) -> Rollout:
        lanes, episodes = self.options.lanes, len(self._source)
        # Every episode is used as often as any other, give or take one.
        order = np.concatenate([generator.permutation(episodes) for _ in range(-(-lanes // episodes))])
        seeds = generator.integers(2**31, size=lanes).tolist()
        chance = Chance(temperature, generator)
        return self._player.play(self.network, seeds, order[:lanes].tolist(), chance, adapt=self._adapt)

    def _advantages(self, rollout: Rollout, rewards: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Normalised advantages and targets of the value (B, T)."""
        options, value = self.options, rollout.value
        following = np.where(rollout.terminated, 0.0, value[:, 1:])
        advantage = advantages(
            rewards, value[:, :-1], following, rollout.terminated, options.discount, options.smoothing
        )
        target = advantage + value[:, :-1]
        return (advantage - advantage.mean()) / (advantage.std() + 1e-8), target

    def _loss(
        self,
        rollout: Rollout,
        lanes: Any,
        advantage: FloatArray,
        target: FloatArray,
        temperature: float,
        entropy_weight: float,
    ) -> tuple[Any, dict[str, float]]:
        """The objective on whole lanes (b,), to be minimised, and what to report of it."""
        import torch

        drawn = rollout.drawn
        assert drawn is not None
        slots, models = drawn.order.shape[1:]
        seen = {name: one[lanes, :slots] for name, one in rollout.seen.items()}
        state = self.network.initial(len(lanes), models)
        scores, value, _ = self.network(
            seen, rollout.base[lanes, :slots], rollout.begins[lanes, :slots], state, adapt=self._adapt
        )

        def rows(one: Any) -> Any:
            return one[lanes].flatten(0, 1)  # (b, T, ...) -> (b T, ...)

        now, entropy = log_probability(
            scores.flatten(0, 1), rows(rollout.footprint), Draw(*map(rows, drawn)), temperature
        )
        log_ratio = now - rows(drawn.log_probability)
        ratio = torch.exp(log_ratio)
        gain = rows(torch.from_numpy(advantage).float())
        clipped = ratio.clamp(1.0 - self.options.clip, 1.0 + self.options.clip)
        policy_loss = -torch.minimum(ratio * gain, clipped * gain).mean()
        value_loss = 0.5 * ((value.flatten() - rows(torch.from_numpy(target).float())) ** 2).mean()
        loss = policy_loss + self.options.value_weight * value_loss - entropy_weight * entropy.mean()
        return loss, {
            "policy_loss": policy_loss.item(),
            "value_loss": value_loss.item(),
            "entropy": entropy.mean().item(),
            "clipped": (clipped != ratio).float().mean().item(),
            "moved": ((ratio - 1.0) - log_ratio).mean().item(),
            "ratio_error": (ratio - 1.0).abs().max().item(),
        }

    def _step(self, loss: Any) -> None:
        import torch

        self._optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._weights(), self.options.gradient_norm)
        self._optimizer.step()
        with torch.no_grad():
            for mean, now in zip(self._average.parameters(), self.network.parameters(), strict=True):
                mean.lerp_(now, 1.0 - self.options.averaging)

    def _weights(self) -> list[Any]:
        return [one for one in self.network.parameters() if one.requires_grad]

    def state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """All that a later `restore` needs: tensors, and what JSON can hold."""
        tensors = {f"network.{name}": one for name, one in self.network.state_dict().items()}
        tensors |= {f"average.{name}": one for name, one in self._average.state_dict().items()}
        for place, moments in self._optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{place}.{name}": one for name, one in moments.items()}
        copied = {name: one.detach().clone().contiguous() for name, one in tensors.items()}
        return copied, {"done": self.done, "seed": self._seed, "spread": self._spread}

    def restore(self, tensors: dict[str, Any], rest: dict[str, Any]) -> None:
        """Go on where `state` was taken.

        Raises
        ------
        InvalidOption
            If it is the state of another network, or of a run with another seed.
        """
        if rest.get("seed") != self._seed:
            raise InvalidOption(f"ppo: the state is of seed {rest.get('seed')}, this run has {self._seed}")
        moments: dict[int, dict[str, Any]] = {}
        parts: dict[str, dict[str, Any]] = {"network": {}, "average": {}}
        try:
            for name, one in tensors.items():
                part, key = name.split(".", 1)
                if part == "optimizer":
                    place, moment = key.split(".", 1)
                    moments.setdefault(int(place), {})[moment] = one.clone()
                else:
                    parts[part][key] = one
            self.network.load_state_dict(parts["network"])
            self._average.load_state_dict(parts["average"])
            groups = self._optimizer.state_dict()["param_groups"]
            self._optimizer.load_state_dict({"state": moments, "param_groups": groups})
            self.done, self._spread = int(rest["done"]), float(rest["spread"])
        except (KeyError, ValueError, TypeError, RuntimeError) as error:
            line = str(error).splitlines()[0]
            raise InvalidOption(f"ppo: the state does not belong to this network ({line})") from error


def advantages(
    rewards: FloatArray,
    value: FloatArray,
    following: FloatArray,
    ended: BoolArray,
    discount: float,
    smoothing: float,
) -> FloatArray:
    """Generalised advantage estimates (B, T).

    Parameters
    ----------
    rewards, value : (B, T)
    following : (B, T)
        Value of the next observation *of the same episode*: 0 where the episode terminated, that of the final
        observation where it was cut.
    ended : bool (B, T)
        Whether the episode ended after the slot, in either way.
    """
    found, carried = np.zeros(rewards.shape), np.zeros(rewards.shape[0])
    for slot in reversed(range(rewards.shape[1])):
        error = rewards[:, slot] + discount * following[:, slot] - value[:, slot]
        carried = error + discount * smoothing * np.where(ended[:, slot], 0.0, carried)
        found[:, slot] = carried
    return found


def returns(rewards: FloatArray, ended: BoolArray, discount: float) -> FloatArray:
    """Discounted sums of rewards (B, T) to the end of the episode, or of the rollout."""
    none = np.zeros(rewards.shape)
    return advantages(rewards, none, none, ended, discount, 1.0)
