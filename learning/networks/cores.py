"""Cores over time, which read the tokens of one stream (a model on a server) slot by slot.

All have the interface of `ttt.TTTLinear`: `initial(streams)`, `state_size`, and a call that reads T tokens of
B streams from a state on.

At equal width the delta rule has 4,882 parameters to TTT's 5,162 and 1,600 numbers of state to its 1,680, so
it is the control of equal size in both. A gated recurrent unit has one row of weights for each number of
state and cannot be: "gru" has twice the parameters, "gru-small" as many, both far less state.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import nn

from ...problem.errors import InvalidOption
from .ttt import InnerTarget, TTTLinear, choose

CoreName = Literal["ttt", "gru", "gru-small", "deltanet", "stack", "none"]
CORES: tuple[CoreName, ...] = ("ttt", "gru", "gru-small", "deltanet", "stack", "none")

SMALL = 0.55
"""Hidden numbers of "gru-small" over its width: as many parameters as the core "ttt" has at width 40."""

STACKED = 4
"""Tokens that the core "stack" looks at, its own included."""


class GRU(nn.Module):
    """A gated recurrent unit with the interface of `TTTLinear`.

    Parameters
    ----------
    width
        d, of tokens.
    hidden
        Numbers of state; None: d. Others are mapped back to d.
    """

    def __init__(self, width: int, hidden: int | None = None) -> None:
        super().__init__()
        self.state_size = hidden or width
        self.cell = nn.GRUCell(width, self.state_size)
        self.out = nn.Identity() if hidden is None else nn.Linear(hidden, width)

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
        return self.out(torch.stack(out, dim=1)), (hidden,)


class Stack(nn.Module):
    """The control with a window in place of a memory: two layers over the last few tokens of a stream."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width, self.state_size = width, (STACKED - 1) * width
        inner = max(1, round(0.625 * width))
        self.layers = nn.Sequential(nn.Linear(STACKED * width, inner), nn.ReLU(), nn.Linear(inner, width))

    def initial(self, streams: int) -> tuple[Any, ...]:
        """The state of streams that have read nothing: zeros in place of tokens."""
        return (torch.zeros(streams, STACKED - 1, self.width),)

    def forward(
        self, tokens: Any, demand: Any, resets: Any, state: tuple[Any, ...], *, adapt: bool = True
    ) -> tuple[Any, tuple[Any, ...]]:
        """Read T tokens (B, T, d) of each stream; `demand` and `adapt` are not used."""
        del demand, adapt
        slots, back = tokens.shape[1], STACKED - 1
        line = torch.cat([state[0], tokens], dim=1)
        begun = torch.cumsum(torch.cat([torch.zeros_like(resets[:, :1]).expand(-1, back), resets], 1), 1)
        frames = []
        for age in range(STACKED):
            frame = line[:, back - age : back - age + slots]
            same = begun[:, back - age : back - age + slots] == begun[:, back:]
            frames.append(frame * same[..., None])
        own = (begun[:, slots:] == begun[:, -1:])[..., None]
        return self.layers(torch.cat(frames, dim=-1)), (line[:, slots:] * own,)


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
    if name == "gru-small":
        return GRU(width, max(1, round(SMALL * width)))
    if name == "stack":
        return Stack(width)
    if name == "none":
        return NoCore()
    raise InvalidOption(f"core = {name!r}: must be one of {', '.join(CORES)}")
