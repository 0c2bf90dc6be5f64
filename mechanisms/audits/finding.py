"""One line of an audit: a property, what was found about it, and how far that goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from ..market import Number

if TYPE_CHECKING:
    from .witness import Witness

Verdict: TypeAlias = Literal["certified", "refuted", "sampled"]


@dataclass(frozen=True)
class Finding:
    """What is known of one property of one mechanism.

    Parameters
    ----------
    claim
        The property's name, such as "anonymity".
    verdict
        "certified": exact within ``scope``; "refuted": ``witness`` shows the contrary; "sampled": no
        counterexample was met in a search that proves nothing.
    scope
        Which profiles, deviations and transformations the verdict speaks of.
    figure
        By how much the property fails (0 where it holds), in the unit of reports.
    witness
        The counterexample, where refuted.
    """

    claim: str
    verdict: Verdict
    scope: str
    figure: Number = 0
    witness: Witness | None = None

    @property
    def holds(self) -> bool:
        """Whether nothing speaks against the property."""
        return self.verdict != "refuted"
