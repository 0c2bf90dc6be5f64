r"""One server in whole numbers, rounded so that the bound can only get weaker.

The numbers of an instance are binary floats, that is, exact rationals; they are read as such (``Fraction``)
and multiplied by F = 2^scale. With *true* figures on the left and whole numbers of this file on the right:

====================================  =======================================  ==========================
saving of a request                   F g_s(k)      <=  saving[s, k]           rounded up
load cost                             F load_m      >=  load[m]                rounded down
price of presence                     F p_mt         =  rent[m, t]             exact: stored that way
price of a slot's whole limit         F q_rt         =  Q_rt                   exact: stored that way
what a request pays for its share     F q share_s   >=  charge[s, t]           rounded down
allowance of a request                F a_st         =  allowance[s, t]          exact: stored that way
footprint, and memory                 f_m >= unit weight[m], memory <= unit (room + 1) (strictly)
most requests that fit a slot alone   cap[s, t], exact floor
====================================  =======================================  ==========================

**The limits are those of the referee.** It adds floats and forgives a relative 1e-9, so a plan it accepts has
an exact load of at most fl(limit (1 + 1e-9)) (1 + (terms + 4) 2^-52): each of the ``terms`` nonnegative
products and additions loses at most a relative 2^-53. The shares below refer to that figure, so that every
accepted plan has sum_s x_s share_s <= 1 in every slot, for compute and for energy.

**No plan is cut off, no saving is understated**, whatever the prices:

* the models of a slot satisfy sum weight <= sum f / unit <= memory / unit < room + 1, so sum weight <= room;
* x (F g - F sum_r q share) <= x (saving - charge), since x >= 0;
* sum_r Q_rt >= sum_s x_s charge[s, t], since sum_s x_s share_s <= 1 for each r.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ...problem.capacity import usable
from ...problem.errors import EdgeoptError
from ...problem.fields import IntArray
from ...problem.instance import Instance
from .certificate import Certificate

Whole = Any
"""Array of whole numbers: int64, or Python's unbounded integers (dtype object)."""

HEADROOM = 2**59
"""Sums of all magnitudes stay below it; no figure of any algorithm here exceeds eight such sums."""

NEED_UNITS = 2**40
"""Units that a limit of compute or energy is counted in."""

_WEIGHT_BITS = 60


class TooLarge(EdgeoptError):
    """A figure would leave 64-bit integers."""


@dataclass(frozen=True)
class WholeServer:
    """The rounded server; see the table above.

    Attributes
    ----------
    saving
        (S, K + 1) whole.
    cap
        (S, T) most requests served in a slot.
    charge
        (S, T) whole: what one request pays for compute and energy, allowance included.
    allowance
        (S, T) whole: what one request pays the slot that lets it in.
    need
        (2, S) int64: part of the compute and energy limits that one request takes, in ``NEED_UNITS``-ths.
    service_model
        (S,) as in the instance.
    rent, load
        (M, T) and (M,) whole.
    resource
        Sum of all Q (whole).
    weight, room
        (M,) int64 and an integer: footprints and memory in units.
    members
        Services of each model.
    window, gain, vanish
        (S,) as in the instance.
    cloud_only
        Exact cost of serving nothing.
    scale
        F.
    ahead
        T + 1 whole numbers: claims of the certificate to be proved by a sweep.
    """

    saving: Whole
    cap: IntArray
    charge: Whole
    allowance: Whole
    need: IntArray
    service_model: IntArray
    rent: Whole
    load: Whole
    resource: int
    weight: IntArray
    room: int
    members: tuple[IntArray, ...]
    window: IntArray
    gain: IntArray
    vanish: IntArray
    cloud_only: Fraction
    scale: Fraction
    ahead: list[int]

    @property
    def slots(self) -> int:
        """Number of slots."""
        return int(self.cap.shape[1])

    @property
    def models(self) -> int:
        """Number of models."""
        return int(self.load.size)

    @classmethod
    def of(cls, instance: Instance, certificate: Certificate, n: int, *, exact: bool = False) -> WholeServer:
        """Round server n at the certificate's prices.

        Parameters
        ----------
        exact
            Compute with Python's unbounded integers: slow, and nothing can be too large.

        Raises
        ------
        TooLarge
            If a sum could leave 64-bit integers (never with ``exact``).
        """
        scale = Fraction(2) ** certificate.scale
        requests = instance.requests[:, n].T
        cap, charge, resource = _resources(instance, certificate, n)
        allowance = certificate.service[:, n].T.astype(object)
        allowance[cap == 0] = 0
        largest = math.frexp(float(instance.footprint.max()))[1] + instance.models.bit_length()
        unit = Fraction(2) ** (largest - _WEIGHT_BITS)
        weight = [math.floor(Fraction(size) / unit) for size in instance.footprint.tolist()]
        room = _most(float(instance.memory[n]), instance.models, unit)
        cloud = instance.cloud_cost[n].tolist()
        arrays = {
            "saving": _savings(instance, n, scale),
            "charge": charge + allowance,
            "allowance": allowance,
            "rent": certificate.presence[:, n].T.astype(object),
            "load": _whole([math.floor(Fraction(cost) * scale) for cost in instance.load_cost[n].tolist()]),
        }
        if not exact:
            _refuse_overflow(cap, resource, **{k: v for k, v in arrays.items() if k != "allowance"})
            arrays = {name: array.astype(np.int64) for name, array in arrays.items()}
        return cls(
            cap=cap,
            need=_needs(instance, n),
            service_model=instance.service_model,
            resource=resource,
            weight=np.array(weight, dtype=np.int64),
            room=sum(weight) if room is None else min(room, sum(weight)),
            members=tuple(np.flatnonzero(instance.service_model == m) for m in range(instance.models)),
            window=instance.window,
            gain=instance.gain,
            vanish=instance.vanish,
            cloud_only=sum(
                (
                    Fraction(cost) * asked
                    for cost, asked in zip(cloud, requests.sum(axis=1).tolist(), strict=True)
                ),
                Fraction(0),
            ),
            scale=scale,
            ahead=certificate.ahead[n].tolist(),
            **arrays,
        )


