"""The actor-critic over model tokens: encoder, core over time, attention over models, heads.

What is seen of a server's *demand* (arrivals, their statistics, sizes and prices) does not depend on what the
policy does. Demand tokens go through an encoder and a core over time, model by model: `read`. What the policy
did (cached models, contexts) joins them afterwards, models look at each other, and two heads give a residual
on the scores the learner starts from (`serving.prior`) and the value of the state: `judge`. So the reading of
a whole trace can be computed once, in parallel over time, whatever is decided on the way.

The last layer of the score head is zero at first: an untrained network plays its prior exactly. Nothing
depends on the number of models or services.

Demand is the server's GPU time, the model's requests, the succession of models: everything in
`DEMAND_COLUMNS` and `SERVER_COLUMNS`. What is read there is the same on a server of twice the models and
twice the memory, so that a network foretells alike on both.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from ..serving.observation import MODEL_FEATURES, SERVER_FEATURES, SERVICE_FEATURES
from .attention import SetAttention
from .cores import make_core
from .ttt import InnerTarget

SPANS = (1, 2, 4, 8, 16, 32)
"""Slots ahead at which spans of demand begin; each ends where the next begins, the last after 63."""

FORESIGHT = (
    *(f"demand_{first}" for first in SPANS),
    "worth_empty",
    "worth_full",
    "priced_empty",
    "priced_full",
)
"""What the network foretells of a model: its mean requests a slot in each span ahead, over its slow mean
+ 1/2; what being in the cache after this slot is worth over being absent, with empty and with full contexts,
in units of `Network.scale`, under a constant rent and under the prices of a decomposition (`worth`)."""

_OF_STATE = ("cached", "saving", "saving_fast", "saving_slow", "context_worth")
_OF_NUMBERS = ("size",)
"""What shrinks as models are added: a share of the memory. Their bulk is read in its place."""

_OF_STATE_OR_TIME = ("occupied", "remaining", "seen")
LABELS = ("requests", "fast", "surprise", "hot")
"""Features of a model that are the label of the inner target "next-demand"."""

_NAMES = [name for name, _ in MODEL_FEATURES]
DEMAND_COLUMNS = tuple(column for column, name in enumerate(_NAMES) if name not in _OF_STATE + _OF_NUMBERS)
SERVER_COLUMNS = tuple(
    column for column, (name, _) in enumerate(SERVER_FEATURES) if name not in _OF_STATE_OR_TIME
)
LABEL_COLUMNS = tuple(_NAMES.index(name) for name in LABELS)
_POTENTIALS = (_NAMES.index("potential_fast"), _NAMES.index("potential_slow"))


class Network(nn.Module):
    """The network; see the text above.

    Parameters
    ----------
    core
        One of `cores.CORES`.
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
        self.demand = nn.Linear(len(DEMAND_COLUMNS) + len(SERVER_COLUMNS), width)
        self.encode = nn.Linear(width, width)
        self.core = make_core(core, width, len(LABELS), inner_target, inner_batch)
        self.services = nn.Linear(len(SERVICE_FEATURES), width)
        self.server = nn.Linear(len(SERVER_FEATURES), width)
        self.models = nn.Linear(len(MODEL_FEATURES) + 1, width)
        self.join = nn.Linear(3 * width, width)
        self.attention = SetAttention(width)
        self.score = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))
        self.value = nn.Sequential(nn.Linear(2 * width, width), nn.ReLU(), nn.Linear(width, 1))
        self.outlook = nn.Linear(2 * width, width)
        self.among = SetAttention(width)
        self.foresight = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, len(FORESIGHT)))
        with torch.no_grad():
            self.score[-1].weight.zero_()
            self.score[-1].bias.zero_()

    def initial(self, lanes: int, models: int) -> tuple[Any, ...]:
        """The state of lanes that have seen nothing: one stream for each model."""
        state: tuple[Any, ...] = self.core.initial(lanes * models)
        return state

    def forward(
        self, seen: dict[str, Any], base: Any, resets: Any, state: tuple[Any, ...], *, adapt: bool = True
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
        tokens, state = self.read(seen, resets, state, adapt=adapt)
        scores, value = self.judge(tokens, seen, base)
        return scores, value, state

    def read(
        self,
        seen: dict[str, Any],
        resets: Any,
        state: tuple[Any, ...],
        *,
        adapt: bool = True,
        labels: Any = None,
    ) -> tuple[Any, tuple[Any, ...]]:
        """Read the demand of T slots: tokens (B, T, M, 2d), and the core's state after them.

        `labels`, shaped as ``seen["models"]``, takes its place as what the core's inner target is made of.
        """
        lanes, slots, models = seen["model_mask"].shape
        server = seen["server"][..., SERVER_COLUMNS][:, :, None].expand(-1, -1, models, -1)
        tokens = torch.cat([seen["models"][..., DEMAND_COLUMNS], server], dim=-1)
        tokens = torch.relu(self.encode(torch.relu(self.demand(tokens))))

        def streams(array: Any) -> Any:
            return array.transpose(1, 2).reshape(lanes * models, slots, -1)

        labels = streams((seen["models"] if labels is None else labels)[..., LABEL_COLUMNS])
        begun = resets.repeat_interleave(models, dim=0)
        out, state = self.core(streams(tokens), labels, begun, state, adapt=adapt)
        out = out.reshape(lanes, models, slots, -1).transpose(1, 2)
        return torch.cat([tokens, out], dim=-1), state

    def judge(self, tokens: Any, seen: dict[str, Any], base: Any) -> tuple[Any, Any]:
        """Scores (B, T, M) and values (B, T) of what was read and of the state of cache and contexts."""
        real = seen["model_mask"].bool()
        server = torch.relu(self.server(seen["server"]))
        scale = self.scale(seen)
        own = self.models(torch.cat([seen["models"], (base / scale)[..., None]], dim=-1))
        own = torch.relu(own + self._pooled(seen, base.shape[-1]) + server[:, :, None])
        tokens = self.attention(torch.relu(self.join(torch.cat([tokens, own], dim=-1))), real)
        residual = self.score(tokens)[..., 0] * scale
        share = real / real.sum(dim=-1, keepdim=True).clamp(min=1)
        mean = (tokens * share[..., None]).sum(dim=-2)
        value = self.value(torch.cat([mean, server], dim=-1))[..., 0]
        return base + residual * real, value

    def foretell(self, tokens: Any, seen: dict[str, Any]) -> Any:
        """What lies ahead of each model (B, T, M, F), the columns of `FORESIGHT`."""
        tokens = self.among(torch.relu(self.outlook(tokens)), seen["model_mask"].bool())
        return self.foresight(tokens)

    @staticmethod
    def scale(seen: dict[str, Any]) -> Any:
        """Unit of each model's residual (B, T, M): 1, and what full windows would save in a slot."""
        fast, slow = (torch.relu(seen["models"][..., column]) for column in _POTENTIALS)
        return 1.0 + torch.maximum(fast, slow) ** 2

    def _pooled(self, seen: dict[str, Any], models: int) -> Any:
        """Sum the tokens of the real services of each model: (B, T, M, d)."""
        each = torch.relu(self.services(seen["services"])) * seen["service_mask"][..., None]
        pooled = torch.zeros(*each.shape[:2], models, self.width)
        where = seen["service_model"][..., None].expand_as(each)
        return pooled.scatter_add(2, where, each)


def sizes(network: Network) -> dict[str, int]:
    """Parameters of the whole network and of its core, and numbers of state a model carries."""

    def count(module: Any) -> int:
        return sum(each.numel() for each in module.parameters() if each.requires_grad)

    return {
        "parameters": count(network),
        "core_parameters": count(network.core),
        "core_state": network.core.state_size,
    }
