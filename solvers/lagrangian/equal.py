"""Exact prices where all footprints are equal: the knapsack is then a row of a linear programme.

A slot holds so many models, whichever they are. So memory is one capacity row a slot, the chains are flows in
an acyclic network, and the optimum of that linear programme is the best bound that prices prove. Its duals
are one price a slot, the same for every model. Paging is the best-known case. There the programme is even
integral, and subgradients converge slowly since all costs are alike.

A model in memory earns nothing in slots without its requests, so only slots with requests have nodes, and an
interval passes from one of them to the next in one step.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .graph import FloatArray, IntArray
from .server import Server

_MOST_VARIABLES = 100_000
_MOST_ENTRIES = 2_000_000


def equal_prices(
    server: Server, value: FloatArray, seconds: float, asked_to_stop: Callable[[], bool] = bool
) -> FloatArray | None:
    """Prices (M + 2, T) from the linear programme; None where it does not apply or is not solved in time.

    Parameters
    ----------
    value
        (nodes,) saving of a slot spent in each node of the context graph.
    seconds
        Time for HiGHS.
    asked_to_stop
        Asked now and then; when true, None is returned.
    """
    weight = server.footprint
    if server.limited or weight.size == 0 or weight.min() != weight.max() or seconds <= 0.0:
        return None
    network = _Network.of(server, value)
    if network is None:
        return None
    duals = _capacity_duals(
        network, math.floor(server.outer_shelf.capacity / float(weight[0])), seconds, asked_to_stop
    )
    if duals is None:
        return None
    prices = np.zeros((server.models + 2, server.slots))
    prices[: server.models] = duals
    return prices


@dataclass(frozen=True)
class _Network:
    """The programme's columns: presence in a node, then loads, then keeping on to the next node.

    Attributes
    ----------
    cost
        (columns,) to be minimised.
    rows, columns
        Places of the entries, and ``entries`` their values. The first rows are the slots' capacities, the
        next ``singles`` say that a model is there once, and the rest are balances of at most 0.
    """

    cost: FloatArray
    rows: IntArray
    columns: IntArray
    entries: FloatArray
    slots: int
    singles: int
    balances: int

    @classmethod
    def of(cls, server: Server, value: FloatArray) -> _Network | None:
        graph, slots = server.graph, server.slots
        asked = np.zeros((server.models, slots), dtype=np.bool_)
        np.logical_or.at(asked, server.service_model, server.cap > 0)
        nodes = [
            (m, int(t), node)
            for m in range(server.models)
            for t in np.flatnonzero(asked[m])
            for node in range(int(graph.first[m, t]), int(graph.first[m, t + 1]))
        ]
        pairs = [(m, int(t)) for m in range(server.models) for t in np.flatnonzero(asked[m])]
        if 2 * len(nodes) + len(pairs) > _MOST_VARIABLES:
            return None
        place = {node: k for k, (_, _, node) in enumerate(nodes)}
        load = {pair: len(nodes) + k for k, pair in enumerate(pairs)}
        single = {pair: slots + k for k, pair in enumerate(pairs)}
        balance = slots + len(pairs)
        cost = [-value[node] for _, _, node in nodes] + [server.load_cost[m] for m, _ in pairs]
        entries: list[tuple[int, int, float]] = []
        for k, (m, t, node) in enumerate(nodes):
            entries += [(t, k, 1.0), (single[m, t], k, 1.0), (balance + k, k, 1.0)]
            if node == graph.first[m, t]:
                entries.append((balance + k, load[m, t], -1.0))
        for k, (m, t, node) in enumerate(nodes):
            after = np.flatnonzero(asked[m, t + 1 :])
            if after.size == 0:
                continue
            column, end = len(cost), t + 1 + int(after[0])
            cost.append(0.0)
            entries += [(between, column, 1.0) for between in range(t + 1, end)]
            reached = node
            for _ in range(t, end):
                reached = int(graph.successor[reached])
            entries.append((balance + place[reached], column, -1.0))
            entries += [(balance + len(nodes) + k, column, 1.0), (balance + len(nodes) + k, k, -1.0)]
            if len(entries) > _MOST_ENTRIES:
                return None
        rows, columns, values = zip(*entries, strict=True) if entries else ((), (), ())
        return cls(
            cost=np.array(cost, dtype=np.float64),
            rows=np.array(rows, dtype=np.int64),
            columns=np.array(columns, dtype=np.int64),
            entries=np.array(values, dtype=np.float64),
            slots=slots,
            singles=len(pairs),
            balances=2 * len(nodes),
        )


def _capacity_duals(
    network: _Network, room: int, seconds: float, asked_to_stop: Callable[[], bool]
) -> FloatArray | None:
    """(T,) duals of the capacity rows, as prices >= 0."""
    import highspy

    from ..milp.highs import require_highs

    require_highs()
    count, rows = network.cost.size, network.slots + network.singles + network.balances
    if count == 0:
        return None
    order = np.lexsort((network.rows, network.columns))
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = count, rows
    lp.col_cost_ = network.cost
    lp.col_lower_, lp.col_upper_ = np.zeros(count), np.full(count, highspy.kHighsInf)
    lp.row_lower_ = np.full(rows, -highspy.kHighsInf)
    lp.row_upper_ = np.concatenate(
        [np.full(network.slots, float(room)), np.ones(network.singles), np.zeros(network.balances)]
    )
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    starts = np.concatenate([[0], np.cumsum(np.bincount(network.columns, minlength=count))])
    lp.a_matrix_.start_ = starts.astype(np.int32)
    lp.a_matrix_.index_ = network.rows[order].astype(np.int32)
    lp.a_matrix_.value_ = network.entries[order]
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("parallel", "off")
    highs.setOptionValue("time_limit", min(seconds, 1e9))

    def check(event: Any) -> None:
        if asked_to_stop():
            event.interrupt()

    highs.cbSimplexInterrupt += check
    highs.passModel(lp)
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    duals = np.array(highs.getSolution().row_dual[: network.slots], dtype=np.float64)
    return np.asarray(np.maximum(0.0, -duals))
