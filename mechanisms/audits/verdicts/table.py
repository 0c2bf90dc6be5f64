"""The table of an audit: property, verdict, figure, witness."""

from __future__ import annotations

from collections.abc import Iterable
from io import StringIO
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from rich.table import Table

Cells: TypeAlias = tuple[str, str, str, str]


def as_table(rows: Iterable[Cells]) -> Table:
    """Return the table, for a console of any width."""
    from rich.table import Table

    table = Table("property", "verdict", "figure", "witness")
    for row in rows:
        table.add_row(*row)
    return table


def as_text(headline: str, rows: Iterable[Cells], remarks: Iterable[str], width: int = 110) -> str:
    """Return the table as plain text, below a headline and above remarks."""
    from rich.console import Console

    text = StringIO()
    screen = Console(file=text, width=width, highlight=False, color_system=None)
    screen.print(headline)
    screen.print(as_table(rows))
    for line in remarks:
        screen.print(line)
    return text.getvalue().rstrip("\n")
