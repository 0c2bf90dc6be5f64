"""One sampled future: the least cost it could have had, penalised for using what could not be known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...problem.fields import FloatArray, IntArray
from ..lagrangian.search import PriceSearch
from ..lagrangian.server import Server
from .penalties import PenalisedDual
from .values import ModelValue

_PIECE = 50


def inner_search(
    server: Server, values: Sequence[ModelValue], local: IntArray, steps: int
) -> tuple[float, PenalisedDual, PriceSearch]:
    """Bound what a plan of one future can save, penalties counted, from above.

    Parameters
    ----------
    server
        One server with the future's requests.
    values
        Value of each model; none for no penalty, which gives the plain clairvoyant bound.
    local
        (T, M) local states of the future.
    steps
        Evaluations of the dual function; any number gives a valid bound.

    Returns
    -------
    float, PenalisedDual, PriceSearch
        The bound, the penalties, and the search with the prices that give it.
    """
    dual = PenalisedDual(server, values, local)
    search = PriceSearch(dual, _first_prices(server, values, local) if values else None)
    for _ in range(0, steps, _PIECE):
        if not search.level_steps(_PIECE):
            break
    return search.best + dual.constant, dual, search


def _first_prices(server: Server, values: Sequence[ModelValue], local: IntArray) -> FloatArray:
    """Presence priced at the rents that the values were computed with: (M + 2, T)."""
    prices = np.zeros((server.models + 2, server.slots))
    for m, value in enumerate(values):
        prices[m] = value.rent[local[:, m]]
    return np.maximum(prices, 0.0)
