"""What the engines of clusters have in common: their package, and whether a cluster answers at an address."""

from __future__ import annotations

import socket
import subprocess
import sys
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from ...problem.errors import InvalidOption, MissingLibrary
from .crew import CONNECT_SECONDS, EngineUnreachable


def library(module: str, engine: str) -> Any:
    """Import an engine's package.

    Raises
    ------
    MissingLibrary
        If it is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise MissingLibrary(
            f"engine {engine!r} needs the package {error.name}, which is not installed: "
            f'pip install "edgeopt[{engine}]"'
        ) from None


def reach(address: str, engine: str, trial: str) -> None:
    """Join a cluster on trial, in another process: the engines' own calls may wait for ever, unstoppably.

    Parameters
    ----------
    trial
        Python code that joins the cluster at ``sys.argv[1]`` and ends.

    Raises
    ------
    InvalidOption
        If the address names no host and port.
    EngineUnreachable
        If no cluster answers in time, or it cannot be joined.
    """
    if address != "auto":
        _knock(address, engine)
    try:
        tried = subprocess.run(
            [sys.executable, "-c", trial, address],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=CONNECT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        reason = f"not joined within {CONNECT_SECONDS:g} seconds{_last_line(error.stderr)}"
    else:
        reason = f"it cannot be joined{_last_line(tried.stderr)}"
        if tried.returncode == 0:
            return
    raise EngineUnreachable(f"no {engine} cluster at {address}: {reason}")


def _last_line(said: bytes | None) -> str:
    lines = (said or b"").decode(errors="replace").strip().splitlines()
    return f" ({lines[-1][:300]})" if lines else ""


def _knock(address: str, engine: str) -> None:
    """See whether a port is open, which takes no time where it is not."""
    parts = urlsplit(address if "://" in address else f"tcp://{address}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if host is None or port is None:
        raise InvalidOption(f"address {address!r}: a host and a port are needed, such as head:6379")
    try:
        socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
    except OSError as error:
        raise EngineUnreachable(f"no {engine} cluster at {address}: {error.strerror or error}") from None
