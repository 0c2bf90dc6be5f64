"""The scenarios by name: one line each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from . import agents, changing, workflows
from .family import SMALL, Family, Size
from .paper import paper
from .realistic import REALISTIC

_WIDE = {"small": SMALL, "medium": Size(300, 1, 16, 32), "large": Size(1000, 1, 32, 64)}
_PAPER = {"small": SMALL, "medium": Size(300, 1, 20, 36), "large": Size(1000, 1, 40, 72)}

# A stage of a workflow is mostly one agent's work; Dirichlet concentration of the shares per model.
_ONE_MAIN_AGENT = 0.6

_ALL = (
    Family("stationary", changing.stationary),
    Family("drift", changing.drift),
    Family("regimes", changing.regimes),
    Family("hotset", changing.hotset, price_defaults={"load": 20.0}),
    Family("diurnal", changing.diurnal),
    Family("flash", changing.flash),
    Family("onoff", agents.onoff),
    Family("sessions", agents.sessions),
    Family("decoy", agents.decoy, price_defaults={"load": 20.0}),
    Family(
        "context-rich",
        agents.context_rich,
        price_defaults={"load": 15.0, "window": 128, "context_error": 0.7},
    ),
    Family("workflow", workflows.workflow, price_defaults={"memory": 0.42}, evenness=_ONE_MAIN_AGENT),
    Family(
        "workflow16",
        workflows.workflow16,
        price_defaults={"memory": 0.38},
        evenness=_ONE_MAIN_AGENT,
        sizes=_WIDE,
    ),
    Family("paper", paper, price_defaults={"load": 12.0, "residual_error": 0.02}, sizes=_PAPER),
    REALISTIC,
)

FAMILIES: Mapping[str, Family] = MappingProxyType({family.name: family for family in _ALL})
