"""Language models, devices and prices with their sources, and what they make of an instance.

`models`, `devices` and `prices` hold facts; `build` turns a device and a list of services into the
arrays of an instance; `calibration` compares the formulas with measured runs.
"""

from .build import build
from .deployment import Deployment
from .economics import Economics, amortised_cents_per_hour
from .footprint import QUANTISATIONS, Quantisation
from .inference import Efficiency, Tokens
from .records import Device, Facts, Model, Price, Score
from .services import Service
from .tables import devices, models, prices

__all__ = [
    "QUANTISATIONS",
    "Deployment",
    "Device",
    "Economics",
    "Efficiency",
    "Facts",
    "Model",
    "Price",
    "Quantisation",
    "Score",
    "Service",
    "Tokens",
    "amortised_cents_per_hour",
    "build",
    "devices",
    "models",
    "prices",
]
