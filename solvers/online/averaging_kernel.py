"""What keeping a model is worth, averaged over sampled futures: interval programmes under memory prices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..compiled import compiled
from ..knapsack import knapsack


@compiled
def average_keeping(
    requests: Any, context: Any, cached: Any, service_model: Any, saving: Any, window: Any, gain: Any,
    vanish: Any, load: Any, footprint: Any, limit: float, prices: Any, iterations: int, step: float,
    keeping: Any,
) -> None:  # fmt: skip
    """Fill the worth of presence in slot 0 for the slots after it, and improve the prices.

    Parameters
    ----------
    requests
        (F, H + 1, S) arrivals of each future; slot 0 is now and the same in all.
    context, cached
        (S,) context that counts now if the model stays, (M,) bool cache of the slot before.
    load, footprint, limit
        (M,), (M,) and the memory.
    prices
        (H + 1, M) prices of presence to begin with; replaced by the futures' mean.
    iterations, step
        Subgradient steps for each future, and the first one's size in cost per slot.
    keeping
        (M,) filled: mean difference between being present and absent in slot 0, from slot 1 on, load cost of
        slot 0 not counted.
    """
    futures, slots, models = requests.shape[0], requests.shape[1], load.shape[0]
    table = np.zeros((models, slots, slots))
    ahead = np.zeros(slots + 2)
    chosen = np.zeros((models, slots), dtype=np.bool_)
    fitting = np.zeros(models, dtype=np.bool_)
    mean = np.zeros((slots, models))
    keeping[:] = 0.0
    for f in range(futures):
        _fill_table(requests[f], context, cached, service_model, saving, window, gain, vanish, table)
        price, settled = prices.copy(), np.zeros((slots, models))
        counted = 0
        for i in range(iterations):
            for m in range(models):
                first_load = 0.0 if cached[m] else load[m]
                _best_presence(table[m], price[:, m], load[m], first_load, ahead, chosen[m])
            for t in range(slots):
                knapsack(price[t], footprint, limit, fitting)
                for m in range(models):
                    move = (1.0 if chosen[m, t] else 0.0) - (1.0 if fitting[m] else 0.0)
                    price[t, m] = max(0.0, price[t, m] + step / (1.0 + 0.2 * i) * move)
            if 2 * i >= iterations:
                settled += price
                counted += 1
        settled /= max(1, counted)
        mean += settled
        for m in range(models):
            _best_presence(table[m], settled[:, m], load[m], 0.0, ahead, chosen[m])
            keeping[m] += _first_run(table[m], settled[:, m], ahead) - ahead[1]
    keeping /= futures
    prices[:] = mean / futures


@compiled
def _fill_table(
    requests: Any, context: Any, cached: Any, service_model: Any, saving: Any, window: Any, gain: Any,
    vanish: Any, table: Any,
) -> None:  # fmt: skip
    """table[m, u, v]: savings of slot v if the model has been present since slot u (or before, for u = 0)."""
    table[:] = 0.0
    slots = requests.shape[0]
    for s in range(service_model.shape[0]):
        m = service_model[s]
        for u in range(slots):
            k = context[s] if u == 0 and cached[m] else 0
            for v in range(u, slots):
                served = requests[v, s] if saving[s, k] > 0.0 else 0
                table[m, u, v] += served * saving[s, k]
                k = min(window[s], max(0, k + gain[s] * served - vanish[s]))


@compiled
def _first_run(table: Any, price: Any, ahead: Any) -> float:
    """Best value from slot 1 on of a run that began in slot 0."""
    best: float = ahead[2]
    run = 0.0
    for v in range(1, price.shape[0]):
        run += table[0, v] - price[v]
        best = max(best, run + ahead[v + 2])
    return best


@compiled
def _best_presence(table: Any, price: Any, load: float, first_load: float, ahead: Any, chosen: Any) -> None:
    """Fill ahead[t], the best value from slot t on when absent before it, and the best presence (slots,)."""
    slots = price.shape[0]
    ends = np.full(slots, -1)
    ahead[slots] = 0.0
    ahead[slots + 1] = 0.0
    for u in range(slots - 1, -1, -1):
        ahead[u] = ahead[u + 1]
        run = -load if u > 0 else -first_load
        for v in range(u, slots):
            run += table[u, v] - price[v]
            if run + ahead[v + 2] > ahead[u]:
                ahead[u] = run + ahead[v + 2]
                ends[u] = v
    chosen[:] = False
    t = 0
    while t < slots:
        if ends[t] >= 0:
            chosen[t : ends[t] + 1] = True
            t = ends[t] + 2
        else:
            t += 1
