"""What must be installed before anything is learnt, said in one line."""

from __future__ import annotations

from importlib.util import find_spec

from ..problem.errors import MissingLibrary


def require_gymnasium() -> None:
    """Refuse to go on without gymnasium.

    Raises
    ------
    MissingLibrary
        Naming the extra that brings it.
    """
    if find_spec("gymnasium") is None:
        raise MissingLibrary("edgeopt.learning: gymnasium is not installed; pip install 'edgeopt[learning]'")


def require_cma() -> None:
    """Refuse to go on without the library of CMA-ES.

    Raises
    ------
    MissingLibrary
        Naming the extra that brings it.
    """
    if find_spec("cma") is None:
        raise MissingLibrary("evolution of weights: cma is not installed; pip install 'edgeopt[evolution]'")


def require_torch() -> None:
    """Refuse to go on without torch and safetensors.

    Raises
    ------
    MissingLibrary
        Naming the extra that brings them.
    """
    for name in ("torch", "safetensors"):
        if find_spec(name) is None:
            raise MissingLibrary(f"T2DRL: {name} is not installed; pip install 'edgeopt[learning]'")
