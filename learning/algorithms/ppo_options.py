"""What can be set about `ppo.PPO`."""

from __future__ import annotations

from dataclasses import dataclass

from ...problem.errors import InvalidOption


@dataclass(frozen=True, kw_only=True)
class PPOOptions:
    """What can be set.

    Parameters
    ----------
    updates
        Rollouts in all; each has `lanes` times `slots` steps.
    lanes, slots
        Episodes played at once, and their slots in a rollout; None: as many as the first episode has.
    epochs, minibatches
        Passes over a rollout, and parts of the lanes in each.
    learning_rate
        At the start; it falls to 0.
    discount, smoothing
        Gamma and lambda of the advantages.
    clip, value_weight, gradient_norm
        Of the objective.
    temperature, temperature_end
        Of the draws (`sampling`), in mean cloud costs of a request.
    entropy
        Weight of the entropy at the start; it falls to 0.
    too_far
        Mean of (ratio - 1) - log ratio beyond which an update stops.
    averaging
        What the averaged weights keep of themselves an optimiser step.

    Raises
    ------
    InvalidOption
        For a number outside its limits.
    """

    updates: int = 100
    lanes: int = 64
    slots: int | None = None
    epochs: int = 1
    minibatches: int = 8
    learning_rate: float = 2e-3
    discount: float = 0.99
    smoothing: float = 0.95
    clip: float = 0.2
    value_weight: float = 0.5
    gradient_norm: float = 1.0
    temperature: float = 1.0
    temperature_end: float = 0.3
    entropy: float = 0.03
    too_far: float = 0.05
    averaging: float = 0.98

    def __post_init__(self) -> None:
        names = {
            "at least 1": ("updates", "lanes", "epochs", "minibatches", "slots"),
            "positive": (
                "learning_rate",
                "clip",
                "gradient_norm",
                "temperature",
                "temperature_end",
                "too_far",
            ),
            "in [0, 1]": ("discount", "smoothing", "averaging"),
            "at least 0": ("entropy", "value_weight"),
        }
        limits = {
            "at least 1": (1, 1e9),
            "positive": (1e-12, 1e9),
            "in [0, 1]": (0, 1),
            "at least 0": (0, 1e9),
        }
        for limit, options in names.items():
            least, most = limits[limit]
            for name in options:
                value = getattr(self, name)
                if value is not None and not least <= value <= most:
                    raise InvalidOption(f"ppo: {name} = {value}: must be {limit}")
        if self.minibatches > self.lanes:
            raise InvalidOption(
                f"ppo: minibatches = {self.minibatches}: must be at most lanes = {self.lanes}"
            )
