"""Draws decomposition.png, the picture of docs/solvers.md: ``python docs/images/decomposition.py``."""

from pathlib import Path

from edgeopt.problem import scenario
from edgeopt.solvers import solve
from edgeopt.solvers.bounds import plot_decomposition

instance = scenario("workflow", size="small")
figure = plot_decomposition(instance, solve(instance, "lagrangian"))
figure.savefig(Path(__file__).with_suffix(".png"), dpi=110, metadata={"Software": ""})
