"""The ladder of bounds and plans of an instance: what each step up costs and is worth."""

from .picture import plot_decomposition
from .plot import ladder_svg, plot_ladder
from .rungs import Ladder, Rung, ladder

__all__ = ["Ladder", "Rung", "ladder", "ladder_svg", "plot_decomposition", "plot_ladder"]
