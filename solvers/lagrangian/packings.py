"""The slot problem with whole requests: which models to keep, and how many requests to let in.

For rents on presence and allowances (prices a request pays to be served) a slot collects

    max  sum_m rent_m y_m + sum_s allowance_s z_s,   0 <= z_s <= cap_s y_model(s), whole,

where the models fit the memory and the requests the compute and the energy of the slot. Sets of models are
searched depth first with Dantzig's bound, the limits on requests priced at ``price`` (any price is valid; a
good one prunes); within a set the requests are a bounded knapsack, searched likewise. With two limits the
bounds use one mixture of them (a surrogate constraint), feasibility always both.

What is pruned cannot exceed the best found by more than the tolerance, which is added to what is collected.
A search that becomes long raises its tolerance step by step, so every call ends soon and with a valid value.
"""

import numpy as np

from ..compiled import kernel

NODES = 300
"""Steps back within one set of models while prices are searched."""
TOLERANCE = 1e-6
"""Relative to a slot's value: how much of it a search of prices may leave unproved."""


@kernel
def best_packings(rent, allowance, server, mix, effort, price, chosen, served, collected):  # type: ignore[no-untyped-def]
    """Solve every slot; warm-started from ``chosen`` and ``price``.

    Parameters
    ----------
    rent, allowance
        (M, T) and (S, T), both >= 0.
    server
        Caps (S, T), model of each service (S,), footprints (M,), room for them, shares (2, S) of the limits.
    mix
        Weight of compute in the surrogate constraint; energy has the rest.
    effort
        Largest load of a limit, relative tolerance, steps back after which the tolerance is raised.
    price
        (T,) price of the surrogate constraint; overwritten with that of the best set.
    chosen, served, collected
        (M, T) bool, (S, T) and (T,): the best set and its requests, and an upper bound on the slot's value.
    """
    cap, service_model, footprint, capacity, share = server
    models, slots = rent.shape
    weight = mix * share[0] + (1.0 - mix) * share[1]
    keep, order = np.zeros(models, np.bool_), np.zeros(cap.shape[0], np.int64)
    for t in range(slots):
        pay, most = allowance[:, t].copy(), cap[:, t].copy()
        slot = (pay, most, share, weight, effort)
        ranked = _by_density(pay, most, weight)
        keep[:] = chosen[:, t]
        chosen[:, t] = False
        served[:, t] = 0
        best, over = -1.0, 0.0
        count, base = _members(keep, rent[:, t], ranked, service_model, order)
        best, over = _try_set(keep, base, order, count, slot, best, over, chosen[:, t], served[:, t])
        worth = np.where(rent[:, t] > 0.0, rent[:, t], 0.0)
        for s in ranked:
            worth[service_model[s]] += most[s] * max(0.0, pay[s] - price[t] * weight[s])
        priced = price[t] * effort[0]
        best, over = _search_sets(
            rent[:, t], worth, priced, (footprint, capacity, service_model), ranked, slot, best, over,
            chosen[:, t], served[:, t],
        )  # fmt: skip
        collected[t] = over
        count, base = _members(chosen[:, t], rent[:, t], ranked, service_model, order)
        price[t] = _critical(order, count, slot)


@kernel
def _by_density(pay, most, weight):  # type: ignore[no-untyped-def]
    """Services worth serving, dearest per unit of the surrogate constraint first."""
    rank, count = np.full(pay.shape[0], np.inf), 0
    for s in range(pay.shape[0]):
        if pay[s] > 0.0 and most[s] > 0:
            rank[s] = -pay[s] / weight[s] if weight[s] > 0.0 else -np.inf
            count += 1
    return np.argsort(rank)[:count]


@kernel
def _members(keep, rent, ranked, service_model, order):  # type: ignore[no-untyped-def]
    """Write the services of a set into ``order``; return their number and the rents of the set."""
    count, base = 0, 0.0
    for m in range(keep.shape[0]):
        if keep[m]:
            base += rent[m]
    for s in ranked:
        if keep[service_model[s]]:
            order[count] = s
            count += 1
    return count, base


@kernel
def _relaxed(order, first, count, slot, room):  # type: ignore[no-untyped-def]
    """Dantzig's bound on what services order[first:count] add in ``room`` of the surrogate constraint."""
    pay, most, _, weight, _ = slot
    total = 0.0
    for i in range(first, count):
        s = order[i]
        need = most[s] * weight[s]
        if need > room:
            return total + pay[s] * (max(0.0, room) / weight[s]) * (1.0 + 1e-14)
        room -= need
        total += most[s] * pay[s]
    return total


@kernel
def _critical(order, count, slot):  # type: ignore[no-untyped-def]
    """Price of the surrogate constraint in the relaxation of a set."""
    pay, most, _, weight, effort = slot
    room = effort[0]
    for i in range(count):
        s = order[i]
        need = most[s] * weight[s]
        if need > room:
            return pay[s] / weight[s]
        room -= need
    return 0.0


@kernel
def _try_set(keep, base, order, count, slot, best, over, chosen, served):  # type: ignore[no-untyped-def]
    """Fill one set if it could be the best; returns the best value and the cap on what was pruned."""
    effort = slot[4]
    bound = base + _relaxed(order, 0, count, slot, effort[0])
    if bound <= best + effort[1] * abs(best):
        return best, max(over, bound)
    filled = np.zeros(count, np.int64)
    found, slack = _fill(base, order, count, slot, best, filled)
    if found > best:
        best = found
        chosen[:] = keep
        served[:] = 0
        for i in range(count):
            served[order[i]] = filled[i]
    return best, max(over, min(bound, best + slack))


