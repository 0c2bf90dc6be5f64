"""The actor-critic over model tokens: encoder, core over time, attention over models, heads.

Model tokens (with those of their services, pooled, and the server's) go through one encoder; a core runs
over time for every model by itself; models then look at each other, and two heads give a residual on the
scores the learner starts from (`prior`) and the value of the state. The last layer of the score head is
zero at first, so that an untrained network plays its prior exactly. Nothing depends on the number of models
or services.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import nn

from ..problem.errors import InvalidOption
from .observation import MODEL_FEATURES, SERVER_FEATURES, SERVICE_FEATURES
from .ttt import InnerTarget, TTTLinear, choose

CoreName = Literal["ttt", "gru", "deltanet", "none"]
CORES: tuple[CoreName, ...] = ("ttt", "gru", "deltanet", "none")

DEMAND_COLUMNS = tuple(
    column
    for column, (name, _) in enumerate(MODEL_FEATURES)
    if name in ("requests", "fast", "surprise", "hot")
)
"""Features of a model that are the label of the inner target "next-demand"."""


class GRU(nn.Module):
    """A gated recurrent unit with the interface of `TTTLinear`."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.state_size = width
        self.cell = nn.GRUCell(width, width)

    def initial(self, streams: int) -> tuple[Any, ...]:
        """The state of streams that have read nothing."""
        return (torch.zeros(streams, self.state_size),)

    def forward(
        self, tokens: Any, demand: Any, resets: Any, state: tuple[Any, ...], *, adapt: bool = True
    ) -> tuple[Any, tuple[Any, ...]]:
        """Read T tokens (B, T, d) of each stream; `demand` and `adapt` are not used."""
        del demand, adapt
        hidden, out = state[0], []
        for slot in range(tokens.shape[1]):
            hidden = choose(resets[:, slot], torch.zeros_like(hidden), hidden)
            hidden = self.cell(tokens[:, slot], hidden)
            out.append(hidden)
        return torch.stack(out, dim=1), (hidden,)


class NoCore(nn.Module):
    """The control without memory: tokens as they are."""

    state_size = 0

    def initial(self, streams: int) -> tuple[Any, ...]:
        """No state."""
        del streams
        return ()

    def forward(
        self, tokens: Any, demand: Any, resets: Any, state: tuple[Any, ...], *, adapt: bool = True
    ) -> tuple[Any, tuple[Any, ...]]:
        """Return the tokens."""
        del demand, resets, adapt
        return tokens, state


def make_core(name: str, width: int, inner_target: InnerTarget, inner_batch: int) -> Any:
    """The core of a name.

    Raises
    ------
    InvalidOption
        For an unknown name.
    """
    demand = len(DEMAND_COLUMNS)
    if name == "ttt":
        return TTTLinear(width, demand, inner_target=inner_target, inner_batch=inner_batch)
    if name == "deltanet":
        return TTTLinear(
            width, demand, inner_target="reconstruction", inner_batch=1, normalised=False, forget=False
        )
    if name == "gru":
        return GRU(width)
    if name == "none":
        return NoCore()
    raise InvalidOption(f"core = {name!r}: must be one of {', '.join(CORES)}")


class Network(nn.Module):
    """The network; see the text above.

    Parameters
    ----------
    core
        One of `CORES`.
    width
        d, of every layer.
    inner_target, inner_batch
        Of the core "ttt"; see `ttt.TTTLinear`.
    """

    def __init__(
        self,
        core: str = "ttt",
        *,
        width: int = 32,
        inner_target: InnerTarget = "next-demand",
        inner_batch: int = 8,
    ) -> None:
        super().__init__()
        self.width = width
        self.services = nn.Linear(len(SERVICE_FEATURES), width)
        self.server = nn.Linear(len(SERVER_FEATURES), width)
        self.models = nn.Linear(len(MODEL_FEATURES), width)
        self.encode = nn.Linear(width, width)
        self.core = make_core(core, width, inner_target, inner_batch)
        self.attention = nn.Linear(width, 3 * width)
        self.mix = nn.Linear(width, width)
        self.score = nn.Sequential(nn.Linear(width + 1, width), nn.ReLU(), nn.Linear(width, 1))
        self.value = nn.Sequential(nn.Linear(2 * width, width), nn.ReLU(), nn.Linear(width, 1))
        with torch.no_grad():
            self.score[-1].weight.zero_()
            self.score[-1].bias.zero_()

    def initial(self, lanes: int, models: int) -> Any:
        """The core's state of so many lanes that have seen nothing."""
        return self.core.initial(lanes * models)

    def forward(
        self, seen: dict[str, Any], base: Any, resets: Any, state: Any, *, adapt: bool = True
    ) -> tuple[Any, Any, Any]:
        """Score models and value states over T slots of B lanes.

        Parameters
        ----------
        seen
            Tensors by the names of `observation.observation_space`, with axes (B, T) in front.
        base : (B, T, M)
            Scores to start from.
        resets : bool (B, T)
            Where an episode begins.
        state
            As `initial` or the call before left it.
        adapt
            False: the core does not learn while it reads (the frozen twin).

        Returns
        -------
        scores : (B, T, M); value : (B, T); state
        """
        lanes, slots, models = base.shape
        server = self.server(seen["server"])
        tokens = self.models(seen["models"]) + self._pooled(seen, models) + server[:, :, None]
        tokens = torch.relu(self.encode(torch.relu(tokens)))

        def streams(array: Any) -> Any:
            return array.transpose(1, 2).reshape(lanes * models, slots, -1)

        demand = streams(seen["models"][..., DEMAND_COLUMNS])
        begun = resets.repeat_interleave(models, dim=0)
        read, state = self.core(streams(tokens), demand, begun, state, adapt=adapt)
        tokens = tokens + read.reshape(lanes, models, slots, -1).transpose(1, 2)
        real = seen["model_mask"].bool()
        tokens = self._attend(tokens, real)
        residual = self.score(torch.cat([tokens, base[..., None]], dim=-1))[..., 0]
        share = real / real.sum(dim=-1, keepdim=True).clamp(min=1)
        mean = (tokens * share[..., None]).sum(dim=-2)
        value = self.value(torch.cat([mean, server], dim=-1))[..., 0]
        return base + residual * real, value, state

    def _pooled(self, seen: dict[str, Any], models: int) -> Any:
        """Sum the tokens of the real services of each model: (B, T, M, d)."""
        each = torch.relu(self.services(seen["services"])) * seen["service_mask"][..., None]
        pooled = torch.zeros(*each.shape[:2], models, self.width)
        where = seen["service_model"][..., None].expand_as(each)
        return pooled.scatter_add(2, where, each)

    def _attend(self, tokens: Any, real: Any) -> Any:
        query, key, value = self.attention(tokens).chunk(3, dim=-1)
        weight = query @ key.transpose(-1, -2) / self.width**0.5
        weight = torch.softmax(weight.masked_fill(~real[..., None, :], -1e9), dim=-1)
        return tokens + torch.relu(self.mix(weight @ value))


def sizes(network: Network) -> dict[str, int]:
    """Parameters of the whole network and of its core, and numbers of state a model carries."""

    def count(module: Any) -> int:
        return sum(each.numel() for each in module.parameters() if each.requires_grad)

    return {
        "parameters": count(network),
        "core_parameters": count(network.core),
        "core_state": network.core.state_size,
    }
