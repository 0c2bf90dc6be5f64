"""TTT-Linear over time: a layer whose hidden state is a linear model that learns while it reads.

Source: Sun et al., "Learning to (Learn at Test Time)" (arXiv 2407.04620). Every stream (one model on one
server) has fast weights W (d, d) and b (d,). A token x gives a training view k, a label view v and a test
view q. The token is learnt by a gradient step on

    1/2 |LN(k W + b) - (v - k)|^2

with a learned rate of the token, after a forget gate (Titans, arXiv 2501.00663) has pulled W towards its
learned start, and is then read by q + LN(q W + b). Gradients of an inner batch are all taken at its start,
so that a batch can be computed at once (the dual form) as well as token by token (the primal form): the two
agree.

Inner target "next-demand": k is the view of the slot before and v that of the demand seen now, so that the
state learns to foretell demand and nothing leaks. "reconstruction": k and v are views of the same token.
Without the normalisation and in batches of one it is the delta rule, which is the core "deltanet".
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import torch
from torch import nn
from torch.nn import functional

InnerTarget = Literal["next-demand", "reconstruction"]
INNER_TARGETS: tuple[InnerTarget, ...] = ("next-demand", "reconstruction")

KEEP_AT_FIRST = 4.0
"""Logit of what an untrained forget gate keeps of the learnt part a slot (0.98)."""

RATE_AT_FIRST = -2.0
"""Logit of an untrained inner rate (0.12); rates lie in (0, 1), as unit keys demand."""


class FastState(NamedTuple):
    """The state of B streams.

    Attributes
    ----------
    weight : (B, d, d); bias : (B, d)
        The inner model now.
    start_weight, start_bias
        The same at the start of the inner batch, where gradients are taken.
    place : int (B,)
        Tokens of the inner batch read so far.
    key : (B, d); seen : bool (B,)
        Training view of the token before, and whether there was one.
    """

    weight: Any
    bias: Any
    start_weight: Any
    start_bias: Any
    place: Any
    key: Any
    seen: Any


class Views(NamedTuple):
    """What a sequence of tokens asks of the inner model, each (B, T, d) or (B, T, 1).

    `key` is the view to read of the token itself; which view is learnt from depends on the inner target.
    """

    key: Any
    value: Any
    query: Any
    rate: Any
    keep: Any


class TTTLinear(nn.Module):
    """The layer; see the text above.

    Parameters
    ----------
    width
        d, of tokens and of the inner model.
    demand
        Features of a slot's demand, the label of "next-demand".
    inner_target
        What the inner model learns.
    inner_batch
        Tokens whose gradients are taken at the same weights.
    normalised
        Whether the inner model is z + LN(zW + b); if not, it is zW: the delta rule.
    forget
        Whether there is a forget gate.
    """

    def __init__(
        self,
        width: int,
        demand: int,
        *,
        inner_target: InnerTarget = "next-demand",
        inner_batch: int = 8,
        normalised: bool = True,
        forget: bool = True,
    ) -> None:
        super().__init__()
        self.width, self.inner_batch = width, inner_batch
        self.foretells, self.normalised, self.forget = inner_target == "next-demand", normalised, forget
        self.key = nn.Linear(width, width, bias=False)
        self.query = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(demand if self.foretells else width, width, bias=False)
        self.gates = nn.Linear(width, 2)
        with torch.no_grad():
            self.gates.weight.mul_(0.1)
            self.gates.bias.copy_(torch.tensor([RATE_AT_FIRST, KEEP_AT_FIRST]))
        # Unit keys make k W of order one, so that LN neither divides by next to nothing nor saturates.
        spread = 1.0 if normalised else 0.0
        self.weight = nn.Parameter(spread * torch.randn(width, width))
        self.bias = nn.Parameter(torch.zeros(width))
        self.scale = nn.Parameter(torch.ones(width))
        self.shift = nn.Parameter(torch.zeros(width))
        if not normalised:
            # The delta rule begins with nothing learnt: W = 0 stays as it is.
            for unused in (self.weight, self.bias, self.scale, self.shift):
                unused.requires_grad_(False)

    @property
    def state_size(self) -> int:
        """Numbers a stream carries from slot to slot, those kept for the inner batch not counted."""
        own = self.width * self.width + (self.width if self.normalised else 0)
        return own + (self.width if self.foretells else 0)

    def initial(self, streams: int) -> FastState:
        """The state of streams that have read nothing."""
        weight, bias = self._learned(streams)
        return FastState(
            weight=weight,
            bias=bias,
            start_weight=weight,
            start_bias=bias,
            place=torch.zeros(streams, dtype=torch.int64),
            key=torch.zeros(streams, self.width, dtype=self.weight.dtype),
            seen=torch.zeros(streams, dtype=torch.bool),
        )

    def forward(
        self, tokens: Any, demand: Any, resets: Any, state: FastState, *, adapt: bool = True
    ) -> tuple[Any, FastState]:
        """Read T tokens of each stream.

        Parameters
        ----------
        tokens : (B, T, d); demand : (B, T, F)
        resets : bool (B, T)
            Where a stream begins anew before the token is read.
        state
            As `initial` or an earlier call left it.
        adapt
            False: the inner model stays as it is (no step, nothing forgotten).

        Returns
        -------
        out : (B, T, d); state
        """
        views = self.views(tokens, demand)
        if not adapt:
            views = views._replace(rate=0.0 * views.rate, keep=torch.ones_like(views.keep))
        state = self._begin(state, resets[:, 0])
        if bool((state.place == 0).all()) and not bool(resets[:, 1:].any()):
            return self.dual(views, state)
        return self.primal(views, resets, state)

    def views(self, tokens: Any, demand: Any) -> Views:
        """Project tokens; keys and queries have length one."""
        gates = torch.sigmoid(self.gates(tokens))
        keep = gates[..., 1:] if self.forget else torch.ones_like(gates[..., 1:])
        return Views(
            key=functional.normalize(self.key(tokens), dim=-1),
            value=self.value(demand if self.foretells else tokens),
            query=functional.normalize(self.query(tokens), dim=-1),
            rate=gates[..., :1],
            keep=keep,
        )

    def primal(self, views: Views, resets: Any, state: FastState) -> tuple[Any, FastState]:
        """Token by token; streams may begin anew anywhere."""
        out = []
        for slot in range(views.key.shape[1]):
            state = self._begin(state, resets[:, slot])
            read, state = self._step(Views(*(view[:, slot] for view in views)), state)
            out.append(read)
        return torch.stack(out, dim=1), state

    def dual(self, views: Views, state: FastState) -> tuple[Any, FastState]:
        """Inner batch by inner batch; every stream must stand at the start of one."""
        out = []
        # Split, not sliced: the gradient of a slice is a whole tensor of zeros but for the slice.
        for batch in zip(*(view.split(self.inner_batch, dim=1) for view in views), strict=True):
            read, state = self._batch(Views(*batch), state)
            out.append(read)
        return torch.cat(out, dim=1), state

    def gradient(self, before: Any, label: Any) -> Any:
        """The gradient of 1/2 |LN(z) - label|^2 in z (..., d), itself differentiable."""
        if not self.normalised:
            return before - label
        centred = before - before.mean(dim=-1, keepdim=True)
        spread = torch.sqrt((centred**2).mean(dim=-1, keepdim=True) + 1e-6)
        hat = centred / spread
        upper = self.scale * (self.scale * hat + self.shift - label)
        along = hat * (upper * hat).mean(dim=-1, keepdim=True)
        return (upper - upper.mean(dim=-1, keepdim=True) - along) / spread

    def _step(self, token: Views, state: FastState) -> tuple[Any, FastState]:
        key, rate = token.key, token.rate
        if self.foretells:
            key, rate = state.key, rate * state.seen[:, None]
        fresh = (state.place == 0)[:, None]
        start_weight = torch.where(fresh[..., None], state.weight, state.start_weight)
        start_bias = torch.where(fresh, state.bias, state.start_bias)
        before = torch.einsum("bi,bij->bj", key, start_weight) + start_bias
        step = rate * self.gradient(before, self._label(token.value, key))
        first_weight, first_bias = self._learned(key.shape[0])
        weight = first_weight + token.keep[..., None] * (state.weight - first_weight)
        weight = weight - key[:, :, None] * step[:, None, :]
        bias = first_bias + token.keep * (state.bias - first_bias)
        bias = bias - step if self.normalised else bias
        read = self._read(token.query, torch.einsum("bi,bij->bj", token.query, weight) + bias)
        place = (state.place + 1) % self.inner_batch
        seen = torch.ones_like(state.seen)
        return read, FastState(weight, bias, start_weight, start_bias, place, token.key, seen)

    def _batch(self, token: Views, state: FastState) -> tuple[Any, FastState]:
        keys, rate = token.key, token.rate
        if self.foretells:
            keys = torch.cat([state.key[:, None], token.key[:, :-1]], dim=1)
            seen = torch.ones_like(rate)
            seen[:, 0] = state.seen[:, None].to(rate.dtype)
            rate = rate * seen
        weight, bias = state.weight, state.bias
        gradient = self.gradient(keys @ weight + bias[:, None], self._label(token.value, keys))
        kept = torch.cumsum(torch.log(token.keep), dim=1)
        # [t, s]: the step of token s as token t finds it. Masked before exp, which could overflow above.
        later = torch.ones(keys.shape[1], keys.shape[1], dtype=torch.bool).triu(1)
        fade = torch.exp((kept - kept.transpose(1, 2)).masked_fill(later, -torch.inf))
        steps = fade * rate.transpose(1, 2)
        share = torch.exp(kept)
        first_weight, first_bias = self._learned(keys.shape[0])
        learnt_weight, learnt_bias = weight - first_weight, bias - first_bias
        queries = token.query
        before = queries @ first_weight + share * (queries @ learnt_weight)
        before = before - (steps * (queries @ keys.transpose(1, 2))) @ gradient
        biases = first_bias[:, None] + share * learnt_bias[:, None]
        biases = biases - steps @ gradient if self.normalised else biases
        last, length = share[:, -1:], keys.shape[1]
        moved = keys.transpose(1, 2) @ (steps[:, -1, :, None] * gradient)
        end_weight = first_weight + last * learnt_weight - moved
        whole = length == self.inner_batch
        return self._read(queries, before + biases), FastState(
            weight=end_weight,
            bias=biases[:, -1],
            start_weight=weight,
            start_bias=bias,
            place=torch.full_like(state.place, 0 if whole else length),
            key=token.key[:, -1],
            seen=torch.ones_like(state.seen),
        )

    def _label(self, value: Any, key: Any) -> Any:
        return value - key if self.normalised else value

    def _read(self, query: Any, before: Any) -> Any:
        if not self.normalised:
            return before
        return query + functional.layer_norm(before, (self.width,), self.scale, self.shift, 1e-6)

    def _learned(self, streams: int) -> tuple[Any, Any]:
        return self.weight.expand(streams, -1, -1), self.bias.expand(streams, -1)

    def _begin(self, state: FastState, reset: Any) -> FastState:
        if not bool(reset.any()):
            return state
        return FastState(
            *(choose(reset, new, old) for new, old in zip(self.initial(len(reset)), state, strict=True))
        )


def choose(which: Any, new: Any, old: Any) -> Any:
    """Rows of `new` where `which` (B,), else of `old`."""
    return torch.where(which.reshape(-1, *([1] * (old.dim() - 1))), new, old)
