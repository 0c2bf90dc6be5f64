"""Regions of any number of unknowns, decided by satisfiability modulo linear real arithmetic (z3)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ....problem.errors import InvalidOption
from .forms import Form, Region, Relation, holds

_RANDOM_SEED = 0


@dataclass(frozen=True, eq=False)
class Constraints:
    """A path's region: what its answers say, and one point of it."""

    solver: LinearSolver
    parts: tuple[Any, ...]
    known: tuple[Fraction, ...]

    def split(self, form: Form, relation: Relation) -> list[tuple[bool, Region]]:
        """Return the part where the relation holds and the part where it does not, each with a point."""
        here = holds(form.at(self.known), relation)
        found: list[tuple[bool, Region]] = []
        for answer in (True, False):
            part = self.solver.constraint(form, relation, answer)
            if answer == here:
                found.append((answer, Constraints(self.solver, (*self.parts, part), self.known)))
            elif (point := self.solver.solve((*self.parts, part))) is not None:
                found.append((answer, Constraints(self.solver, (*self.parts, part), point)))
        if len(found) == 1:  # the answer followed from what was known: nothing new is learned
            return [(found[0][0], self)]
        return found

    def point(self) -> tuple[Fraction, ...]:
        """Return the point that is known."""
        return self.known


class LinearSolver:
    """z3 with the constraints of the last path still in place: most paths share most of them."""

    def __init__(self, unknowns: int, lowest: Fraction, highest: Fraction | None) -> None:
        try:
            import z3
        except ImportError:
            raise InvalidOption('proofs for all reals need z3: pip install "edgeopt[smt]"') from None
        self.z3 = z3
        self.unknowns = unknowns
        self.questions = 0
        self._names = [z3.Real(f"x{i}") for i in range(unknowns)]
        self._solver = z3.SolverFor("QF_LRA")
        self._solver.set("random_seed", _RANDOM_SEED)
        self._pushed: list[Any] = []
        self.support = f"of {lowest} or more" if highest is None else f"from {lowest} to {highest}"
        self._lowest = lowest
        for name in self._names:
            self._solver.add(name >= z3.RealVal(str(lowest)))
            if highest is not None:
                self._solver.add(name <= z3.RealVal(str(highest)))

    def everything(self) -> Constraints:
        """Return the region of all points of the support."""
        return Constraints(self, (), (self._lowest,) * self.unknowns)

    def constraint(self, form: Form, relation: Relation, answer: bool) -> Any:
        """Return z3's form of a comparison with 0 and its answer."""
        value = self.expression(form)
        if relation == "==":
            return value == 0 if answer else value != 0
        if relation == "<":
            return value < 0 if answer else value >= 0
        return value <= 0 if answer else value > 0

    def expression(self, form: Form) -> Any:
        """Return z3's form of an affine form."""
        real = self.z3.RealVal
        terms = [real(str(c)) * x for c, x in zip(form.coefficients, self._names, strict=True) if c]
        return self.z3.Sum([real(str(form.constant)), *terms])

    def where_positive(self, region: Constraints, form: Form) -> tuple[Fraction, ...] | None:
        """Return a point of the region where a form is above 0; None: there is none."""
        if not any(form.coefficients) and form.constant <= 0:
            return None
        return self.solve((*region.parts, self.expression(form) > 0))

    def solve(self, parts: tuple[Any, ...]) -> tuple[Fraction, ...] | None:
        """Return a point that fulfils all constraints; None: there is none."""
        shared = 0
        while shared < min(len(parts), len(self._pushed)) and parts[shared] is self._pushed[shared]:
            shared += 1
        self._solver.pop(len(self._pushed) - shared)
        del self._pushed[shared:]
        for part in parts[shared:]:
            self._solver.push()
            self._solver.add(part)
            self._pushed.append(part)
        self.questions += 1
        answer = self._solver.check()
        if answer == self.z3.unsat:
            return None
        if answer != self.z3.sat:
            raise RuntimeError(f"z3 gave no answer: {self._solver.reason_unknown()}")
        model = self._solver.model()
        return tuple(_fraction(model.eval(x, model_completion=True)) for x in self._names)


def _fraction(value: Any) -> Fraction:
    return Fraction(value.numerator_as_long(), value.denominator_as_long())
