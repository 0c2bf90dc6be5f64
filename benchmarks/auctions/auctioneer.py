"""The learned auctioneer beside tuned schedules, on markets that neither was trained or chosen on.

Every schedule is tuned on the same sequences, with as many tries, by the same search, and held in the same
test sequences; each seed draws all of these anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ...mechanisms import Market, Markets, Mechanism, audit
from ...mechanisms.dda import DoubleDutchAuction, Ticks, TruthfulDoubleDutchAuction
from ...mechanisms.dda.clocks import ClockAuction
from ...mechanisms.dda.critical import CriticalTickAuction
from ...mechanisms.market import Floats
from ..aggregate import Interval
from ..study import Report, percent

if TYPE_CHECKING:
    from ...learning.auctioneer import ClockAuctioneer, Sequences

AUCTIONS: dict[str, ClockAuction] = {
    "truthful double Dutch": TruthfulDoubleDutchAuction(),
    "double Dutch": DoubleDutchAuction(),
}
LEARNED = "learned"
FIRST = 1000
"""First seed of the sequences: lower ones were looked at while the families were designed."""
RESAMPLES = 10_000


@dataclass(frozen=True)
class Size:
    """How much is drawn and tried; tries are of a family, likelihoods of a fit, audits of a seed."""

    seeds: int = 10
    training: int = 32
    validation: int = 64
    testing: int = 48
    length: int = 24
    evaluations: int = 320
    fitting: int = 600
    audited: int = 12


QUICK = Size(seeds=2, training=3, validation=3, testing=3, length=4, evaluations=8, fitting=30, audited=1)
Sums: TypeAlias = dict[str, Floats]
"""By schedule, (5, S): rounds, messages, welfare, welfare of continuous clocks, and markets of a sequence."""


def run(quick: bool) -> Report:
    """Tune, hold, compare, audit."""
    from joblib import Parallel, delayed

    size = QUICK if quick else Size()
    rows: list[tuple[str, ...]] = []
    findings: list[dict[str, Any]] = []
    jobs = [delayed(_seed)(name, seed, size) for name in AUCTIONS for seed in range(size.seeds)]
    done = Parallel(n_jobs=1 if quick else -1)(jobs)
    for number, name in enumerate(AUCTIONS):
        found = _compared([each.sums for each in done[number * size.seeds : (number + 1) * size.seeds]])
        rows += [_row(name, each) for each in found]
        findings += [{"auction": name} | each for each in found]
    audits = _audits([scheduled for each in done[: size.seeds] for scheduled in each.scheduled])
    return Report(
        "auctioneer",
        f"Tuned to lose at most 1 % of the continuous auction's welfare; {size.seeds} seeds",
        ("auction", "schedule", "rounds", "messages", "of continuous", "learned / this", "95 %"),
        rows,
        [
            "Means over test sequences. Of continuous: welfare over that of the same rule with continuous "
            "clocks, in the same markets. Learned / this: ratio of messages, paired bootstrap over seeds and "
            "their test sequences.",
            "Rounds and messages of continuous clocks count only positions at which somebody accepts: no "
            "auctioneer knows these beforehand.",
            *(str(each["text"]) for each in audits),
        ],
        findings + audits,
    )


@dataclass(frozen=True, eq=False)
class Seed:
    """What a seed came to: sums by schedule, and some test markets with the ticks learned for them."""

    sums: Sums
    scheduled: list[tuple[Ticks, Market]]


def _seed(name: str, seed: int, size: Size) -> Seed:
    """Tune every family and hold it in the seed's test sequences."""
    from ...learning.auctioneer import FAMILIES, ORACLES, ClockAuctioneer, Prior, draw_sequences, tune
    from ...learning.auctioneer.play import continuous, play

    auction = AUCTIONS[name]
    training, validation, testing = (
        draw_sequences(count, size.length, seed=FIRST + 3 * seed + part)
        for part, count in enumerate((size.training, size.validation, size.testing))
    )
    exact, _ = continuous(testing, auction)
    sums = {"continuous": _summed(exact, exact)}
    scheduled: list[tuple[Ticks, Market]] = []
    options = {"evaluations": size.evaluations, "seed": seed}
    prior = Prior.of(training, continuous(training, auction)[1], evaluations=size.fitting)
    for each in (*FAMILIES.values(), *ORACLES.values()):
        found = tune(each, auction, training, validation, prior=prior, **options)
        held = play(each, found.theta[None], testing, found.prior, auction)
        sums[each.name] = _summed(held, exact)
        if each.name == LEARNED:
            scheduled = _scheduled(
                ClockAuctioneer(each, found.theta, found.prior), testing, auction, size.audited
            )
    return Seed(sums, scheduled)


def _summed(played: Any, exact: Any) -> Floats:
    sums: Floats = np.stack(
        [each[0].sum(axis=1) for each in (played.rounds, played.messages, played.welfare, exact.welfare)]
        + [np.full(played.rounds.shape[1], float(played.rounds.shape[2]))]
    )
    return sums


