"""Certificates: prices and a plan from which anyone can re-compute how good a solution is.

Nothing here imports a solver, and nothing is shared with one: plain numpy on whole numbers.
"""

from .certificate import Certificate
from .check import Verdict, check_certificate
from .join import joined
from .make import certified, make_certificate
from .whole import TooLarge

__all__ = [
    "Certificate",
    "TooLarge",
    "Verdict",
    "certified",
    "check_certificate",
    "joined",
    "make_certificate",
]
