"""Pieces of HTML that the parts of the report share. Whatever comes from outside is escaped here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Parameters
    ----------
    text
        What it shows.
    small
        What stands beside it in small letters.
    value
        What the column is sorted by: the number as it is in the results. None: the text.
    tip
        What hovering tells.
    picture
        HTML that is shown instead of the text.
    """

    text: str = ""
    small: str = ""
    value: float | None = None
    tip: str = ""
    picture: str = ""


@dataclass(frozen=True)
class Column:
    """A column: its heading, whether a click sorts by it, and what hovering over it explains."""

    heading: str
    sorts: bool = True
    tip: str = ""
    picture: str = ""


Row = tuple[Cell, Sequence[Cell], str]
"""The row's name, its other cells, its class."""


def table(columns: Sequence[Column], rows: Iterable[Row], kind: str = "") -> str:
    """Return a table that scrolls in a box of its own, its columns sorted by a click on their heading."""
    head = "".join(_heading(column) for column in columns)
    body = "\n".join(_row(*row) for row in rows)
    return (
        f'<div class="scroll" tabindex="0"><table{_class(kind)}>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def _row(name: Cell, cells: Sequence[Cell], kind: str) -> str:
    shown = "".join(_cell(each, "td") for each in cells)
    return f"<tr{_class(kind)}>{_cell(name, 'th', scope='row')}{shown}</tr>"


def _heading(column: Column) -> str:
    tip = _tip(column.tip)
    if column.picture:
        return f'<th scope="col" class="drawn"{tip}>{column.picture}</th>'
    if not column.sorts:
        return f'<th scope="col"{tip}>{escape(column.heading)}</th>'
    button = f'<button type="button">{escape(column.heading)}</button>'
    return f'<th scope="col" aria-sort="none"{tip}>{button}</th>'


def _cell(cell: Cell, tag: str, scope: str = "") -> str:
    attributes = f' scope="{scope}"' if scope else ""
    attributes += _class("drawn" if cell.picture else "")
    attributes += "" if cell.value is None else f' data-value="{number(cell.value)}"'
    small = f" <small>{escape(cell.small)}</small>" if cell.small else ""
    return f"<{tag}{attributes}{_tip(cell.tip)}>{cell.picture or escape(cell.text)}{small}</{tag}>"


def number(value: float) -> str:
    """Return a number as it stands in the results; nothing for nan."""
    return "" if math.isnan(value) else repr(float(value))


def per_cent(share: float) -> str:
    """Return a share of a box's width as CSS."""
    return f"{100 * share:.2f}%"


def _tip(text: str) -> str:
    return f' data-tip="{escape(text)}"' if text else ""


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