@kernel
def _search_sets(rent, worth, priced, kit, ranked, slot, best, over, chosen, served):  # type: ignore[no-untyped-def]
    """Depth first over sets of models, dearest per byte first; ``worth`` (M,) are values at the price."""
    footprint, capacity, service_model = kit
    tolerance = slot[4][1]
    rank, count = np.full(worth.shape[0], np.inf), 0
    useful = rent > 0.0
    for s in ranked:  # worth nothing at this price is not worth nothing
        useful[service_model[s]] = True
    for m in range(worth.shape[0]):
        if useful[m] and footprint[m] <= capacity:
            rank[m] = -worth[m] / footprint[m]
            count += 1
    items = np.argsort(rank)[:count]
    taken, load = np.zeros(count, np.bool_), np.zeros(count + 1)
    value = np.full(count + 1, priced)
    keep, order = np.zeros(worth.shape[0], np.bool_), np.zeros(served.shape[0], np.int64)
    k, steps = 0, 0
    while True:
        goal = best + tolerance * abs(best)
        while k < count and value[k] + _rest(items, k, worth, footprint, capacity - load[k]) > goal:
            m = items[k]
            taken[k] = load[k] + footprint[m] <= capacity
            load[k + 1] = load[k] + (footprint[m] if taken[k] else 0.0)
            value[k + 1] = value[k] + (worth[m] if taken[k] else 0.0)
            k += 1
        if k == count and value[k] > goal:
            keep[:] = False
            for i in range(count):
                keep[items[i]] = taken[i]
            size, base = _members(keep, rent, ranked, service_model, order)
            best, over = _try_set(keep, base, order, size, slot, best, over, chosen, served)
        k -= 1
        while k >= 0 and not taken[k]:
            k -= 1
        if k < 0:
            return best, max(over, best + tolerance * abs(best))
        steps += 1
        if steps > slot[4][2]:
            steps, tolerance = 0, 2.0 * tolerance
        taken[k] = False
        load[k + 1], value[k + 1] = load[k], value[k]
        k += 1


@kernel
def _rest(items, k, worth, footprint, room):  # type: ignore[no-untyped-def]
    """Dantzig's bound on the models items[k:] in the memory left."""
    total = 0.0
    while k < items.shape[0]:
        m = items[k]
        if footprint[m] > room:
            return total + worth[m] * (max(0.0, room) / footprint[m]) * (1.0 + 1e-14)
        room -= footprint[m]
        total += worth[m]
        k += 1
    return total


@kernel
def _fill(base, order, count, slot, best, filled):  # type: ignore[no-untyped-def]
    """Whole requests of one set, most first; writes ``filled`` where it finds more than ``best``.

    Returns the value found (or ``best``) and by how much, at most, what was pruned can exceed it.
    """
    pay, most, share, weight, effort = slot
    room, tolerance, limit = effort
    trial, steps, widened = np.zeros(count, np.int64), 0, 1.0
    used, value = np.zeros((count + 1, 2)), np.full(count + 1, base)
    k = 0
    while True:
        while k < count:
            s = order[k]
            trial[k] = most[s]
            for r in range(2):
                if share[r, s] > 0.0:
                    trial[k] = max(0, min(trial[k], int((room - used[k, r]) / share[r, s])))
            _place(k, s, trial, pay, share, used, value)
            k += 1
        if value[count] > best:
            best = value[count]
            filled[:] = trial
        while True:
            k -= 1
            while k >= 0 and trial[k] == 0:
                k -= 1
            steps += 1
            if k < 0:
                return best, widened * tolerance * abs(best)
            if steps > limit:
                steps, widened = 0, 2.0 * widened
            s = order[k]
            trial[k] -= 1
            _place(k, s, trial, pay, share, used, value)
            spent = 0.0
            for i in range(k + 1):
                spent += trial[i] * weight[order[i]]
            bound = value[k + 1] + _relaxed(order, k + 1, count, slot, room - spent)
            if bound > best + widened * tolerance * abs(best):
                k += 1
                break


@kernel
def _place(k, s, trial, pay, share, used, value):  # type: ignore[no-untyped-def]
    for r in range(2):
        used[k + 1, r] = used[k, r] + trial[k] * share[r, s]
    value[k + 1] = value[k] + trial[k] * pay[s]


@kernel
def guess_prices(rent, allowance, server, mix, room, price, chosen):  # type: ignore[no-untyped-def]
    """Fill ``price`` (T,) and ``chosen`` (M, T) for a first call: bisection on a greedy filling."""
    cap, service_model, footprint, capacity, share = server
    weight = mix * share[0] + (1.0 - mix) * share[1]
    worth, load = np.zeros(rent.shape[0]), np.zeros(rent.shape[0])
    for t in range(rent.shape[1]):
        low, high = 0.0, 0.0
        for s in range(cap.shape[0]):
            if weight[s] > 0.0:
                high = max(high, allowance[s, t] / weight[s])
        for step in range(20):
            price[t] = 0.0 if step == 0 else 0.5 * (low + high)
            worth[:] = rent[:, t]
            load[:] = 0.0
            for s in range(cap.shape[0]):
                net = allowance[s, t] - price[t] * weight[s]
                if net > 0.0:
                    worth[service_model[s]] += cap[s, t] * net
                    load[service_model[s]] += cap[s, t] * weight[s]
            left, used = capacity, 0.0
            chosen[:, t] = False
            for m in np.argsort(-worth / footprint):
                if worth[m] > 0.0 and footprint[m] <= left:
                    chosen[m, t] = True
                    left -= footprint[m]
                    used += load[m]
            if used > room:
                low = price[t]
            elif step == 0:
                break
            else:
                high = price[t]
