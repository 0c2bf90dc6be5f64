"""Where the two clocks stop: a fixed step, a schedule of steps, or positions of your own.

A tick is a position of a clock at which its side is asked. The buyers' clock takes its ticks downwards and
the sellers' clock upwards, so a report acts as if rounded to a tick: a buyer's down, a seller's up.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate, chain, pairwise, repeat, takewhile
from typing import Any

import numpy as np
import numpy.typing as npt

from ...problem.errors import InvalidOption
from ..market import Floats, Number, Side

MOST_TICKS = 1_000_000


@dataclass(frozen=True)
class Ticks:
    """All positions of both clocks. They do not depend on any report.

    Parameters
    ----------
    buyers
        Positions of the buyers' clock, falling; the first is where it opens.
    sellers
        Positions of the sellers' clock, rising; the first is where it opens.

    Raises
    ------
    InvalidOption
        When positions are no numbers or out of order, or the buyers' clock does not open above the sellers'.
    """

    buyers: tuple[Number, ...]
    sellers: tuple[Number, ...]

    def __post_init__(self) -> None:
        for name in ("buyers", "sellers"):
            positions = tuple(exact(x, f"ticks of the {name}") for x in getattr(self, name))
            if not 1 <= len(positions) <= MOST_TICKS:
                raise InvalidOption(
                    f"{len(positions)} ticks for the {name}: 1 to {MOST_TICKS:,} are expected"
                )
            if any(a <= b if name == "buyers" else a >= b for a, b in pairwise(positions)):
                way = "fall" if name == "buyers" else "rise"
                raise InvalidOption(f"the ticks of the {name} must {way} from each to the next")
            object.__setattr__(self, name, positions)
        if not self.buyers[0] > self.sellers[0]:
            raise InvalidOption("the buyers' clock must open above the sellers' clock")

    def positions(self, side: Side) -> tuple[Number, ...]:
        """Positions of one side's clock, the opening first."""
        return self.buyers if side == "buyer" else self.sellers

    def heard(self, side: Side, report: Number) -> Number | None:
        """Return the tick at which a sincere trader accepts, None where she never does.

        The report is only compared with ticks, so any ordered kind of number will do.
        """
        positions = self.positions(side)
        if side == "buyer":
            first = bisect_left(positions, True, key=lambda tick: bool(tick <= report))
        else:
            first = bisect_left(positions, True, key=lambda tick: bool(tick >= report))
        return positions[first] if first < len(positions) else None

    def moves(self, side: Side, stop: Number | None) -> int:
        """Count the moves a clock makes before it would pass ``stop`` (None: it runs to its last tick)."""
        positions = self.positions(side)
        if stop is None:
            return len(positions) - 1
        if side == "buyer":
            return bisect_left(positions, True, key=lambda tick: bool(tick < stop)) - 1
        return bisect_right(positions, stop) - 1

    def heard_many(self, side: Side, reports: Floats) -> Floats:
        """Return the same for an array; -inf (buyers) and +inf (sellers) stand for "never"."""
        rising = self._rising[side]
        if side == "buyer":
            places = np.searchsorted(rising, reports, side="right")
            with_never = np.concatenate([[-np.inf], rising])
        else:
            places = np.searchsorted(rising, reports, side="left")
            with_never = np.concatenate([rising, [np.inf]])
        found: Floats = with_never[places]
        return found

    def moves_many(self, side: Side, stops: Floats) -> npt.NDArray[np.int64]:
        """Return `moves` for an array of stops; an infinite one is beyond the last tick."""
        rising = self._rising[side]
        if side == "buyer":
            passed = len(rising) - np.searchsorted(rising, stops, side="left")
        else:
            passed = np.searchsorted(rising, stops, side="right")
        moved: npt.NDArray[np.int64] = (passed - 1).astype(np.int64)
        return moved

    @cached_property
    def _rising(self) -> dict[Side, Floats]:
        return {
            "buyer": np.array([float(x) for x in reversed(self.buyers)]),
            "seller": np.array([float(x) for x in self.sellers]),
        }


def fixed_ticks(step: Number, *, low: Number = 0, high: Number = 100) -> Ticks:
    """Ticks at equal distances, from both ends of the price range.

    Raises
    ------
    InvalidOption
        When the step is not positive, the range is empty, or there would be more than a million ticks.
    """
    return stepped_ticks((step,), low=low, high=high)