def _scheduled(
    auctioneer: ClockAuctioneer, testing: Sequences, auction: ClockAuction, audited: int
) -> list[tuple[Ticks, Market]]:
    """Hold the first test sequence market by market, and return the last markets with their ticks."""
    from ...learning.auctioneer import Past, Statistics
    from ...mechanisms.dda.rows import clear_rows

    past: list[Past] = []
    held = []
    for t in range(testing.length):
        market = testing.market(0, t)
        numbers, phase = (len(market.values), len(market.costs)), float(testing.phase[t])
        ticks = auctioneer.schedule(Statistics(*numbers, tuple(past), phase))
        held.append((ticks, market))
        reports = Markets(*(np.asarray(side, dtype=float)[None] for side in (market.values, market.costs)))
        price = clear_rows(auction, reports, ticks).price[0]
        past.append(Past(None if np.isnan(price) else float(price), *numbers, phase))
    return held[-audited:]


def _audits(scheduled: Sequence[tuple[Ticks, Market]]) -> list[dict[str, Any]]:
    """Audit three clearing rules on learned ticks, in test markets whose traders are not on ticks."""
    rules: dict[str, Callable[[Ticks], Mechanism]] = {
        "critical ticks": lambda ticks: CriticalTickAuction(TruthfulDoubleDutchAuction(ticks=ticks)),
        "truthful double Dutch": lambda ticks: TruthfulDoubleDutchAuction(ticks=ticks),
        "double Dutch": lambda ticks: DoubleDutchAuction(ticks=ticks),
    }
    found = []
    for name, rule in rules.items():
        reports = [audit(rule(ticks), market) for ticks, market in scheduled]
        found.append(_verdict(name, "as drawn", reports))
    on_ticks = [
        audit(TruthfulDoubleDutchAuction(ticks=ticks), _moved(ticks, market)) for ticks, market in scheduled
    ]
    found.append(_verdict("truthful double Dutch", "moved to ticks", on_ticks))
    return found


def _verdict(rule: str, types: str, reports: Sequence[Any]) -> dict[str, Any]:
    verdicts = {report.truthful for report in reports}
    verdict = next(each for each in ("refuted", "sampled", "certified") if each in verdicts)
    regret = float(max(gain for report in reports for gain in report.regrets.values()))
    deficit = any(report.budget == "deficit" for report in reports)
    certified = sum(report.truthful == "certified" for report in reports)
    text = (
        f"Audit of {rule} on learned ticks, types {types}: "
        f"{certified} of {len(reports)} test markets certified, "
        f"largest regret {regret:.3g}, {'a' if deficit else 'no'} deficit."
    )
    return {
        "audit": rule,
        "types": types,
        "markets": len(reports),
        "truthful": verdict,
        "certified": certified,
        "max_regret": regret,
        "deficit": deficit,
        "text": text,
    }


def _moved(ticks: Ticks, market: Market) -> Market:
    """Return the market with every type moved to the tick that hears it, without those never heard."""
    values = [ticks.heard("buyer", Fraction(float(x))) for x in market.values]
    costs = [ticks.heard("seller", Fraction(float(x))) for x in market.costs]
    return Market([x for x in values if x is not None], [x for x in costs if x is not None])


def _compared(held: Sequence[Sums]) -> list[dict[str, Any]]:
    """Return the means of each schedule, and the ratio of messages with its interval."""
    rng = np.random.default_rng(0)
    S = held[0][LEARNED].shape[1]
    seeds = rng.integers(0, len(held), (RESAMPLES, len(held)))
    places = rng.integers(0, S, (RESAMPLES, len(held), S))
    drawn = {
        name: np.stack([sums[name] for sums in held])  # (seeds, 5, S)
        for name in held[0]
    }
    again = {
        name: np.stack([_resampled(all_[:, k], seeds, places) for k in (1, 2, 3)])
        for name, all_ in drawn.items()
    }
    found = []
    for name, all_ in drawn.items():
        rounds, messages, welfare, continuous, count = all_.sum(axis=(0, 2))
        ratio = drawn[LEARNED][:, 1].sum() / messages
        cut = Interval.of(ratio, again[LEARNED][0] / again[name][0])
        kept = Interval.of(welfare / continuous, again[name][1] / again[name][2])
        found.append(
            {
                "schedule": name,
                "rounds": rounds / count,
                "messages": messages / count,
                "kept": welfare / continuous,
                "kept_interval": [kept.low, kept.high],
                "ratio": cut.value,
                "ratio_interval": [cut.low, cut.high],
            }
        )
    return found


def _resampled(sums: Floats, seeds: Any, places: Any) -> Floats:
    """(RESAMPLES,) totals of (seeds, S) sums, seeds drawn with replacement and sequences within them."""
    total = np.zeros(len(seeds))
    for n in range(seeds.shape[1]):
        total += sums[seeds[:, n, None], places[:, n]].sum(axis=1)
    return total


def _row(auction: str, found: dict[str, Any]) -> tuple[str, ...]:
    low, high = found["ratio_interval"]
    least, most = found["kept_interval"]
    itself = found["schedule"] == LEARNED
    return (
        auction,
        found["schedule"],
        f"{found['rounds']:.1f}",
        f"{found['messages']:.1f}",
        f"{percent(found['kept'], 2)} ({100 * least:.2f}-{100 * most:.2f})",
        "-" if itself else f"{found['ratio']:.3f}",
        "-" if itself else f"{low:.3f}-{high:.3f}",
    )
