"""The errors edgeopt raises for bad input.

Each carries one line that says what is wrong, where, and what would be right. They are
``ValueError``s, so that callers who do not know edgeopt still catch them sensibly; the command
line prints the line and exits with status 2.
"""

from __future__ import annotations

from .violation import Violation


class EdgeoptError(ValueError):
    """Base of every error that bad input can raise.

    The message is kept on one line, whatever names from files it quotes.
    """

    def __init__(self, *args: object) -> None:
        super().__init__(*(" ".join(each.splitlines()) if isinstance(each, str) else each for each in args))


class InvalidInstance(EdgeoptError):
    """An array of an instance breaks a rule of the model."""


class InvalidPlan(EdgeoptError):
    """A plan has the wrong shape or type for its instance."""


class InvalidFile(EdgeoptError):
    """A file is not what it should be: wrong kind, truncated, hostile or absurdly large."""


class InvalidTrace(EdgeoptError):
    """A request trace cannot be read as any format that was asked for."""


class InvalidMarket(EdgeoptError):
    """A report of a market is not what it should be."""


class InvalidOption(EdgeoptError):
    """An argument has a value that is not among the possible ones."""


class MissingLibrary(EdgeoptError, ImportError):
    """A library of an optional extra is not installed."""


class InfeasiblePlan(EdgeoptError):
    """A plan breaks a constraint of its instance.

    Parameters
    ----------
    violations
        Every broken constraint, in order of slot and server.
    """

    def __init__(self, violations: tuple[Violation, ...]) -> None:
        self.violations = violations
        more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
        super().__init__(f"infeasible plan: {violations[0]}{more}")

    def __reduce__(self) -> tuple[type[InfeasiblePlan], tuple[tuple[Violation, ...]]]:
        """Pickle by the violations, so that worker processes can hand the error on."""
        return (type(self), (self.violations,))
