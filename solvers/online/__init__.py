"""References for online policies when the arrival process is known.

`stochastic_programme` is the exact optimum of small worlds, `online_bound` a statistical lower bound for
large ones, `reference_split` what they say about a policy's gap;
`HindsightAveraging` and `TrueForecast` are oracle policies that know the law of demand, and no bounds.
"""

from .averaging import HindsightAveraging
from .estimate import Estimate
from .exact import (
    OptimalOnline,
    StochasticProgramme,
    clairvoyant_mean,
    penalised_mean,
    penalised_optimum,
    stochastic_programme,
)
from .informed import TrueForecast
from .relaxation import OnlineBound, model_values, online_bound
from .split import ReferenceSplit, reference_split

__all__ = [
    "Estimate",
    "HindsightAveraging",
    "OnlineBound",
    "OptimalOnline",
    "ReferenceSplit",
    "StochasticProgramme",
    "TrueForecast",
    "clairvoyant_mean",
    "model_values",
    "online_bound",
    "penalised_mean",
    "penalised_optimum",
    "reference_split",
    "stochastic_programme",
]
