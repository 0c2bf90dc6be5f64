"""Points, segments, rays and convex polygons of the plane, exactly: regions for one or two unknown numbers.

A cell is the relative interior of the hull of its corners, so that cells that meet in an edge or a corner are
disjoint: ties are cells of their own. Corners are homogeneous, (weight, coordinates...): weight 0 is a
direction in which the cell goes on for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from .forms import Form, Region, Relation, holds

Corner: TypeAlias = tuple[Fraction, ...]
"""(weight, x) or (weight, x, y)."""
Point: TypeAlias = tuple[Fraction, ...]


@dataclass(frozen=True)
class Cell:
    """The relative interior of a hull.

    Parameters
    ----------
    corners
        One (a point), two (a segment or a ray), or more in order around a polygon.
    """

    corners: tuple[Corner, ...]

    def split(self, form: Form, relation: Relation) -> list[tuple[bool, Region]]:
        """Return the cells on which a form is negative, zero and positive, and whether the relation holds."""
        return [(holds(Fraction(sign), relation), cell) for sign, cell in self.pieces(form)]

    def pieces(self, form: Form) -> list[tuple[int, Cell]]:
        """Return the cells on which a form is negative (-1), zero (0) and positive (1)."""
        levels = [level(form, corner) for corner in self.corners]
        negative, positive = any(x < 0 for x in levels), any(x > 0 for x in levels)
        if not (negative and positive):
            return [(int(positive) - int(negative), self)]
        below, zero, above = self._cut(levels)
        return [(-1, Cell(below)), (0, Cell(zero)), (1, Cell(above))]

    def _cut(
        self, levels: list[Fraction]
    ) -> tuple[tuple[Corner, ...], tuple[Corner, ...], tuple[Corner, ...]]:
        below: list[Corner] = []
        zero: list[Corner] = []
        above: list[Corner] = []
        count = len(self.corners)
        for here in range(count):
            corner, height = self.corners[here], levels[here]
            for part, member in ((below, height <= 0), (zero, height == 0), (above, height >= 0)):
                if member:
                    part.append(corner)
            following = (here + 1) % count
            if count == 2 and here == 1:  # a segment has one edge, a polygon as many as corners
                break
            if height * levels[following] < 0:
                met = _between(corner, height, self.corners[following], levels[following])
                for part in (below, zero, above):
                    part.append(met)
        return tuple(below), tuple(zero), tuple(above)

    def supremum(self, form: Form) -> Fraction | None:
        """Return the least upper bound of a form; None where there is none."""
        best: Fraction | None = None
        for corner in self.corners:
            height = level(form, corner)
            if corner[0] == 0:
                if height > 0:
                    return None
            elif best is None or height / corner[0] > best:
                best = height / corner[0]
        return best

    def constant(self, form: Form) -> bool:
        """Whether a form has one value on the whole cell."""
        height = form.at(self.point())
        return all(level(form, corner) == height * corner[0] for corner in self.corners)

    def point(self) -> Point:
        """Return a point in the middle of the cell."""
        total = [sum(x) for x in zip(*(_scaled(corner) for corner in self.corners), strict=True)]
        return tuple(x / total[0] for x in total[1:])

    def maximiser(self, form: Form) -> Point:
        """Return a point of the cell where a form is large.

        Where the supremum is positive, the form is at least half of it; where there is none, at least 1.
        """
        middle = self.point()
        height, bound = form.at(middle), self.supremum(form)
        if bound is None:
            way = max((c for c in self.corners if c[0] == 0), key=lambda c: level(form, c))
            steps = max(1 - height, Fraction(0)) / level(form, way)
            return tuple(x + steps * step for x, step in zip(middle, way[1:], strict=True))
        if height == bound:
            return middle
        share = max(Fraction(3, 4), 1 - bound / (2 * (bound - height)))
        finite = [tuple(x / c[0] for x in c[1:]) for c in self.corners if c[0] != 0]
        best = max(finite, key=form.at)
        return tuple(m + share * (b - m) for m, b in zip(middle, best, strict=True))


def level(form: Form, corner: Corner) -> Fraction:
    """Return a form at a corner, or its slope in a direction, times the weight: its sign is what counts."""
    return form.at(corner[1:], corner[0])


def half_line(start: Fraction | int = 0) -> Cell:
    """Return all numbers above ``start``."""
    return Cell(((Fraction(1), Fraction(start)), (Fraction(0), Fraction(1))))


def reports(unknowns: int) -> list[Cell]:
    """Return the cells of all reports of 0 or more, by one trader or by two."""
    one, none = Fraction(1), Fraction(0)
    if unknowns == 1:
        return [half_line(), Cell(((one, none),))]
    origin, right, up = (one, none, none), (none, one, none), (none, none, one)
    return [Cell((origin, right, up)), Cell((origin, right)), Cell((origin, up)), Cell((origin,))]


def _between(low: Corner, below: Fraction, high: Corner, above: Fraction) -> Corner:
    first, second = abs(above), abs(below)
    return _scaled(tuple(first * a + second * b for a, b in zip(low, high, strict=True)))


def _scaled(corner: Corner) -> Corner:
    return corner if corner[0] in {0, 1} else tuple(x / corner[0] for x in corner)
