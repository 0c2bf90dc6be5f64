"""Scenarios by name: demand, prices and sizes that make an instance, each with its knobs.

`scenario` draws an instance, `scenario_names` lists them, `scenario_info` says what one stresses,
where a learner must merely tie and which knobs it has, and `statistics` measures what an instance
is like.
"""

from .draw import SPLITS, ScenarioInfo, scenario, scenario_info, scenario_names, scenario_workloads
from .family import Size
from .knobs import Knob
from .statistics import Statistics, statistics

__all__ = [
    "SPLITS",
    "Knob",
    "ScenarioInfo",
    "Size",
    "Statistics",
    "scenario",
    "scenario_info",
    "scenario_names",
    "scenario_workloads",
    "statistics",
]
