"""A picture of the decomposition: chains as rows, knapsacks as columns, prices where they meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...problem.errors import InvalidOption
from ...problem.instance import Instance
from ..solution import Solution

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, ROW, COLUMN = "#1b2430", "#d55e00", "#0072b2"
_MEMORY_UNITS = ((1e9, "GB"), (1.0, "bytes"))


def plot_decomposition(
    instance: Instance, solution: Solution, *, server: int = 0, slot: int | None = None
) -> Figure:
    """Draw the prices of presence and the plan of one server, a row a model and a column a slot.

    Parameters
    ----------
    instance
        The problem.
    solution
        Of a method whose ``details`` hold ``presence_price`` (T, N, M) and that has a plan.
    server
        Which server.
    slot
        The column to mark; None for the one with the dearest set.

    Returns
    -------
    matplotlib.figure.Figure
        Belongs to no window and no global state; ``figure.savefig(path)`` writes it.

    Raises
    ------
    InvalidOption
        If there are no prices or there is no plan, or there is no such server or slot.
    """
    if solution.plan is None or "presence_price" not in solution.details:
        raise InvalidOption("solution: a plan and 'presence_price' are needed (method 'lagrangian' has both)")
    for name, value, count in (("server", server, instance.servers), ("slot", slot or 0, instance.slots)):
        if not 0 <= value < count:
            raise InvalidOption(f"{name} is {value}: it must be from 0 to {count - 1}")
    from matplotlib.figure import Figure

    price = np.asarray(solution.details["presence_price"])[:, server].T
    cached = solution.plan.cached[:, server].T
    marked = int(np.argmax((price * cached).sum(axis=0))) if slot is None else slot
    figure = Figure(figsize=(8.5, 0.28 * instance.models + 2.6), layout="constrained")
    rows, memory = figure.subplots(
        2, 1, sharex=True, gridspec_kw={"height_ratios": [0.28 * instance.models + 0.6, 1.2]}
    )
    shown = rows.imshow(price, aspect="auto", cmap="Blues", interpolation="nearest")
    figure.colorbar(shown, ax=rows, label="price of a slot in memory", pad=0.01)
    for m, row in enumerate(cached):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], row, [False]])))
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            rows.plot([begin - 0.4, end - 0.6], [m, m], color=ROW, linewidth=4, solid_capstyle="butt")
    rows.axvspan(marked - 0.5, marked + 0.5, fill=False, edgecolor=COLUMN, linewidth=2)
    rows.set_yticks(range(instance.models), instance.model_names, fontsize=8)
    rows.set_title(
        "a row: one dynamic programme picks a model's caching intervals (orange) and pays the prices;\n"
        "a column: one knapsack picks the models that fit in memory and collects them",
        fontsize=9, loc="left",
    )  # fmt: skip
    unit, word = next(each for each in _MEMORY_UNITS if instance.memory[server] >= each[0] or each[0] == 1.0)
    used = instance.footprint @ cached / unit
    memory.bar(np.arange(instance.slots), used, width=1.0, color=ROW, alpha=0.55)
    memory.axhline(instance.memory[server] / unit, color=INK, linewidth=1)
    memory.axvspan(marked - 0.5, marked + 0.5, fill=False, edgecolor=COLUMN, linewidth=2)
    memory.set(xlabel="slot", ylabel=f"memory, {word}")
    return figure
