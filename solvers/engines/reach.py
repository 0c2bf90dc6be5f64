"""What the engines of clusters have in common: their package, and whether anybody answers at an address."""

from __future__ import annotations

import socket
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


def knock(address: str, engine: str) -> None:
    """See whether a port is open, since the engines themselves take long to say that none is.

    Raises
    ------
    InvalidOption
        If the address names no host and port.
    EngineUnreachable
        If nobody answers.
    """
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
