"""Counterexamples: small enough to read, stored as JSON, and shown again by clearing the market again.

A witness says: of this mechanism, in this market (true values and costs), if these traders report that, the
property fails by this much. `Witness.replay` believes none of it: it clears the markets and measures.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

from ...problem.errors import InvalidFile
from ...problem.storage import write_atomic
from ..market import Market
from ..rule import Mechanism
from .subject import as_mechanism
from .trials.encoding import parsed, plain
from .trials.measures import MEASURES, measure
from .trials.naming import Description, build, describe
from .trials.trial import Trader, Trial

_KIND = "auction-witness/1"
_LARGEST_FILE = 1 << 20
_LONGEST_NUMBER = 400


@dataclass(frozen=True)
class Replay:
    """What clearing the market again showed.

    Parameters
    ----------
    gain
        By how much the property fails now.
    confirmed
        Whether that is more than 0 and exactly what the witness claims.
    """

    gain: Fraction
    confirmed: bool


@dataclass(frozen=True)
class Witness:
    """A counterexample to one property of one mechanism.

    Parameters
    ----------
    claim
        The property it refutes, one of `measures.MEASURES`.
    mechanism
        Its name and options.
    trial
        The market at true values and costs, who reports what instead, and the coin.
    gain
        By how much the property fails, in the unit of reports; more than 0.
    """

    claim: str
    mechanism: Description
    trial: Trial
    gain: Fraction

    @property
    def market(self) -> Market:
        """The market at true values and costs."""
        return self.trial.market

    @property
    def traders(self) -> tuple[Trader, ...]:
        """Who deviates, or loses."""
        return self.trial.traders

    @property
    def reports(self) -> tuple[Fraction, ...]:
        """What each of ``traders`` reports instead of the truth."""
        return self.trial.reports

    @property
    def coin(self) -> Any:
        """The coin of a lottery; None where nothing is left to chance."""
        return self.trial.coin

    def replay(self, mechanism: Mechanism | Callable[..., Any] | None = None) -> Replay:
        """Clear the market again, and measure the gain anew.

        Parameters
        ----------
        mechanism
            The mechanism or function; None builds it from its name and options.

        Raises
        ------
        InvalidOption
            When the mechanism is not given and cannot be built: it is a function, or none of edgeopt's.
        """
        subject = build(self.mechanism) if mechanism is None else as_mechanism(mechanism)
        gain = measure(self.claim, subject, self.trial)
        return Replay(gain, confirmed=gain == self.gain and gain > 0)

    def __str__(self) -> str:
        return (
            f"{self.mechanism} is not {_ADJECTIVES.get(self.claim, self.claim)}: {self.trial}, by {self.gain}"
        )

    def as_json(self) -> dict[str, Any]:
        """Return plain objects; numbers that are not whole become text such as ``"17/2"``."""
        head = {"edgeopt": _KIND, "claim": self.claim, "mechanism": self.mechanism.as_json()}
        return head | self.trial.as_json() | {"gain": plain(self.gain)}

    @classmethod
    def from_json(cls, content: Any) -> Witness:
        """Make a witness of what `as_json` returned.

        Raises
        ------
        InvalidFile
            In one line, when it is not that.
        """
        if not isinstance(content, dict) or content.get("edgeopt") != _KIND:
            raise InvalidFile(f'not a witness: an object with "edgeopt": "{_KIND}" is expected')
        try:
            if content["claim"] not in MEASURES:
                raise ValueError(f"the claim is none of {', '.join(MEASURES)}")
            description = Description.from_json(content["mechanism"])
            return cls(content["claim"], description, Trial.from_json(content), parsed(content["gain"]))
        except KeyError as error:
            raise InvalidFile(f"not a witness: {error} is missing") from None
        except (ValueError, TypeError, IndexError) as error:
            raise InvalidFile(f"not a witness: {_one_line(error)}") from None

    def save(self, path: str | Path) -> None:
        """Write the witness as JSON, atomically."""
        write_atomic(path, (json.dumps(self.as_json(), indent=1) + "\n").encode())

    @classmethod
    def load(cls, path: str | Path) -> Witness:
        """Read a witness. Nothing is run, and nothing believed, before `replay`.

        Raises
        ------
        InvalidFile
            In one line, when the file is not a witness.
        """
        source = Path(path)
        try:
            if source.stat().st_size > _LARGEST_FILE:
                raise InvalidFile(f"over {_LARGEST_FILE >> 20} MiB: a witness is one small market")
            text = source.read_text(encoding="utf-8")
            content = json.loads(text, parse_float=_refuse, parse_constant=_refuse, parse_int=_whole)
            return cls.from_json(content)
        except OSError as error:
            raise InvalidFile(f"{source}: cannot be read ({error.strerror or error})") from None
        except InvalidFile as error:
            raise InvalidFile(f"{source}: {error}") from None
        except (ValueError, RecursionError) as error:
            raise InvalidFile(f"{source}: not a witness: {_one_line(error)}") from None


_ADJECTIVES = {
    "anonymity": "anonymous",
    "non-bossiness": "non-bossy",
    "no deficit": "free of deficits",
    "strong budget balance": "strongly budget balanced",
} | {f"{kind} equivariance": f"{kind} equivariant" for kind in ("scale", "shift")}


def witness_of(claim: str, mechanism: Mechanism, trial: Trial) -> Witness | None:
    """Return the counterexample an experiment is; None if it shows no failure."""
    gain = measure(claim, mechanism, trial)
    return Witness(claim, describe(mechanism), trial, gain) if gain > 0 else None


def _refuse(text: str) -> NoReturn:
    raise ValueError(f'{text[:20]} is not exact: write a whole number or text such as "17/2"')


def _whole(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError(f"the number {text[:20]}... is out of range")
    return int(text)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
