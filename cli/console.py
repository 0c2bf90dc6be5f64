"""Where the commands print: tables to standard output, progress to standard error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


def console() -> Console:
    """The console for results (standard output; plain text when that is not a terminal)."""
    from rich.console import Console

    return Console(highlight=False)


def print_summary(title: str, summary: Mapping[str, Any]) -> None:
    """Print named figures under a title, and the file they were written to (``summary["file"]``) if any."""
    from rich.table import Table

    screen = console()
    screen.print(title)
    table = Table("", "value")
    for label, value in summary.items():
        if label in ("instance", "file") or value is None:
            continue
        text = f"{value:.6g}" if isinstance(value, float) else str(value)
        table.add_row(label.replace("_", " "), text)
    screen.print(table)
    if summary["file"] is not None:
        screen.print(f"wrote {summary['file']}")


def progress_bar(*, quiet: bool = False) -> Progress:
    """A progress bar on standard error that vanishes when done.

    Parameters
    ----------
    quiet
        Show nothing (``--json``); nothing is shown either when standard error is not a terminal.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    screen = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}/{task.total:,.0f}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=screen,
        disable=quiet or not screen.is_terminal,
        transient=True,
    )
