"""Ratios of two times of one run, honest about what did not finish."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .runs import Outcome

Sign = Literal["", ">=", "<=", "unknown"]


@dataclass(frozen=True)
class Ratio:
    """How many times longer the yardstick took.

    Parameters
    ----------
    value
        Yardstick's seconds over the contestant's; nan where nothing can be said.
    sign
        ``""``: both finished. ``">="``: the yardstick was stopped, so the ratio is at least the value.
        ``"<="``: the contestant was stopped. ``"unknown"``: both were.
    """

    value: float
    sign: Sign

    def __str__(self) -> str:
        """As the tables print it."""
        if self.sign == "unknown":
            return "?"
        digits = 1 if self.value < 10 else 0
        return f"{self.sign} {self.value:,.{digits}f}".strip()


def ratio(yardstick: Outcome, contestant: Outcome, *, search_only: bool = False) -> Ratio:
    """Compare the times to the gap asked for.

    Parameters
    ----------
    search_only
        Leave out the time in which the yardstick's model is built and handed over.
    """
    slow = yardstick.search_seconds if search_only else yardstick.seconds
    if math.isnan(slow) or math.isnan(contestant.seconds):
        return Ratio(math.nan, "unknown")
    value = slow / contestant.seconds
    if yardstick.proved and contestant.proved:
        return Ratio(value, "")
    if contestant.proved:
        return Ratio(value, ">=")
    if yardstick.proved:
        return Ratio(value, "<=")
    return Ratio(math.nan, "unknown")


def slope(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Return p of the power law seconds ~ size^p, by least squares in logarithms; nan for one point."""
    if len(sizes) < 2:
        return math.nan
    x = [math.log(size) for size in sizes]
    y = [math.log(time) for time in seconds]
    mean_x, mean_y = math.fsum(x) / len(x), math.fsum(y) / len(y)
    covariance = math.fsum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    return covariance / math.fsum((a - mean_x) ** 2 for a in x)