def _whole(values: list[Any]) -> Whole:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _limit(limit: float, terms: int) -> Fraction | None:
    """Largest exact load that the referee may accept; None if there is no limit."""
    forgiven = float(usable(limit))
    return None if math.isinf(forgiven) else Fraction(forgiven) * (1 + Fraction(terms + 4, 2**52))


def _most(limit: float, terms: int, need: Fraction) -> int | None:
    """How often ``need`` fits within a limit; None if as often as one likes."""
    whole = _limit(limit, terms)
    return None if whole is None or need == 0 else math.floor(whole / need)


def _resources(instance: Instance, certificate: Certificate, n: int) -> tuple[IntArray, Whole, int]:
    """Caps (S, T), charges (S, T) and the sum of the prices of compute and energy."""
    cap = instance.requests[:, n].T.copy()
    charge = np.zeros(cap.shape, dtype=object)
    total = 0
    for needs, limits, prices in (
        (instance.work, instance.compute, certificate.compute),
        (instance.energy, instance.energy_budget, certificate.energy),
    ):
        limit, price = float(limits[n]), prices[:, n]
        whole = _limit(limit, instance.services)
        for s, need in enumerate(map(Fraction, needs[n].tolist())):
            most = _most(limit, instance.services, need)
            if most is not None:
                cap[s] = np.minimum(cap[s], min(most, 2**62))
        if whole:  # a limit of zero admits only requests that need nothing, and no limit has no price
            share = [Fraction(need) / whole for need in needs[n].tolist()]
            total += sum(price.tolist())
            for t in np.flatnonzero(price).tolist():
                charge[:, t] += _whole([math.floor(int(price[t]) * part) for part in share])
    charge[cap == 0] = 0  # what is never served pays nothing
    return cap, charge, total


def _needs(instance: Instance, n: int) -> IntArray:
    """Part of each limit that a request takes (2, S), rounded down."""
    need = np.zeros((2, instance.services), dtype=np.int64)
    for r, (needs, limits) in enumerate(
        ((instance.work, instance.compute), (instance.energy, instance.energy_budget))
    ):
        whole = _limit(float(limits[n]), instance.services)
        if whole:
            each = [Fraction(value) / whole * NEED_UNITS for value in needs[n].tolist()]
            need[r] = [min(math.floor(value), NEED_UNITS + 1) for value in each]
    return need


def _savings(instance: Instance, n: int, scale: Fraction) -> Whole:
    """Saving of a request at each context (S, K + 1), exact, then rounded up."""
    table = np.zeros(instance.accuracy.shape, dtype=object)
    for s in range(instance.services):
        weight = Fraction(float(instance.accuracy_weight[s])) * scale
        local = [float(costs[n, s]) for costs in (instance.transmission_cost, instance.computation_cost)]
        base = (Fraction(float(instance.cloud_cost[n, s])) - sum(map(Fraction, local))) * scale - weight
        curve = instance.accuracy[s, : int(instance.window[s]) + 1].tolist()
        table[s] = table[s, :1] + math.ceil(base + weight * Fraction(curve[-1]))
        if weight:
            table[s, : len(curve)] = _whole([math.ceil(base + weight * Fraction(right)) for right in curve])
    return table


def _refuse_overflow(
    cap: IntArray, resource: int, *, saving: Whole, charge: Whole, rent: Whole, load: Whole
) -> None:
    """Bound the magnitude of every sum and product in Python's integers, which cannot wrap."""
    steepest = np.abs(saving).max(axis=1)[:, None] + charge
    size = int((cap.astype(object) * steepest).sum()) + int(rent.sum()) + int(load.sum()) * cap.shape[1]
    size += resource + int(steepest.max())
    if size >= HEADROOM:
        raise TooLarge(
            f"certificate: sums up to 2^{size.bit_length()} at scale 2^-k do not fit 64-bit integers; "
            "check it with exact integers (exact=True, --exact)"
        )
