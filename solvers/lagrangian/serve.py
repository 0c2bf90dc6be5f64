"""How many requests to serve, when it is known which models are cached when.

For prices of the resources, the best service within an interval is a dynamic programme over (slot, context)
for each service; without limits it is exact. Where a slot cannot hold what all services want, its room is
shared out greedily by value per unit of priced resource, the value of the context after the slot taken from
those programmes.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from .graph import FloatArray, IntArray
from .server import Server

BoolArray = np.typing.NDArray[np.bool_]

_MAX_TABLE = 40_000_000
_EXCHANGED = 3


def best_service(server: Server, cached: BoolArray, prices: FloatArray) -> tuple[IntArray, float]:
    """Return served (S, T) and the savings, load costs included, of caching ``cached`` (M, T).

    Parameters
    ----------
    prices
        (2, T) prices of compute and energy; they guide the sharing of scarce slots and change nothing else.
    """
    served = np.zeros_like(server.cap)
    if server.plain:
        served[:] = server.cap * cached[server.service_model]
    else:
        _share_out(
            cached, server.service_model, server.cap, server.saving, server.share, prices,
            server.window, server.gain, server.vanish,
            _future(server, cached, server.charge(prices)), served,
        )  # fmt: skip
    worth = _savings(
        cached, server.service_model, served, server.saving, server.load_cost,
        server.window, server.gain, server.vanish,
    )  # fmt: skip
    return served, float(worth)


def priced_usage(server: Server, cached: BoolArray, prices: FloatArray) -> FloatArray:
    """Shares of the limits (2, T) that the best service uses when only ``prices`` (2, T) restrain it."""
    return np.asarray(server.share @ charged_service(server, cached, server.charge(prices)))


def charged_service(server: Server, cached: BoolArray, charge: FloatArray) -> IntArray:
    """Return the best service (S, T) when nothing but a ``charge`` (S, T) on every request restrains it."""
    served = np.zeros_like(server.cap)
    _serve_at_charges(
        cached, server.service_model, server.cap, server.saving, charge,
        server.window, server.gain, server.vanish, _future(server, cached, charge), served,
    )  # fmt: skip
    return served


def _future(server: Server, cached: BoolArray, charge: FloatArray) -> FloatArray:
    """Priced value of contexts (S, T + 1, K + 1); empty, and contexts count nothing, if that is too large."""
    services, width = server.saving.shape
    if server.cap.size * width > _MAX_TABLE:
        return np.zeros((0, 0, 0))
    future = np.zeros((services, server.slots + 1, width))
    _price_contexts(
        cached, server.service_model, server.cap, server.saving, charge,
        server.window, server.gain, server.vanish, future,
    )  # fmt: skip
    return future


@nb.njit(cache=True, nogil=True)
def _after(context, served, window, gain, vanish):  # type: ignore[no-untyped-def]
    return min(window, max(0, context + gain * served - vanish))


@nb.njit(cache=True, nogil=True)
def most_useful(context, cap, window, gain, vanish):  # type: ignore[no-untyped-def]
    """Requests beyond which the context after the slot cannot grow: none serves more at a loss."""
    if gain == 0:
        return 0
    return min(cap, max(0, -((context - vanish - window) // gain)))


@nb.njit(cache=True, nogil=True)
def _price_contexts(cached, service_model, cap, saving, charge, window, gain, vanish, future):  # type: ignore[no-untyped-def]
    """future[s, t, k]: priced saving from slot t to the end of the interval when it starts with context k."""
    services, slots = cap.shape
    for s in range(services):
        m = service_model[s]
        for t in range(slots - 1, -1, -1):
            if not cached[m, t]:
                continue
            for k in range(window[s] + 1):
                net = saving[s, k] - charge[s, t]
                full = cap[s, t]
                best = full * net + future[s, t + 1, _after(k, full, window[s], gain[s], vanish[s])]
                if net < 0.0:
                    for x in range(most_useful(k, full, window[s], gain[s], vanish[s]) + 1):
                        worth = x * net + future[s, t + 1, _after(k, x, window[s], gain[s], vanish[s])]
                        best = max(best, worth)
                future[s, t, k] = best


@nb.njit(cache=True, nogil=True)
def _worth(s, t, x, k, values):  # type: ignore[no-untyped-def]
    """Saving of x requests at context k and the priced value of the context they leave."""
    saving, window, gain, vanish, future = values
    if future.shape[0] == 0:
        return x * saving[s, k]
    return x * saving[s, k] + future[s, t + 1, _after(k, x, window[s], gain[s], vanish[s])]


@nb.njit(cache=True, nogil=True)
def _serve_at_charges(cached, service_model, cap, saving, charge, window, gain, vanish, future, served):  # type: ignore[no-untyped-def]
    services, slots = cap.shape
    values = (saving, window, gain, vanish, future)
    for s in range(services):
        k = 0
        for t in range(slots):
            if not cached[service_model[s], t]:
                k = 0
                continue
            price = charge[s, t]
            full = cap[s, t]
            best_x = full
            best = _worth(s, t, full, k, values) - full * price
            if saving[s, k] < price:
                for x in range(most_useful(k, full, window[s], gain[s], vanish[s]) + 1):
                    worth = _worth(s, t, x, k, values) - x * price
                    if worth > best:
                        best, best_x = worth, x
            served[s, t] = best_x
            k = _after(k, best_x, window[s], gain[s], vanish[s])


@nb.njit(cache=True, nogil=True)
def _share_out(cached, service_model, cap, saving, share, prices, window, gain, vanish, future, served):  # type: ignore[no-untyped-def]
    services, slots = cap.shape
    context = np.zeros(services, dtype=np.int64)
    values = (saving, window, gain, vanish, future)
    for t in range(slots):
        room = np.ones(2)
        while True:
            best_ratio, best_s, best_x = 0.0, -1, 0
            for s in range(services):
                if cached[service_model[s], t] and served[s, t] < cap[s, t]:
                    ratio, more = _best_addition(
                        s, t, served[s, t], context[s], room, cap, share, prices, values
                    )
                    if ratio > best_ratio:
                        best_ratio, best_s, best_x = ratio, s, more
            if best_s >= 0:
                served[best_s, t] += best_x
                room -= best_x * share[:, best_s]
            elif not _exchange(t, cached, service_model, context, room, cap, share, values, served):
                break
        for s in range(services):
            present = cached[service_model[s], t]
            context[s] = _after(context[s], served[s, t], window[s], gain[s], vanish[s]) if present else 0


@nb.njit(cache=True, nogil=True)
def _exchange(t, cached, service_model, context, room, cap, share, values, served):  # type: ignore[no-untyped-def]
    """Trade a few requests of one service for some of another where that gains most; False if nowhere."""
    services = served.shape[0]
    best, best_out, best_in, best_less, best_more = 1e-12, -1, -1, 0, 0
    for i in range(services):
        if not cached[service_model[i], t] or served[i, t] >= cap[i, t]:
            continue
        for more in range(1, min(_EXCHANGED, cap[i, t] - served[i, t]) + 1):
            have = served[i, t]
            win = _worth(i, t, have + more, context[i], values) - _worth(i, t, have, context[i], values)
            if win <= best:
                continue
            for o in range(services):
                for less in range(1, min(_EXCHANGED, served[o, t]) + 1):
                    if o == i or np.any(room + less * share[:, o] - more * share[:, i] < -1e-12):
                        continue
                    had = served[o, t]
                    loss = _worth(o, t, had, context[o], values) - _worth(
                        o, t, had - less, context[o], values
                    )
                    if win - loss > best:
                        best, best_out, best_in, best_less, best_more = win - loss, o, i, less, more
    if best_in < 0:
        return False
    served[best_in, t] += best_more
    served[best_out, t] -= best_less
    room += best_less * share[:, best_out] - best_more * share[:, best_in]
    return True


@nb.njit(cache=True, nogil=True)
def _best_addition(s, t, have, k, room, cap, share, prices, values):  # type: ignore[no-untyped-def]
    """Most value per priced resource that more requests of a service can add: ratio and number."""
    base = _worth(s, t, have, k, values)
    window, gain, vanish = values[1], values[2], values[3]
    cost = (prices[0, t] + 1e-9) * share[0, s] + (prices[1, t] + 1e-9) * share[1, s] + 1e-300
    most = cap[s, t] - have
    for r in range(2):
        if share[r, s] > 0.0:
            most = min(most, int(np.floor((room[r] + 1e-12) / share[r, s])))
    useful = max(1, most_useful(k, cap[s, t], window[s], gain[s], vanish[s]) - have)
    best_ratio, best_more = 0.0, 0
    for step in range(1, min(most, useful + 1) + 1):
        more = step if step <= useful else most
        better = _worth(s, t, have + more, k, values) - base
        ratio = better / (cost * more)
        if better > 0.0 and ratio > best_ratio:
            best_ratio, best_more = ratio, more
    return best_ratio, best_more


@nb.njit(cache=True, nogil=True)
def _savings(cached, service_model, served, saving, load_cost, window, gain, vanish):  # type: ignore[no-untyped-def]
    services, slots = served.shape
    total = 0.0
    for m in range(cached.shape[0]):
        for t in range(slots):
            if cached[m, t] and (t == 0 or not cached[m, t - 1]):
                total -= load_cost[m]
    for s in range(services):
        k = 0
        for t in range(slots):
            if cached[service_model[s], t]:
                total += served[s, t] * saving[s, k]
                k = _after(k, served[s, t], window[s], gain[s], vanish[s])
            else:
                k = 0
    return total
