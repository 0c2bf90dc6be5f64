"""How accurate a service is given its context: curves, fits to published points, and exact languages."""

from .curve_fit import FAMILIES, CurveFit
from .curves import AccuracyCurve, GeometricCurve, HillCurve, LogCurve, TabulatedCurve
from .fitting import fit_curve, fit_pooled
from .inversion import Inversion, InversionStatus, invert_three_points
from .language import Language, random_language

__all__ = [
    "FAMILIES",
    "AccuracyCurve",
    "CurveFit",
    "GeometricCurve",
    "HillCurve",
    "Inversion",
    "InversionStatus",
    "Language",
    "LogCurve",
    "TabulatedCurve",
    "fit_curve",
    "fit_pooled",
    "invert_three_points",
    "random_language",
]