def stepped_ticks(steps: Sequence[Number], *, low: Number = 0, high: Number = 100) -> Ticks:
    """Ticks by a schedule: the n-th move of either clock is the n-th step, and the last step repeats.

    Counting a clock's own moves, not rounds, keeps its ticks independent of what the other side reports.
    """
    bottom, top = price_range(low, high)
    sizes = [exact(x, "a step") for x in steps]
    if not sizes or any(not 0 < x < math.inf for x in sizes):
        raise InvalidOption("a schedule of steps holds at least one step, and each is a number above 0")
    if (top - bottom) / sizes[-1] > MOST_TICKS:
        raise InvalidOption(f"a step of {sizes[-1]} makes more than {MOST_TICKS:,} ticks in the price range")
    rising = _within(sizes, top - bottom)
    return Ticks(tuple(top - x for x in rising), tuple(bottom + x for x in rising))


def geometric_ticks(
    step: Number, ratio: Number, *, smallest: Number = 1, low: Number = 0, high: Number = 100
) -> Ticks:
    """Ticks whose distance shrinks by a ratio with every move, down to a smallest distance.

    Raises
    ------
    InvalidOption
        When the ratio is not between 0 and 1, or the smallest step is not between 0 and the first.
    """
    size, shrink, least = (
        exact(step, "the step"),
        exact(ratio, "the ratio"),
        exact(smallest, "the smallest step"),
    )
    if not 0 < shrink < 1 or not 0 < least <= size:
        raise InvalidOption("a geometric schedule has 0 < ratio < 1 and 0 < smallest <= step")
    steps = []
    while size > least:
        steps.append(size)
        # A fixed precision: exact powers of the ratio would grow without end.
        size = (size * shrink).limit_denominator(10**6)
    return stepped_ticks([*steps, least], low=low, high=high)


def quantile_ticks(
    values: Iterable[float], costs: Iterable[float], count: int, *, low: Number = 0, high: Number = 100
) -> Ticks:
    """Ticks at quantiles of what is known beforehand of values and costs: dense where traders are.

    Parameters
    ----------
    values, costs
        Samples of the prior (past markets, say), not reports of the market to be cleared.
    count
        Moves of each clock; equal quantiles become one tick.

    Raises
    ------
    InvalidOption
        When there are no samples, or ``count`` is below 1.
    """
    bottom, top = price_range(low, high)
    known = [np.asarray(list(values), dtype=float), np.asarray(list(costs), dtype=float)]
    if count < 1 or any(x.size == 0 or not np.isfinite(x).all() for x in known):
        raise InvalidOption("quantile ticks need samples of values and of costs, and a count of 1 or more")
    shares = np.arange(1, count + 1) / (count + 1)
    inside = [
        sorted({Fraction(str(float(x))) for x in np.quantile(sample, shares) if bottom < x < top})
        for sample in known
    ]
    return Ticks((top, *reversed(inside[0])), (bottom, *inside[1]))


def exact(number: Any, what: str) -> Number:
    """Return a plain number exactly; a float is the decimal it prints as, so that 0.1 is a tenth."""
    if isinstance(number, float | np.floating) and not math.isnan(number):
        return Fraction(str(float(number))) if math.isfinite(number) else float(number)
    if isinstance(number, int | Fraction | np.integer) and not isinstance(number, bool):
        return Fraction(number if isinstance(number, Fraction) else int(number))
    raise InvalidOption(f"{what}: {number!r} is not a number")


def price_range(low: Number, high: Number) -> tuple[Fraction, Fraction]:
    """Return the ends of a price range, exactly.

    Raises
    ------
    InvalidOption
        When it is empty, or its ends are no finite numbers, 0 or more.
    """
    bottom, top = exact(low, "low"), exact(high, "high")
    if not 0 <= bottom < top < math.inf:
        raise InvalidOption(f"the price range is {low} to {high}: 0 <= low < high is expected")
    return bottom, top


def _within(sizes: list[Fraction], width: Fraction) -> list[Fraction]:
    endless: Callable[[Fraction], bool] = width.__ge__
    steps = chain([Fraction(0)], sizes, repeat(sizes[-1]))
    return list(takewhile(endless, accumulate(steps)))
