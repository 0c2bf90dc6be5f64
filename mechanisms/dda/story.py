"""How a double Dutch auction went: in words, as data, and as a picture of its two clocks meeting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..market import Market, Number
from ..reading import plain
from .protocol import Round, Session


def tell(session: Session, market: Market) -> str:
    """Return the auction as text, a line for every round, and how it ended."""
    width = len(str(len(session.rounds)))
    lines = [f"{i:{width}}  {_line(x, market)}" for i, x in enumerate(session.rounds, start=1)]
    outcome = session.outcome
    if not outcome.trades:
        return "\n".join([*lines, f"The clocks meet at {_text(session.price)}; nobody trades."])
    pairs = zip(outcome.buyers, outcome.sellers, strict=True)
    traded = ", ".join(f"buyer {i} with seller {j}" for i, j in pairs)
    pays = _text(outcome.payments[outcome.buyers[0]])
    gets = _text(outcome.receipts[outcome.sellers[0]])
    price = f"Trading at {pays}" if pays == gets else f"Buyers pay {pays} and sellers get {gets}"
    case = f" (case {outcome.case})" if outcome.case else ""
    return "\n".join([*lines, f"The clocks meet at {_text(session.price)}. {price}{case}: {traded}."])


def as_json(session: Session) -> list[dict[str, Any]]:
    """Return the rounds as plain data; continuous clocks open at no finite price, which is null."""
    return [
        {
            "moved": list(x.moved),
            "buyer_clock": _finite(x.buyer_clock),
            "seller_clock": _finite(x.seller_clock),
            "buyers": list(x.buyers),
            "sellers": list(x.sellers),
            "beyond": x.beyond,
        }
        for x in session.rounds
    ]


def draw(session: Session, path: str | Path) -> None:
    """Draw both clocks over the rounds, with a mark for every acceptance, to an .svg, .png or .pdf file.

    Raises
    ------
    InvalidFile
        When the file's ending is none of these.
    """
    import io

    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    from ...problem.errors import InvalidFile
    from ...problem.storage import write_atomic

    path = Path(path)
    kind = path.suffix.lower().lstrip(".")
    if kind not in {"svg", "png", "pdf"}:
        raise InvalidFile(f"{path}: a picture's name must end in .svg, .png or .pdf")
    figure = Figure(figsize=(7.2, 4.0), layout="constrained")
    axes = figure.subplots()
    for side, colour, label in (("buyer", "#b3541e", 4), ("seller", "#1f5f8b", -14)):
        clock = list(_clock(session, side))
        axes.step([n for n, _ in clock], [p for _, p in clock], where="post", color=colour, lw=2)
        axes.annotate(
            f"{side}s' clock", clock[0], xytext=(6, label), textcoords="offset points", color=colour
        )
        heard = [(n, p) for n, p in clock for _ in getattr(session.rounds[n - 1], f"{side}s")]
        axes.scatter([n for n, _ in heard], [p for _, p in heard], s=36, color=colour, zorder=3)
    axes.axhline(float(session.price), color="0.5", lw=1, ls=":")
    axes.set_xlabel("round")
    axes.set_ylabel("price")
    axes.set_title(
        f"The clocks meet at {_text(session.price)}; {session.outcome.trades} units trade", loc="left"
    )
    axes.margins(y=0.12)
    axes.spines[["top", "right"]].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    content = io.BytesIO()
    metadata = {"Date": None} if kind == "svg" else {"CreationDate": None} if kind == "pdf" else {}
    figure.savefig(content, format=kind, dpi=150, metadata=metadata)
    write_atomic(path, content.getvalue())


def _clock(session: Session, side: str) -> Iterator[tuple[int, float]]:
    """Yield round and price of one clock; before a continuous clock is heard of it has no price."""
    for number, happened in enumerate(session.rounds, start=1):
        price = _finite(getattr(happened, f"{side}_clock"))
        if price is not None:
            yield number, float(getattr(happened, f"{side}_clock"))


def _line(happened: Round, market: Market) -> str:
    clocks = (
        f"buyers' clock {_text(happened.buyer_clock):>7}, sellers' clock {_text(happened.seller_clock):>7}"
    )
    heard = [f"buyer {i} ({_text(market.values[i])}) accepts" for i in happened.buyers]
    heard += [f"seller {j} ({_text(market.costs[j])}) accepts" for j in happened.sellers]
    after = "  [after the clocks have met]" if happened.beyond else ""
    return f"{clocks}   {'; '.join(heard)}{after}".rstrip()


def _finite(price: Number) -> int | float | str | None:
    return plain(price) if abs(price) < float("inf") else None


def _text(price: Number) -> str:
    return "open" if abs(price) == float("inf") else str(plain(price))
