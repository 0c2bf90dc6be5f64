"""How fast the referee and the batched stepper are, against a plain environment loop, measured in one run."""

from .throughput import Measurement, measure

__all__ = ["Measurement", "measure"]
