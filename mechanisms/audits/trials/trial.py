"""One experiment on a mechanism: a market, and what is done differently the second time it is cleared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal, cast

from ...market import Market, Side
from .encoding import decoded, encoded, parsed, plain

_LARGEST_MARKET = 10_000


@dataclass(frozen=True, order=True)
class Trader:
    """One trader of a market: a side and an index, from 0."""

    side: Side
    index: int

    def __str__(self) -> str:
        return f"{self.side} {self.index}"


def traders_of(market: Market) -> tuple[Trader, ...]:
    """Return all traders of a market, buyers first."""
    buyers = (Trader("buyer", i) for i in range(len(market.values)))
    return (*buyers, *(Trader("seller", j) for j in range(len(market.costs))))


@dataclass(frozen=True)
class Trial:
    """A market at true values and costs, and what changes.

    Parameters
    ----------
    market
        True values and costs, exact.
    traders
        Who deviates together, or who loses, in the properties that speak of somebody.
    reports
        What each of them reports instead of the truth; empty where nobody deviates.
    coin
        The coin of a lottery; None where nothing is left to chance.
    order
        For anonymity: whose report stands in each place, buyers' and sellers'.
    factor, offset
        For equivariance: all reports times ``factor``, or plus ``offset``.

    Raises
    ------
    InvalidMarket
        When the market is not exact or a trader, a report or an order does not fit it.
    """

    market: Market
    traders: tuple[Trader, ...] = ()
    reports: tuple[Fraction, ...] = ()
    coin: Any = None
    order: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    factor: Fraction | None = None
    offset: Fraction | None = None

    def __post_init__(self) -> None:
        sizes = {"buyer": len(self.market.values), "seller": len(self.market.costs)}
        for trader in self.traders:
            if not 0 <= trader.index < sizes[trader.side]:
                raise ValueError(
                    f"{trader} is not in a market of {sizes['buyer']} buyers, {sizes['seller']} sellers"
                )
        if len(set(self.traders)) != len(self.traders) or len(self.reports) not in {0, len(self.traders)}:
            raise ValueError(
                f"{len(self.reports)} reports of {len(self.traders)} traders: one each is expected"
            )
        if self.order is not None:
            for places, size in zip(self.order, sizes.values(), strict=True):
                if sorted(places) != list(range(size)):
                    raise ValueError(f"{list(places)} is no order of {size} traders")

    @property
    def changed(self) -> Market:
        """The market as it is cleared the second time."""
        market = self.market
        for trader, report in zip(self.traders, self.reports, strict=False):
            market = market.with_report(trader.side, trader.index, report)
        values, costs = tuple(market.values), tuple(market.costs)
        if self.order is not None:
            values, costs = tuple(values[i] for i in self.order[0]), tuple(costs[j] for j in self.order[1])
        if self.factor is not None:
            values, costs = tuple(x * self.factor for x in values), tuple(x * self.factor for x in costs)
        if self.offset is not None:
            values, costs = tuple(x + self.offset for x in values), tuple(x + self.offset for x in costs)
        return Market(values, costs)

    def with_market(self, market: Market) -> Trial:
        """Return the same experiment on another market."""
        return replace(self, market=market)

    def __str__(self) -> str:
        market = f"buyers {_listed(self.market.values)}, sellers {_listed(self.market.costs)}"
        if self.reports:
            pairs = zip(self.traders, self.reports, strict=True)
            deeds = [f"{trader} reports {report}" for trader, report in pairs]
        elif self.order is not None:
            deeds = [f"buyers in the order {list(self.order[0])}, sellers in the order {list(self.order[1])}"]
        elif self.factor is not None:
            deeds = [f"all reports times {self.factor}"]
        elif self.offset is not None:
            deeds = [f"all reports plus {self.offset}"]
        else:
            deeds = [f"{trader} is truthful" for trader in self.traders]
        coin = [] if self.coin is None else [f"coin {self.coin}"]
        return f"{market}: " + " and ".join([*deeds, *coin] or ["all are truthful"])

    def as_json(self) -> dict[str, Any]:
        """Return plain objects; numbers that are not whole become text such as ``"17/2"``."""
        content: dict[str, Any] = {"market": self.market.as_json()}
        if self.traders:
            content["traders"] = [{"side": x.side, "index": x.index} for x in self.traders]
        if self.reports:
            content["reports"] = [plain(x) for x in self.reports]
        if self.order is not None:
            content["order"] = [list(places) for places in self.order]
        if self.coin is not None:
            content["coin"] = encoded(self.coin)
        for name in ("factor", "offset"):
            if (number := getattr(self, name)) is not None:
                content[name] = plain(number)
        return content

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Trial:
        """Make an experiment of what `as_json` returned; ValueError or TypeError if it is not that."""
        market = content["market"]
        sides = [_listed_numbers(market[side]) for side in ("values", "costs")]
        order = content.get("order")
        optional = {
            name: parsed(content[name]) for name in ("factor", "offset") if content.get(name) is not None
        }
        return cls(
            Market(*sides),
            traders=tuple(_trader(x) for x in content.get("traders", [])),
            reports=tuple(_listed_numbers(content.get("reports", []))),
            order=None if order is None else (_places(order[0]), _places(order[1])),
            coin=decoded(content.get("coin")),
            **optional,
        )


def _listed_numbers(numbers: object) -> list[Fraction]:
    if not isinstance(numbers, list) or len(numbers) > _LARGEST_MARKET:
        raise ValueError(f"a list of at most {_LARGEST_MARKET} numbers is expected")
    return [parsed(x) for x in numbers]


def _trader(content: object) -> Trader:
    if not isinstance(content, dict) or content.get("side") not in {"buyer", "seller"}:
        raise ValueError('a trader is {"side": "buyer" or "seller", "index": number}')
    return Trader(cast(Literal["buyer", "seller"], content["side"]), _index(content.get("index")))


def _places(places: object) -> tuple[int, ...]:
    if not isinstance(places, list):
        raise ValueError("an order is a list of indices")
    return tuple(_index(x) for x in places)


def _index(index: object) -> int:
    if isinstance(index, bool) or not isinstance(index, int):
        raise ValueError(f"{str(index)[:20]} is not an index")
    return index


def _listed(numbers: Any) -> str:
    return ", ".join(map(str, numbers)) or "none"
