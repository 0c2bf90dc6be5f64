"""Property tests of mechanisms for your own pytest suite, one line each.

>>> from edgeopt.mechanisms import McAfee
>>> from edgeopt.mechanisms.testing import check_all
>>> check_all(McAfee())

Markets come from Hypothesis, small and full of ties; in each of them every misreport is tried, exactly, by
following the mechanism's own code. What fails is shrunk and printed with both outcomes. Needs ``hypothesis``
(``pip install "edgeopt[test]"``), which is imported when a test runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ..problem.errors import InvalidOption
from .audits.searches import CLAIMS, SampledOnly, refuter
from .audits.shrink import Refute, shrink, shrink_market
from .audits.subject import as_mechanism, clear
from .audits.trials.trial import Trial
from .audits.witness import Witness
from .market import Market, Number, Side
from .outcome import Outcome
from .rule import Claims, Mechanism

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = [
    "CLAIMS",
    "PropertyRefuted",
    "SampledOnly",
    "check_all",
    "check_budget",
    "check_efficient",
    "check_individually_rational",
    "check_property",
    "check_truthful",
    "markets",
]

Subject: TypeAlias = Mechanism | Callable[..., Any]
POOL: tuple[Number, ...] = tuple(Fraction(x) for x in (0, 1, 2, 3, 5, 8))
"""Default reports: few, so that ties are frequent, and unevenly spaced."""


class PropertyRefuted(AssertionError):
    """A property does not hold; ``witness`` is the shrunk counterexample."""

    def __init__(self, message: str, witness: Witness) -> None:
        super().__init__(message)
        self.witness = witness


def markets(
    max_buyers: int = 3,
    max_sellers: int = 3,
    *,
    min_buyers: int = 0,
    min_sellers: int = 0,
    pool: Sequence[Number] = POOL,
) -> SearchStrategy[Market]:
    """Return a Hypothesis strategy for exact markets whose reports come from a small pool.

    Parameters
    ----------
    max_buyers, max_sellers, min_buyers, min_sellers
        Numbers of traders. One side may be empty by default, as it may be in practice.
    pool
        Possible values and costs, 0 or more.

    Raises
    ------
    InvalidOption
        When hypothesis is not installed.
    """
    st = _hypothesis().strategies
    report = st.sampled_from([Fraction(x) for x in pool])

    def side(least: int, most: int) -> Any:
        # Half of the markets have as many traders as they may: lists of free length would mostly be short.
        sizes = st.sampled_from([*range(least, most + 1), *[most] * (most - least + 1)])
        return sizes.flatmap(lambda n: st.lists(report, min_size=n, max_size=n))

    strategy: SearchStrategy[Market] = st.builds(
        Market, side(min_buyers, max_buyers), side(min_sellers, max_sellers)
    )
    return strategy


def check_property(
    claim: str,
    mechanism: Subject,
    *,
    max_buyers: int = 3,
    max_sellers: int = 3,
    pool: Sequence[Number] = POOL,
    examples: int = 100,
    side: Side | None = None,
) -> None:
    """Fail if a counterexample to a property is found.

    Parameters
    ----------
    claim
        One of `CLAIMS`, such as "truthful" or "anonymity".
    mechanism
        A mechanism, or a function of a market, or of values and costs.
    max_buyers, max_sellers, pool
        As in `markets`.
    examples
        How many markets to draw; always the same ones.
    side
        For "truthful": only misreports of buyers, or of sellers.

    Raises
    ------
    PropertyRefuted
        With the shrunk counterexample: an AssertionError, as pytest expects.
    InvalidOption
        When the claim is unknown, or hypothesis is not installed.
    """
    refute = refuter(claim, mechanism, side=side)
    strategy = markets(max_buyers, max_sellers, pool=pool)
    found = _first(strategy, refute, examples)
    if found is not None:
        witness = shrink(shrink_market(found.market, refute), mechanism)
        raise PropertyRefuted(explanation(witness, mechanism), witness)


def check_truthful(mechanism: Subject, **options: Any) -> None:
    """Fail if a trader gains by a misreport, see `check_property` for options.

    Every report of 0 or more is covered in each market if the mechanism's code only sorts, compares, adds
    and multiplies by numbers; a `SampledOnly` warning says if it does not.
    """
    check_property("truthful", mechanism, **options)


def check_individually_rational(mechanism: Subject, **options: Any) -> None:
    """Fail if a truthful trader can lose, see `check_property` for options."""
    check_property("individually rational", mechanism, **options)


def check_budget(mechanism: Subject, kind: Literal["weak", "strong"] = "weak", **options: Any) -> None:
    """Fail if there is a deficit, or for "strong" a surplus either; see `check_property` for options."""
    if kind not in {"weak", "strong"}:
        raise InvalidOption(f"kind is {kind!r}: it must be 'weak' or 'strong'")
    check_property("no deficit" if kind == "weak" else "strong budget balance", mechanism, **options)


def check_efficient(mechanism: Subject, **options: Any) -> None:
    """Fail if truthful reports miss the first best, see `check_property` for options."""
    check_property("efficient", mechanism, **options)


def check_all(mechanism: Subject, **options: Any) -> None:
    """Fail if a claim of the mechanism does not hold, see `check_property` for options.

    A mechanism without declared ``claims``, such as a function, is held to being truthful and individually
    rational without a deficit.
    """
    claims = getattr(mechanism, "claims", None)
    claims = claims if isinstance(claims, Claims) else Claims(truthful=True)
    if claims.truthful:
        sides: dict[Any, Side] = {"buyers": "buyer", "sellers": "seller"}
        check_truthful(mechanism, side=sides.get(claims.truthful), **options)
    if claims.individually_rational:
        check_individually_rational(mechanism, **options)
    if claims.budget != "deficit":
        check_budget(mechanism, claims.budget, **options)
    if claims.efficient:
        check_efficient(mechanism, **options)


def explanation(witness: Witness, mechanism: Subject) -> str:
    """Return a counterexample in words: what was done, and what came of it."""
    subject, trial = as_mechanism(mechanism), witness.trial
    lines = [str(witness)]
    changed = trial.changed
    for label, market in [("truth", trial.market)] + [("then", changed)] * (changed != trial.market):
        outcome = clear(subject, market, trial.coin)
        lines.append(f"  {label}: {_told(outcome)}")
        lines += [f"    {_payoff(outcome, trial, i)}" for i in range(len(trial.traders))]
    return "\n".join(lines)


def _told(outcome: Outcome) -> str:
    if not outcome.trades:
        return "no trade"
    paid = [f"buyer {i} pays {outcome.payments[i]}" for i in outcome.buyers]
    return ", ".join(paid + [f"seller {j} gets {outcome.receipts[j]}" for j in outcome.sellers])


def _payoff(outcome: Outcome, trial: Trial, place: int) -> str:
    trader = trial.traders[place]
    noun = "value" if trader.side == "buyer" else "cost"
    truth = trial.market.report(trader.side, trader.index)
    return f"{trader}, {noun} {truth}: payoff {outcome.utility(trial.market, trader.side, trader.index)}"


def _first(strategy: Any, refute: Refute, examples: int) -> Witness | None:
    """Return the first counterexample among drawn markets; raise what the mechanism raises first."""
    hypothesis = _hypothesis()
    found: list[Witness | Exception] = []

    def search(market: Market) -> None:
        if found:
            return
        try:
            witness = refute(market)
        except Exception as error:
            error.add_note(f"in the market of {Trial(market)}")
            found.append(error)
        else:
            found.extend([] if witness is None else [witness])

    # Shrinking is left to `shrink_market`, which knows markets; the same markets are drawn every time.
    quiet = hypothesis.settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    quiet(hypothesis.given(strategy)(search))()
    first = found[0] if found else None
    if isinstance(first, Exception):
        raise first
    return first


def _hypothesis() -> Any:
    try:
        import hypothesis
        import hypothesis.strategies
    except ImportError:
        raise InvalidOption('property tests need hypothesis: pip install "edgeopt[test]"') from None
    return hypothesis
