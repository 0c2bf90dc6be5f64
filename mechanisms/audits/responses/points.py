"""A report to stand for a piece: one that is easy to read."""

from __future__ import annotations

import math
from fractions import Fraction

from .response import Piece


def simplest_in(piece: Piece) -> Fraction:
    """Return an end that belongs to a piece, else the number inside with the smallest denominator."""
    if piece.has_low:
        return piece.low
    if piece.has_high and piece.high is not None:
        return piece.high
    return simplest_between(piece.low, piece.high)


def simplest_between(low: Fraction, high: Fraction | None) -> Fraction:
    """Return the fraction with the smallest denominator strictly between two numbers of 0 or more."""
    whole = math.floor(low)
    if high is None or whole + 1 < high:
        return Fraction(whole + 1)
    if low == whole:
        return whole + Fraction(1, math.floor(1 / (high - whole)) + 1)
    # Both lie between the same whole numbers: look at the reciprocals of what is left.
    return whole + 1 / simplest_between(1 / (high - whole), 1 / (low - whole))
