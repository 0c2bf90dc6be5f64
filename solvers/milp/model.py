r"""The compact mixed-integer model of one server, in PuLP.

Symbols as in the model's specification; slot t, model m, service s on model m(s), R requests, X <= R the
most that is worth serving and K the largest context that can count (:mod:`.reduce`), g(k) the saving of a
request at context k, omega the accuracy weight.

.. math::

    \min \; & \sum_{t,s} c^{cloud}_s R_{ts} + \sum_{t,m} l_m z_{tm} - \sum_{t,s} \Big( g_s(0)\, x_{ts}
              + \omega_s \, u_{ts} \Big) \\
    z_{tm} & \ge y_{tm} - y_{t-1,m}, \qquad \sum_m f_m y_{tm} \le G, \qquad
    \sum_s w_s x_{ts} \le C, \qquad \sum_s e_s x_{ts} \le E, \qquad x_{ts} \le X_{ts}\, y_{t,m(s)} \\
    k_{ts} & \le k_{t-1,s} + \zeta_s x_{t-1,s} - \Delta_s p_{ts}, \qquad k_{ts} \le K_{ts}\, p_{ts}, \qquad
    p_{ts} \le y_{t,m(s)}, \qquad p_{ts} \le y_{t-1,m(s)} \\
    a_{ts} & = \sum_i \sigma_{i} \delta_{tsi}, \qquad \sum_i \delta_{tsi} \le k_{ts} \\
    x_{ts} & = \sum_j 2^j b_{tsj}, \qquad u_{ts} = \sum_j 2^j v_{tsj}, \qquad
    v_{tsj} \le a_{ts}, \qquad v_{tsj} \le (A_s(K_{ts}) - A_s(0))\, b_{tsj}

with y, b, p binary and everything else continuous and not negative. p says that some context survives,
which makes the row for k the min(W, max(0, .)) of the dynamics; where every vanish is 0, or what was served
covers it for certain, p is not needed. a is the rise of the accuracy over an empty context: k only has
upper bounds and is worth having, so it takes its true, whole value. The segments (sigma, delta) are those
of the concave hull of the accuracy table where hull and table agree on 0..K; otherwise the table is a
staircase with a binary for each step, exact for any table that does not fall. The bits b turn the product
of served requests and accuracy into minima of linear terms. Where all of X or nothing is optimal, x = X y
and u = X a, without bits. A request may have a negative saving and still be served, for the context it
builds.

Every cost is divided by a power of two, which is exact, so that tolerances mean the same in any currency.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pulp

from ...problem.capacity import RELATIVE_TOLERANCE, usable
from ...problem.fields import FloatArray, IntArray
from ...problem.instance import Instance
from ...problem.plan import Plan
from .reduce import Reduced

Expression: TypeAlias = pulp.LpAffineExpression
Key = tuple[int, int]

_SAME = 1e-13
"""Accuracies closer than this are equal."""


class BuildTimeoutError(Exception):
    """The time limit passed while the model was being built."""


@dataclass(eq=False)
class CompactModel:
    """The PuLP problem of one server, and how to read a plan from it.

    Parameters
    ----------
    problem
        The problem; its objective is the cost of the server divided by ``scale``.
    scale
        A power of two.
    cached, served
        Variable of (slot, model); expression of (slot, service). What is missing is 0.
    context, survives
        Variables of (slot, service), for building a start.
    loads
        Variable of (slot, model); where loading costs nothing only if ``every_load``.
    prefix
        What the name of every variable begins with.
    """

    instance: Instance
    reduced: Reduced
    problem: pulp.LpProblem
    scale: float
    cached: dict[Key, pulp.LpVariable] = field(default_factory=dict)
    served: dict[Key, Expression] = field(default_factory=dict)
    bits: dict[Key, list[pulp.LpVariable]] = field(default_factory=dict)
    context: dict[Key, pulp.LpVariable] = field(default_factory=dict)
    survives: dict[Key, pulp.LpVariable] = field(default_factory=dict)
    objective: dict[pulp.LpVariable, float] = field(default_factory=dict)
    loads: dict[Key, pulp.LpVariable] = field(default_factory=dict)
    prefix: str = ""
    every_load: bool = False

    def add_variable(
        self, name: str, low: float = 0, high: float = 1, cat: str = pulp.LpContinuous
    ) -> pulp.LpVariable:
        """Add a variable to the problem."""
        return self.problem.add_variable(self.prefix + name, low, high, cat)

    def add_cost(self, variable: pulp.LpVariable, cost: float) -> None:
        """Add to a variable's coefficient in the objective (cost in the instance's unit)."""
        self.objective[variable] = self.objective.get(variable, 0.0) + cost / self.scale

    def plan(self, values: npt.NDArray[np.float64]) -> Plan:
        """Round a solution of the problem (in the order of its variables) to the plan it stands for."""
        value = dict(zip((each.name for each in self.problem.variables()), np.round(values), strict=True))
        instance = self.instance
        cached = np.zeros((instance.slots, 1, instance.models), dtype=bool)
        served = np.zeros((instance.slots, 1, instance.services), dtype=np.int64)
        for (slot, model), variable in self.cached.items():
            cached[slot, 0, model] = value.get(variable.name) == 1  # PuLP drops what nothing depends on
        for (slot, service), expression in self.served.items():
            count = sum(factor * value[variable.name] for variable, factor in expression.items())
            served[slot, 0, service] = round(count)
        return Plan(cached, served)

    def start(self, plan: Plan, context: IntArray) -> Mapping[str, float]:
        """Return values of the whole-numbered variables that stand for a plan, for HiGHS to start from.

        Parameters
        ----------
        plan
            A feasible plan of this server.
        context : int (T, 1, S)
            The contexts that count under it.
        """
        values = {
            each.name: float(plan.cached[slot, 0, model]) for (slot, model), each in self.cached.items()
        }
        for (slot, service), each in self.survives.items():
            values[each.name] = float(context[slot, 0, service] > 0)
        for (slot, service), expression in self.served.items():
            count = min(int(plan.served[slot, 0, service]), int(self.reduced.most[slot, service]))
            if bits := self.bits.get((slot, service)):
                values |= {each.name: float(count >> place & 1) for place, each in enumerate(bits)}
            elif not self.reduced.whole[slot, service]:
                values |= {each.name: float(count) for each in expression}
        return values


def build_model(instance: Instance, reduced: Reduced, *, deadline: float | None = None) -> CompactModel:
    """Build the model of an instance of one server.

    Raises
    ------
    BuildTimeoutError
        If ``time.monotonic()`` passes the deadline.
    """
    model = CompactModel(instance, reduced, pulp.LpProblem("server", pulp.LpMinimize), _scale(instance))
    constant = fill_model(model, deadline=deadline)
    model.problem += Expression(list(model.objective.items()), constant=constant)
    return model


def fill_model(model: CompactModel, *, deadline: float | None = None) -> float:
    """Add the variables and rows of a server to its problem, and the costs to ``model.objective``.

    Returns
    -------
    constant
        The constant of the objective: all requests in the cloud, divided by the model's scale.

    Raises
    ------
    BuildTimeoutError
        If ``time.monotonic()`` passes the deadline.
    """
    instance, reduced = model.instance, model.reduced
    for slot in range(instance.slots):
        if deadline is not None and time.monotonic() > deadline:
            raise BuildTimeoutError
        _add_caching(model, slot)
        for service in np.flatnonzero(reduced.most[slot]).tolist():
            _add_serving(model, slot, service)
        _add_capacities(model, slot)
        for service in np.flatnonzero(reduced.tracked[slot]).tolist():
            _add_context(model, slot, service)
        for service in np.flatnonzero(reduced.sensitive[slot]).tolist():
            _add_accuracy(model, slot, service)
    return float((instance.requests[:, 0, :] * instance.cloud_cost[0]).sum()) / model.scale


def _scale(instance: Instance) -> float:
    """Return the power of two nearest to the mean cost of a request (1 where there are none)."""
    requests = instance.requests[:, 0, :]
    mean = float((requests * instance.cloud_cost[0]).sum()) / max(int(requests.sum()), 1)
    return float(2.0 ** np.round(np.log2(mean))) if mean > 0 else 1.0


def _add_caching(model: CompactModel, slot: int) -> None:
    instance, problem = model.instance, model.problem
    candidates = model.reduced.models.tolist()
    for each in candidates:
        cached = model.add_variable(f"y_{slot}_{each}", cat=pulp.LpBinary)
        model.cached[slot, each] = cached
        cost = float(instance.load_cost[0, each])
        if cost or model.every_load:
            load = model.loads[slot, each] = model.add_variable(f"z_{slot}_{each}")
            model.add_cost(load, cost)
            before = [(model.cached[slot - 1, each], -1)] if slot else []
            problem += Expression([(load, -1), (cached, 1), *((v, c) for v, c in before)]) <= 0
    memory = float(instance.memory[0])
    if instance.footprint[candidates].sum() > usable(memory):
        shares = [(model.cached[slot, each], float(instance.footprint[each]) / memory) for each in candidates]
        problem += Expression(shares) <= 1 + RELATIVE_TOLERANCE


def _add_serving(model: CompactModel, slot: int, service: int) -> None:
    """Make the expression of the served requests; bits where the context matters, an integer elsewhere."""
    reduced, most = model.reduced, int(model.reduced.most[slot, service])
    cached = model.cached[slot, int(model.instance.service_model[service])]
    if reduced.whole[slot, service]:
        model.served[slot, service] = Expression([(cached, most)])
    else:
        if reduced.sensitive[slot, service]:
            count = most.bit_length()
            names = [f"b_{slot}_{service}_{place}" for place in range(count)]
            bits = [model.add_variable(name, cat=pulp.LpBinary) for name in names]
            model.bits[slot, service] = bits
            served = Expression([(each, 2**place) for place, each in enumerate(bits)])
            for each in bits:
                model.problem += Expression([(each, 1), (cached, -1)]) <= 0
        else:
            served = Expression([(model.add_variable(f"x_{slot}_{service}", 0, most, pulp.LpInteger), 1)])
        model.problem += served - most * cached <= 0
        model.served[slot, service] = served
    saving = float(model.instance.saving[0, service, 0])
    for each, factor in model.served[slot, service].items():
        model.add_cost(each, -saving * factor)


def _add_capacities(model: CompactModel, slot: int) -> None:
    instance, reduced = model.instance, model.reduced
    for binds, rate, capacity in (
        (reduced.compute_binds[slot], instance.work[0], float(instance.compute[0])),
        (reduced.energy_binds[slot], instance.energy[0], float(instance.energy_budget[0])),
    ):
        if binds:
            users = np.flatnonzero((reduced.most[slot] > 0) & (rate > 0)).tolist()
            load = pulp.lpSum(float(rate[user]) / capacity * model.served[slot, user] for user in users)
            model.problem += load <= 1 + RELATIVE_TOLERANCE


def _add_context(model: CompactModel, slot: int, service: int) -> None:
    instance, reduced, problem = model.instance, model.reduced, model.problem
    host = int(instance.service_model[service])
    now, before = model.cached[slot, host], model.cached[slot - 1, host]
    gain, vanish = int(instance.gain[service]), int(instance.vanish[service])
    reach, served_before = int(reduced.reach[slot, service]), int(reduced.most[slot - 1, service])
    context = model.add_variable(f"k_{slot}_{service}", 0, reach)
    model.context[slot, service] = context
    inflow = Expression()
    if (slot - 1, service) in model.context:
        inflow += model.context[slot - 1, service]
    if served_before:
        inflow += gain * model.served[slot - 1, service]
    covered = reduced.whole[slot - 1, service] and gain * served_before >= vanish
    if vanish == 0 or covered:
        inflow -= vanish * before
        survives = now
    else:
        survives = model.add_variable(f"p_{slot}_{service}", cat=pulp.LpBinary)
        model.survives[slot, service] = survives
        inflow -= vanish * survives
        problem += Expression([(survives, 1), (now, -1)]) <= 0
        problem += Expression([(survives, 1), (before, -1)]) <= 0
    problem += context - inflow <= 0
    problem += Expression([(context, 1), (survives, -reach)]) <= 0


def _add_accuracy(model: CompactModel, slot: int, service: int) -> None:
    instance, reduced, problem = model.instance, model.reduced, model.problem
    most, reach = int(reduced.most[slot, service]), int(reduced.reach[slot, service])
    weight = float(instance.accuracy_weight[service])
    table = instance.accuracy[service, : reach + 1]
    rise = _rise(model, slot, service, table)
    if reduced.whole[slot, service]:
        for part, slope in rise.items():
            model.add_cost(part, -weight * most * slope)
        return
    top = float(table[-1] - table[0])
    for place, bit in enumerate(model.bits[slot, service]):
        better = model.add_variable(f"v_{slot}_{service}_{place}", 0, top)
        problem += better - rise <= 0
        problem += Expression([(better, 1), (bit, -top)]) <= 0
        model.add_cost(better, -weight * 2**place)


def _rise(model: CompactModel, slot: int, service: int, table: FloatArray) -> Expression:
    """Return the accuracy above that of an empty context, as a function of the context variable."""
    context = model.context[slot, service]
    corners = concave_hull(table)
    if np.abs(np.interp(np.arange(len(table)), corners, table[corners]) - table).max() <= _SAME:
        widths = np.diff(corners)
        slopes = np.diff(table[corners]) / widths
        keep = np.flatnonzero(slopes > 0).tolist()
        names = [f"d_{slot}_{service}_{place}" for place in keep]
        parts = [
            model.add_variable(name, 0, int(widths[place])) for name, place in zip(names, keep, strict=True)
        ]
        model.problem += pulp.lpSum(parts) - context <= 0
        return Expression([(part, float(slopes[place])) for part, place in zip(parts, keep, strict=True)])
    steps = np.flatnonzero(np.diff(table) > 0) + 1
    names = [f"d_{slot}_{service}_{step}" for step in steps.tolist()]
    flags = [model.add_variable(name, cat=pulp.LpBinary) for name in names]
    for lower, higher in pairwise(flags):
        model.problem += Expression([(higher, 1), (lower, -1)]) <= 0
    widths = np.diff(steps, prepend=0)
    needed = Expression([(flag, int(width)) for flag, width in zip(flags, widths, strict=True)])
    model.problem += needed - context <= 0
    heights = table[steps] - table[steps - 1]
    return Expression([(flag, float(height)) for flag, height in zip(flags, heights, strict=True)])


def concave_hull(table: FloatArray) -> IntArray:
    """Return the places where the least concave function above a table has its corners, in order."""
    corners: list[int] = []
    for place in range(len(table)):
        while len(corners) > 1:
            first, last = corners[-2], corners[-1]
            chord = table[first] + (table[place] - table[first]) * (last - first) / (place - first)
            if table[last] > chord + _SAME:
                break
            corners.pop()
        corners.append(place)
    return np.array(corners, dtype=np.int64)
