"""What a solver hands over so that its claim can be checked without it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...problem.errors import InvalidOption
from ...problem.fields import FloatArray, IntArray
from ...problem.plan import Plan

VERSION = 3
MAX_SCALE = 1000
MAX_WIDTH = 2**20
_FIRST = ("instance", "scale", "presence", "compute", "energy", "bounds", "width")
"""Entries of the first version, in which no request pays an allowance."""
_SECOND = (*_FIRST, "service", "version")
"""Entries of the second version, whose sweeps are told nothing of what lies ahead."""
_ENTRIES = (*_SECOND, "ahead")


@dataclass(frozen=True, eq=False)
class Certificate:
    """Prices that prove a lower bound, and the plan that is to be compared with it.

    Whatever the prices are, the bound that follows from them is valid: a wrong price can weaken a proof, it
    cannot forge one. The claims (``cost``, ``bounds``) are compared with what is re-computed.

    Parameters
    ----------
    instance
        ``Instance.digest()`` of the instance it was made for.
    scale
        Prices are whole multiples of ``2**-scale`` (cost).
    presence
        (T, N, M) int64: price of caching a model in a slot.
    compute, energy
        (T, N) int64: price of a slot's whole compute or energy limit.
    bounds
        (N,) claimed lower bound on the cost of each server (cost).
    width
        Number of joint states that the sweep of the verifier may keep; 0 where prices alone prove the claim.
    plan, cost
        The plan and its claimed cost.
    service
        (T, N, S) int64: allowance, the price of letting one request into a slot; None for none.
    ahead
        (N, T + 1) int64: excess that the slots from each slot on are claimed to have at least, whatever the
        state there; the verifier's sweep proves it before it makes use of it. None for no claim.
    version
        Of the format: 3; files of version 2 have no ``ahead``, those of version 1 neither that nor this entry
        nor ``service``.

    Raises
    ------
    InvalidOption
        If an entry has the wrong type, shape or range.
    """

    instance: str
    scale: int
    presence: IntArray
    compute: IntArray
    energy: IntArray
    bounds: FloatArray
    width: int
    plan: Plan
    cost: float
    service: Any = None
    ahead: Any = None
    version: int = VERSION

    def __post_init__(self) -> None:
        if not (isinstance(self.instance, str) and len(self.instance) == 64):
            raise InvalidOption("certificate: instance must be a SHA-256 digest of 64 hexadecimal digits")
        for name, limit, lowest in (("scale", MAX_SCALE, -MAX_SCALE), ("width", MAX_WIDTH, 0)):
            value = getattr(self, name)
            if not (isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= limit):
                raise InvalidOption(
                    f"certificate: {name} is {str(value)[:40]}; it must be a whole number "
                    f"from {lowest} to {limit}"
                )
        if type(self.version) is not int or self.version != VERSION:
            raise InvalidOption(
                f"certificate: version is {str(self.version)[:40]}; this program reads 1 to {VERSION}"
            )
        slots, servers, models = self.plan.cached.shape
        if self.service is None:
            object.__setattr__(self, "service", np.zeros(self.plan.served.shape, dtype=np.int64))
        if self.ahead is None:
            object.__setattr__(self, "ahead", np.zeros((servers, slots + 1), dtype=np.int64))
        for name, shape in (
            ("presence", (slots, servers, models)),
            ("compute", (slots, servers)),
            ("energy", (slots, servers)),
            ("service", self.plan.served.shape),
            ("ahead", (servers, slots + 1)),
        ):
            object.__setattr__(self, name, _prices(name, getattr(self, name), shape))
        object.__setattr__(self, "bounds", _claims(self.bounds, servers))
        if not (isinstance(self.cost, float) and math.isfinite(self.cost)):
            raise InvalidOption(f"certificate: cost is {str(self.cost)[:40]}; a finite number is needed")

    @property
    def lower_bound(self) -> float:
        """Claimed lower bound on the cost of all servers."""
        return math.fsum(self.bounds)

    def with_plan(self, plan: Plan, cost: float) -> Certificate:
        """Return the same proof of the bound beside another plan of the same instance."""
        return replace(self, plan=plan, cost=cost)

    def record(self) -> dict[str, Any]:
        """Return everything but plan and cost, which the solution's own file holds."""
        return {name: getattr(self, name) for name in _ENTRIES}

    @classmethod
    def of_record(cls, record: Mapping[str, Any], plan: Plan | None, cost: float) -> Certificate:
        """Make the certificate of a file's record.

        Raises
        ------
        InvalidOption
            If an entry is missing, unknown or not what it should be, or there is no plan.
        """
        if not isinstance(record, Mapping) or set(record) not in map(set, (_FIRST, _SECOND, _ENTRIES)):
            raise InvalidOption(f"certificate: it must have exactly the entries {', '.join(_ENTRIES)}")
        if plan is None:
            raise InvalidOption("certificate: there is no plan beside it")
        earlier = "ahead" not in record and record.get("version", 2) == 2
        entries = {**record, "version": VERSION} if earlier else record
        return cls(**entries, plan=plan, cost=cost)


def _prices(name: str, value: Any, shape: tuple[int, ...]) -> IntArray:
    if not (isinstance(value, np.ndarray) and value.dtype == np.int64 and value.shape == shape):
        raise InvalidOption(f"certificate: {name} must be whole numbers (int64) of shape {shape}")
    if np.any(value < 0):
        where = np.argwhere(value < 0)[0].tolist()
        kind = "claim" if name == "ahead" else "price"
        raise InvalidOption(f"certificate: {name}{where} = {value[tuple(where)]}: a {kind} is never negative")
    prices: IntArray = value.copy()
    prices.setflags(write=False)
    return prices


def _claims(value: Any, servers: int) -> FloatArray:
    if not (isinstance(value, np.ndarray) and value.dtype == np.float64 and value.shape == (servers,)):
        raise InvalidOption(f"certificate: bounds must be one float64 for each of {servers} servers")
    if not np.all(np.isfinite(value)):
        raise InvalidOption("certificate: bounds must be finite")
    claims: FloatArray = value.copy()
    claims.setflags(write=False)
    return claims
