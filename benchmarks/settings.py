"""What a benchmark run is asked to do: one frozen value, checked before any work starts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from ..problem import scenario_names
from ..problem.errors import InvalidFile, InvalidOption
from ..solvers import method_names
from .contestants import contestant, contestant_names

Split = Literal["train", "validation", "test"]
Size = Literal["small", "medium", "large"]

DEFAULT_SCENARIOS = ("hotset", "decoy", "paper")
"""Three kinds of demand in which neither the best fixed set nor the per-slot optimum is enough."""

DEFAULT_SEEDS = 10

DEFAULT_BUDGET = 320
"""Simulations spent to tune a policy unless the settings say how many."""

SMALLER_BUDGETS = {"analog": 64}
"""Policies that get less than `DEFAULT_BUDGET`: a simulation of theirs takes a hundred times as long as an
index policy's, and all the others together should not wait for them."""

LEAST_SAMPLES = 4
"""Sampled futures below which there is no interval."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of a benchmark run.

    Parameters
    ----------
    scenarios, traces
        What to score on: names of synthetic scenarios and paths of recorded traces.
    policies
        Names of online policies and learners, or one's own as module:Class (`contestants`); an empty tuple
        stands for all that come with edgeopt.
    sizes
        Size presets of the scenarios (traces keep the size that they have).
    seeds
        How many test seeds of each scenario, or at most how many test windows of each trace.
    slots, servers, models
        Override the preset; None keeps it. For a trace, `slots` is the length of a test window.
    slot_seconds
        Length of a trace's slots; a scenario has its own.
    method, time_limit, gap
        How the reference plan and its bound are found: the solver, seconds a solve may take, relative gap.
    tune_budget
        Simulations spent to tune each policy on validation data; 0 keeps the policies' own parameters. None
        stands for `DEFAULT_BUDGET`, and for the smaller ones of `SMALLER_BUDGETS`.
    validation_seeds, training_seeds
        How many instances of those splits the tuning and the fitting see.
    timeline_server
        Index of the server whose cache the report draws.
    online_samples
        Futures sampled of each scenario whose demand is a Markov process, to bound what any online policy can
        reach there; 0: none.
    ladder
        Whether to compute the ladder of bounds of each case's first test instance, where it is small enough.
    illustrations
        Whether the report gets an auction of each case, and the ladder of each scenario's small preset where
        there is none of the case's own.
    shifts
        Slots at which demand is known to shift, each with a word. The report marks them; no result changes.

    Raises
    ------
    InvalidOption, InvalidFile
        One line that names the setting, its value and what would be right.
    """

    scenarios: tuple[str, ...] = ()
    traces: tuple[Path, ...] = ()
    policies: tuple[str, ...] = ()
    sizes: tuple[Size, ...] = ("medium",)
    seeds: int = DEFAULT_SEEDS
    slots: int | None = None
    servers: int | None = None
    models: int | None = None
    slot_seconds: float = 30.0
    method: str = "auto"
    time_limit: float | None = 60.0
    gap: float = 1e-6
    tune_budget: int | None = None
    validation_seeds: int = 16
    training_seeds: int = 4
    timeline_server: int = 0
    online_samples: int = 0
    ladder: bool = False
    illustrations: bool = True
    shifts: tuple[tuple[int, str], ...] = ()

    def __post_init__(self) -> None:
        if not self.scenarios and not self.traces:
            object.__setattr__(self, "scenarios", DEFAULT_SCENARIOS)
        if not self.policies:
            object.__setattr__(self, "policies", contestant_names())
        _check_known("scenario", self.scenarios, tuple(scenario_names()))
        for name in self.policies:
            contestant(name)
        _check_once("policy", self.policies)
        _check_known("method", (self.method,), method_names())
        _check_known("size", self.sizes, get_args(Size))
        for trace in self.traces:
            if not trace.exists():
                raise InvalidFile(f"trace {trace}: no such file or folder")
        self._check_counts()
        if self.time_limit is not None and not self.time_limit > 0:
            raise InvalidOption(f"time_limit is {self.time_limit}: give a positive number of seconds")
        if not self.slot_seconds > 0:
            raise InvalidOption(f"slot_seconds is {self.slot_seconds}: give a positive number of seconds")
        if not self.gap >= 0:
            raise InvalidOption(f"gap is {self.gap}: give a relative gap of 0 or more")

    def _check_counts(self) -> None:
        for name in ("seeds", "validation_seeds", "training_seeds"):
            _check_at_least(name, getattr(self, name), 1)
        for name in ("slots", "servers", "models"):
            if getattr(self, name) is not None:
                _check_at_least(name, getattr(self, name), 1)
        if self.tune_budget is not None:
            _check_at_least("tune_budget", self.tune_budget, 0)
        if self.online_samples != 0:
            _check_at_least("online_samples", self.online_samples, LEAST_SAMPLES)
        _check_at_least("timeline_server", self.timeline_server, 0)
        for slot, _ in self.shifts:
            _check_at_least("slot of a shift", slot, 0)

    def budget(self, policy: str) -> int:
        """Simulations that the tuning of a policy may spend."""
        if self.tune_budget is not None:
            return self.tune_budget
        return SMALLER_BUDGETS.get(policy, DEFAULT_BUDGET)

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON-able names and values (trace paths as given, the budget of each policy)."""
        values = asdict(self)
        values["traces"] = [str(trace) for trace in self.traces]
        values["tune_budget"] = {name: self.budget(name) for name in self.policies}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _check_known(what: str, given: tuple[str, ...], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            raise InvalidOption(f"unknown {what} {name!r}: choose from {', '.join(known)}")
    _check_once(what, given)


def _check_once(what: str, given: tuple[str, ...]) -> None:
    repeated = sorted({name for name in given if given.count(name) > 1})
    if repeated:
        raise InvalidOption(f"{what} {repeated[0]!r} is given twice: name each {what} once")


def _check_at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise InvalidOption(f"{name} is {value}: give a whole number of {least} or more")
