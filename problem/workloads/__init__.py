"""Arrival generators, one file each: a seeded world with named knobs and its stretches.

A workload is a frozen description of one server's demand; `workload.arrivals(rng, slots)` draws a
stretch of (slots, services) requests. What is fixed about the world (popularity, how long who stays
hot, pipelines) lives in the dataclass and is drawn by the `draw_...` function beside it; what
differs between training, validation and test stretches comes from the generator.
"""

from .diurnal import Diurnal, draw_diurnal
from .drift import Drift
from .flash import FlashCrowds, crowd_size
from .hotset import HotSet
from .onoff import OnOff, draw_on_off, on_off_path
from .pipelines import Pipelines, draw_pipelines
from .popularity import Deployment, draw_deployment, zipf_weights
from .protocol import PoissonWorkload, Workload
from .regimes import Regimes, draw_regimes
from .sessions import Sessions
from .stationary import Stationary, draw_stationary

__all__ = [
    "Deployment",
    "Diurnal",
    "Drift",
    "FlashCrowds",
    "HotSet",
    "OnOff",
    "Pipelines",
    "PoissonWorkload",
    "Regimes",
    "Sessions",
    "Stationary",
    "Workload",
    "crowd_size",
    "draw_deployment",
    "draw_diurnal",
    "draw_on_off",
    "draw_pipelines",
    "draw_regimes",
    "draw_stationary",
    "on_off_path",
    "zipf_weights",
]
