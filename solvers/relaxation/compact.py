r"""The compact linear relaxation of one server, and its perspective tightening.

Presence y, loads z, served requests x, context k and gained accuracy u of the compact model
(:mod:`edgeopt.solvers.milp.model`), all continuous. With X the most worth serving, K the largest context
that can count, f the concave hull of the accuracy gained by context, and rho = K / (K + Delta):

.. math::

    x_{ts} \le X y_{tm}, \qquad z_{tm} \ge y_{tm} - y_{t-1,m}, \qquad
    k_{ts} \le \rho\,(k_{t-1,s} + \zeta x_{t-1,s}), \qquad k_{ts} \le K \min(y_{tm}, y_{t-1,m}).

The third is the concave envelope of min(K, max(0, v - Delta)). Where all of X is rightly served and covers
what vanishes, k <= k' + zeta x' - Delta y' holds as well. The gain of x requests at context k is x f(k). On
the box its concave envelope is not the usual pair of planes u <= X f(k), u <= f(K) x (``perspective=False``)
but the *perspective* of f,

.. math:: u \;\le\; x\, f(X k / x) \;=\; \min_i \, \big( \sigma_i X k + c_i x \big), \qquad u \le f(K)\, x,

over the tangents f(k) = min_i sigma_i k + c_i: as many rows, never weaker, and linear because f is a table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...problem.fields import BoolArray, FloatArray, IntArray
from .cells import CAPACITY, Cells, Places, tangents
from .linear import LinearModel, Matrix, matrix
from .safe import EPS


@dataclass(frozen=True, eq=False)
class Compact:
    """A linear programme and where its variables are.

    Blocks of variables: ``present`` and ``load`` (slot x model), ``served``, ``context`` and ``rise`` (at
    their places). Blocks of rows with prices: ``memory``, ``compute``, ``energy``; the last two for the slots
    named in ``limited``.
    """

    model: LinearModel
    served: Places
    context: Places
    rise: Places
    limited: dict[str, IntArray]


def compact_model(
    cells: Cells, *, perspective: bool, services: BoolArray | None = None, network: bool = False
) -> Compact:
    """Build the relaxation.

    Parameters
    ----------
    perspective
        Use the perspective of the accuracy instead of two planes.
    services
        Mask (S,) of the services to model; the others are left to :mod:`.extended`. None: all.
    network
        Leave out loads and memory, which a network of chains or sets will add.
    """
    reduced = cells.reduced
    wanted = np.ones(cells.instance.services, dtype=bool) if services is None else services
    compact = Compact(
        LinearModel(),
        Places.of((reduced.most > 0) & wanted),
        Places.of(reduced.tracked & (np.arange(len(reduced.most)) > 0)[:, None] & wanted),
        Places.of(reduced.sensitive & wanted),
        {},
    )
    _add_presence(cells, compact)
    if not network:
        _add_loads(cells, compact)
        add_memory(cells, compact.model)
    _add_serving(cells, compact)
    if compact.rise.count:
        _add_context(cells, compact)
        _add_accuracy(cells, compact, perspective)
    return compact


def presence(cells: Cells, slot: IntArray, service: IntArray) -> IntArray:
    """Return the number of the presence variable behind (slot, service) pairs."""
    return np.asarray(slot * cells.instance.models + cells.instance.service_model[service])


def _add_presence(cells: Cells, compact: Compact) -> None:
    compact.model.add_variables("present", np.tile(cells.useful, cells.instance.slots))


def _add_loads(cells: Cells, compact: Compact) -> None:
    slots, models = cells.instance.slots, cells.instance.models
    count = slots * models
    compact.model.add_variables("load", np.ones(count), np.tile(cells.instance.load_cost[0], slots))
    every, later = np.arange(count), np.arange(models, count)
    change = matrix(
        np.concatenate([every, later]), np.concatenate([every, later - models]),
        np.concatenate([np.ones(count), -np.ones(later.size)]), (count, count),
    )  # fmt: skip
    leave = matrix(every, every, -1.0, (count, count))
    compact.model.add_rows("loads", {"present": change, "load": leave})


def add_memory(cells: Cells, model: LinearModel) -> None:
    """Add the memory row of every slot, in shares of the memory."""
    if not cells.memory_binds:
        return
    slots, models = cells.instance.slots, cells.instance.models
    every = np.arange(slots * models)
    shares = matrix(every // models, every, np.tile(cells.memory_share, slots), (slots, every.size))
    model.add_rows("memory", {"present": shares}, CAPACITY)


def _add_serving(cells: Cells, compact: Compact) -> None:
    model, places, reduced = compact.model, compact.served, cells.reduced
    count, every = places.count, np.arange(places.count)
    most = reduced.most[places.slot, places.service].astype(np.float64)
    model.add_variables("served", most, -cells.saving[places.service, 0])
    size = (count, model.size("present"))
    where = presence(cells, places.slot, places.service)
    least = matrix(every, where, -most, size)
    model.add_rows("serving", {"served": matrix(every, every, 1.0, (count, count)), "present": least})
    for name, share, binds in (
        ("compute", cells.compute_share, reduced.compute_binds),
        ("energy", cells.energy_share, reduced.energy_binds),
    ):
        slots = np.flatnonzero(binds)
        compact.limited[name] = slots
        row = np.cumsum(binds)[places.slot] - 1
        inside = binds[places.slot] & (share[places.service] > 0.0)
        load = matrix(row[inside], every[inside], share[places.service][inside], (slots.size, count))
        model.add_rows(name, {"served": load}, CAPACITY)


def _add_context(cells: Cells, compact: Compact) -> None:
    model, places, instance, reduced = compact.model, compact.context, cells.instance, cells.reduced
    count, every = places.count, np.arange(places.count)
    slot, service = places.slot, places.service
    reach = reduced.reach[slot, service].astype(np.float64)
    gain, vanish = instance.gain[service].astype(np.float64), instance.vanish[service].astype(np.float64)
    model.add_variables("context", reach)
    before, fed = places.number[slot - 1, service], compact.served.number[slot - 1, service]
    square, wide = (count, count), (count, model.size("served"))
    factor = np.where(vanish > 0, reach / (reach + vanish) * (1.0 + 2.0 * EPS), 1.0)
    own = matrix(every, every, 1.0, square)

    def inflow(mask: BoolArray, rate: FloatArray) -> dict[str, Matrix]:
        old, new = mask & (before >= 0), mask & (fed >= 0)
        return {
            "context": own[mask] - matrix(every[old], before[old], rate[old], square)[mask],
            "served": matrix(every[new], fed[new], -(rate * gain)[new], wide)[mask],
        }

    model.add_rows("context", inflow(np.ones(count, dtype=bool), factor))
    previous = reduced.most[slot - 1, service]
    covered = reduced.whole[slot - 1, service] & (gain * previous >= vanish) & (vanish > 0)
    shape = (count, model.size("present"))
    old_place, new_place = presence(cells, slot - 1, service), presence(cells, slot, service)
    if covered.any():
        lost = matrix(every, old_place, vanish, shape)[covered]
        model.add_rows("covered", inflow(covered, np.ones(count)) | {"present": lost})
    model.add_rows("context now", {"context": own, "present": matrix(every, new_place, -reach, shape)})
    model.add_rows("context kept", {"context": own, "present": matrix(every, old_place, -reach, shape)})


def _add_accuracy(cells: Cells, compact: Compact, perspective: bool) -> None:
    model, places, reduced = compact.model, compact.rise, cells.reduced
    slot, service, every = places.slot, places.service, np.arange(places.count)
    most = reduced.most[slot, service].astype(np.float64)
    reach = reduced.reach[slot, service]
    top = cells.rise[service, reach]
    model.add_variables("rise", most * top * (1.0 + 2.0 * EPS), -cells.instance.accuracy_weight[service])
    shapes = [(places.count, size.count) for size in (places, compact.served)]
    used, seen = compact.served.number[slot, service], compact.context.number[slot, service]
    limit = matrix(every, used, -top, shapes[1])
    model.add_rows("full context", {"rise": matrix(every, every, 1.0, shapes[0]), "served": limit})
    keys, which = np.unique(np.stack([service, reach]), axis=1, return_inverse=True)
    lines = [tangents(cells.rise[s, : k + 1]) for s, k in keys.T.tolist()]
    lengths = np.array([slopes.size for slopes, _ in lines], dtype=np.int64)[which]
    cell = np.repeat(every, lengths)
    slopes = np.concatenate([lines[each][0] for each in which.tolist()])
    offsets = np.concatenate([lines[each][1] for each in which.tolist()])
    row, total = np.arange(cell.size), cell.size
    up = 1.0 + 4.0 * EPS
    right = 0.0 if perspective else offsets * most[cell] * up
    parts = {
        "rise": matrix(row, cell, 1.0, (total, places.count)),
        "context": matrix(row, seen[cell], -slopes * most[cell] * up, (total, compact.context.count)),
    }
    if perspective:
        parts["served"] = matrix(row, used[cell], -offsets, (total, compact.served.count))
    model.add_rows("accuracy", parts, right)
