"""A broken constraint, as the referee reports it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Violation:
    """One broken constraint.

    Parameters
    ----------
    rule
        "memory", "compute", "energy", "not cached" or "too many".
    slot, server
        Where.
    service
        Which service, for the last two rules; otherwise None.
    load, limit
        What the plan asks for and what is there, in `unit`.
    """

    rule: str
    slot: int
    server: int
    service: int | None
    load: float
    limit: float
    unit: str

    def __str__(self) -> str:
        where = f"slot {self.slot}, server {self.server}"
        if self.service is not None:
            where += f", service {self.service}"
        return f"{self.rule} at {where}: {self.load:.10g} of at most {self.limit:.10g} {self.unit}"
