"""Cores over time, which read the tokens of one stream (a model on a server) slot by slot.

All have the interface of `ttt.TTTLinear`: `initial(streams)`, `state_size`, and a call that reads T tokens of
B streams from a state on.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import nn

from ...problem.errors import InvalidOption
from .ttt import InnerTarget, TTTLinear, choose

CoreName = Literal["ttt", "gru", "deltanet", "none"]
CORES: tuple[CoreName, ...] = ("ttt", "gru", "deltanet", "none")


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


def make_core(name: str, width: int, demand: int, inner_target: InnerTarget, inner_batch: int) -> Any:
    """The core of a name; `demand` is the number of features in the label of "next-demand".

    Raises
    ------
    InvalidOption
        For an unknown name.
    """
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
