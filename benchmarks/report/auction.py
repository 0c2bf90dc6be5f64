"""A double Dutch auction of one slot's memory: a picture to be drawn, the transcript, and other rules."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from ..words import NOTHING, cost, percent
from .markup import Cell, Column, table

ROUND_COLUMNS = (
    Column("round"), Column("buyers' clock"), Column("sellers' clock"), Column("who accepts", sorts=False),
)  # fmt: skip
RULE_COLUMNS = (
    Column("rule"),
    Column("trades"),
    Column("a buyer pays", tip="Mean over those who trade, cost units."),
    Column("a seller gets", tip="Mean over those who trade, cost units."),
    Column("gain", tip="What the trades save in this slot, at true values."),
    Column("of the most", tip="Gain over that of efficient trades."),
    Column("money kept", tip="Payments less receipts; below zero the auctioneer pays."),
)


def auction_section(auction: Mapping[str, Any] | None, instance: str, place: int) -> str:
    """Return the auction of a case; nothing where there is none.

    Parameters
    ----------
    auction
        Result of the task "auction".
    place
        The number of the case on the page.
    """
    if auction is None:
        return ""
    title = f"<h3>A slot's memory by auction <small>{escape(instance)}, seed 0</small></h3>\n"
    if auction["unavailable"] is not None:
        return f"{title}<p>No auction: {escape(auction['unavailable'])}.</p>\n"
    return (
        f"{title}<p>{escape(_told(auction))}</p>\n"
        f'<figure class="clocks" data-figure="auction" data-case="{place}"></figure>\n'
        f"<details><summary>the transcript</summary>{_transcript(auction)}</details>\n"
        "<details><summary>the same market under other rules</summary>"
        f"{_rules(auction)}</details>\n"
    )


def buyer(auction: Mapping[str, Any], index: int) -> str:
    """Name a buyer by the model that wants in."""
    return f"{auction['buyers'][index]} ({_scaled(auction, auction['values'][index])})"


def seller(auction: Mapping[str, Any], index: int) -> str:
    """Name a seller by the model that holds the block."""
    holder = auction["sellers"][index] or "empty block"
    return f"{holder} ({_scaled(auction, auction['costs'][index])})"


def _told(auction: Mapping[str, Any]) -> str:
    """Say what is sold to whom and how it ended."""
    buyers, blocks = len(auction["buyers"]), len(auction["sellers"])
    wanting = (
        "1 model that is asked for and not cached bids"
        if buyers == 1
        else (f"{buyers} models that are asked for and not cached bid")
    )
    offered = "1 block" if blocks == 1 else f"{blocks} blocks"
    trades = len(auction["traded"])
    pairs = ", ".join(f"{buyer(auction, i)} for {seller(auction, j)}" for i, j in auction["traded"])
    ended = (
        f"The clocks meet at {_scaled(auction, auction['price'])}; {trades} "
        f"{'block changes' if trades == 1 else 'blocks change'} hands: {pairs}."
        if trades
        else "The clocks meet and nobody trades."
    )
    return (
        f"Slot {auction['slot']} of {auction['server']}: {wanting} for {offered} of memory, each against "
        f"what its holder would lose. {percent(auction['load_share'])} of a load is charged to the slot. "
        f"{ended}"
    )


def _transcript(auction: Mapping[str, Any]) -> str:
    rows = []
    for place, happened in enumerate(auction["rounds"], start=1):
        heard = [f"buyer {buyer(auction, i)}" for i in happened["buyers"]]
        heard += [f"seller {seller(auction, j)}" for j in happened["sellers"]]
        clocks = [_clock(auction, happened[name]) for name in ("buyer_clock", "seller_clock")]
        rows.append((Cell(str(place), value=place), [*clocks, Cell("; ".join(heard) or NOTHING)], ""))
    return table(ROUND_COLUMNS, rows, "transcript")


def _clock(auction: Mapping[str, Any], price: float | None) -> Cell:
    return Cell("not heard of") if price is None else Cell(_scaled(auction, price), value=price)


def _rules(auction: Mapping[str, Any]) -> str:
    most = auction["first_best"]
    rows = []
    for each in auction["rules"]:
        money = [
            Cell(NOTHING) if each[name] is None else Cell(_scaled(auction, each[name]), value=each[name])
            for name in ("buyer_pays", "seller_gets")
        ]
        share = each["welfare"] / most
        cells = [
            Cell(str(each["trades"]), value=each["trades"]),
            *money,
            Cell(_scaled(auction, each["welfare"]), value=each["welfare"]),
            Cell(percent(share), value=share),
            Cell(_scaled(auction, each["budget_surplus"]), value=each["budget_surplus"]),
        ]
        rows.append((Cell(each["rule"]), cells, ""))
    return table(RULE_COLUMNS, rows, "rules")


def _scaled(auction: Mapping[str, Any], value: float) -> str:
    """Return a price with the decimals that the largest report needs."""
    return cost(value, max([*auction["values"], *auction["costs"]]))
