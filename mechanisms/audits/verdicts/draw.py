"""Markets to audit when none are given: small, of whole numbers, and full of ties."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ....problem.errors import InvalidOption
from ...market import Market

_RANGES = (3, 6, 12, 100)


def draw_markets(count: int, *, seed: int = 0, largest: int = 4) -> Iterator[Market]:
    """Yield random markets of 1 to ``largest`` traders a side; the same seed gives the same ones.

    Parameters
    ----------
    count
        How many.
    seed
        Of numpy's generator.
    largest
        Most traders on each side.

    Raises
    ------
    InvalidOption
        When a number is not positive, or the seed is negative.
    """
    for name, number, least in (("count", count, 1), ("largest", largest, 1), ("seed", seed, 0)):
        if number < least:
            raise InvalidOption(f"{name} is {number}: a whole number of {least} or more is expected")
    return _draw(count, np.random.default_rng(seed), largest)


def _draw(count: int, random: np.random.Generator, largest: int) -> Iterator[Market]:
    for _ in range(count):
        buyers, sellers = random.integers(1, largest + 1, size=2)
        top = random.choice(_RANGES)
        values, costs = (random.integers(0, top + 1, size=n).tolist() for n in (buyers, sellers))
        yield Market(values, costs)
