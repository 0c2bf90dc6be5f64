"""The application: finds the command, runs it, and turns bad input into one line."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from .. import __version__
from . import COMMANDS

DONE, BAD_INPUT, INTERRUPTED = 0, 2, 130


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit status.

    Returns
    -------
    status
        0 when done, 1 when the checked thing does not hold, 2 for bad input, 130 when interrupted.
    """
    asked = next((word for word in arguments if not word.startswith("-")), None)
    try:
        status = _build(asked)(list(arguments) or ["--help"], prog_name="edgeopt", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        return _say("interrupted", INTERRUPTED)
    except BrokenPipeError:
        return _quiet_pipe()
    except Exception as error:
        if (line := _one_line(error)) is None:
            raise
        return _say(line, BAD_INPUT)
    return status if isinstance(status, int) else DONE


def _build(asked: str | None) -> typer.Typer:
    """Make the application, importing only the command that was asked for."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.callback(help="How good is a policy for model caching and inference offloading at the edge?")(_root)
    for name, line in COMMANDS.items():
        if name == asked:
            app.command(name)(getattr(importlib.import_module(f".{name}", __package__), name))
        else:
            app.command(name, help=line)(_not_asked)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"edgeopt {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, help="Print the version and stop.", callback=_version),
    ] = False,
) -> None:
    """Hold the options that come before the command."""


def _not_asked() -> None:
    """Stand in the list of commands for a command that is not being run."""


def _one_line(error: Exception) -> str | None:
    """Return the line to print for an error of the user's, None for one of ours."""
    from ..problem.errors import EdgeoptError

    message: Any = getattr(error, "format_message", None)
    if message is None and not isinstance(error, EdgeoptError):
        return None
    text = message() if message is not None else str(error)
    return " ".join(str(text).split())


def _say(line: str, status: int) -> int:
    typer.echo(f"edgeopt: {line}", err=True)
    return status


def _quiet_pipe() -> int:
    """End without noise when the reader of our output has gone (``edgeopt ... | head``)."""
    import os
    import sys

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return DONE
