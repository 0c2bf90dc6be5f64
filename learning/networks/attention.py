"""Attention among the models of a server: a set, so nothing depends on how models are numbered."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class SetAttention(nn.Module):
    """One head of attention over models, added to the tokens; padding is not looked at."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.views = nn.Linear(width, 3 * width)
        self.mix = nn.Linear(width, width)

    def forward(self, tokens: Any, real: Any) -> Any:
        """Let tokens (..., M, d) look at those that are real, bool (..., M)."""
        query, key, value = self.views(tokens).chunk(3, dim=-1)
        weight = query @ key.transpose(-1, -2) / self.width**0.5
        weight = torch.softmax(weight.masked_fill(~real[..., None, :], -1e9), dim=-1)
        return tokens + torch.relu(self.mix(weight @ value))
