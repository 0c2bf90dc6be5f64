"""The cache of one server over time: which model when, its context growing and being lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from ..strips import ABSENT, level

ROW_HEIGHT = 10
"""Height of a model's row in the drawing's own units; the width of a slot is 1."""

SHADES = 12
"""Steps of colour between an empty context and full windows."""

FAINTEST = 0.2
"""Opacity of a cached model without any context."""


@dataclass(frozen=True)
class Timeline:
    """What is drawn for one case, as strips of letters (see `edgeopt.benchmarks.strips`).

    Parameters
    ----------
    server
        The server's name.
    models
        Names of the models, one row each.
    demand
        A strip of demand for each model.
    lanes
        For each policy its strips of the cache, in drawing order.
    """

    server: str
    models: tuple[str, ...]
    demand: Sequence[str]
    lanes: Mapping[str, Sequence[str]]


def timeline_figure(timeline: Timeline, titles: Mapping[str, str]) -> str:
    """Return the figure: a lane of demand, then one lane for each policy.

    Parameters
    ----------
    titles
        The heading of each policy's lane.
    """
    slots = len(timeline.demand[0])
    lanes = [_lane("Demand", "requests for each model", timeline.models, timeline.demand, "demand")]
    for name, strips in timeline.lanes.items():
        loads, lost = sum(map(_loads, strips)), sum(map(_losses, strips))
        note = f"loads: {loads}, contexts lost: {lost}"
        lanes.append(_lane(titles.get(name, name), note, timeline.models, strips, "cache"))
    ticks = "".join(f"<span>{round(slots * part / 4)}</span>" for part in range(5))
    return (
        '<figure class="timeline">'
        f"<figcaption>Cache of {escape(timeline.server)} on the first test seed. "
        '<span class="key"><i class="ramp"></i> cached: stronger colour, fuller context</span> '
        '<span class="key"><i class="loss"></i> evicted, context lost</span></figcaption>'
        f'{"".join(lanes)}<div class="ticks"><span>slot</span><div>{ticks}</div></div></figure>'
    )


def _lane(title: str, note: str, models: Sequence[str], strips: Sequence[str], kind: str) -> str:
    names = "".join(f"<span>{escape(name)}</span>" for name in models)
    width, height = len(strips[0]), ROW_HEIGHT * len(strips)
    bands = "".join(
        f'<rect class="band" x="0" y="{ROW_HEIGHT * row}" width="{width}" height="{ROW_HEIGHT}"/>'
        for row in range(0, len(strips), 2)
    )
    marks = "".join("".join(_marks(strip, row, kind)) for row, strip in enumerate(strips))
    return (
        f'<div class="lane"><h4>{escape(title)} <small>{escape(note)}</small></h4>'
        f'<div class="names">{names}</div>'
        f'<svg class="{kind}" viewBox="0 0 {width} {height}" preserveAspectRatio="none" '
        f'role="img" aria-label="{escape(title)}: {escape(note)}" style="--rows:{len(strips)}">'
        f"{bands}{marks}</svg></div>"
    )


def _marks(strip: str, row: int, kind: str) -> Iterator[str]:
    """Draw runs of one shade as one rectangle each, and a line where a context is lost."""
    faintest, spoken = (FAINTEST, True) if kind == "cache" else (0.0, False)
    top, slot, before = ROW_HEIGHT * row, 0, ABSENT
    for shade, run in groupby(strip, _shade):
        letters = "".join(run)
        if shade is not None:
            opacity = faintest + (1 - faintest) * shade / SHADES
            title = f"<title>{_said(letters, slot)}</title>" if spoken else ""
            yield (
                f'<rect x="{slot}" y="{top + 1}" width="{len(letters)}" height="{ROW_HEIGHT - 2}" '
                f'fill-opacity="{opacity:.2f}">{title}</rect>'
            )
        elif kind == "cache" and (level(before) or 0) > 0:
            yield f'<path class="loss" d="M{slot} {top}v{ROW_HEIGHT}"/>'
        slot, before = slot + len(letters), letters[-1]


def _shade(letter: str) -> int | None:
    share = level(letter)
    return None if share is None else round(SHADES * share)


def _said(letters: str, slot: int) -> str:
    """Say from when to when a rectangle lasts and how full the windows are at its end."""
    last = slot + len(letters) - 1
    when = f"slot {slot}" if last == slot else f"slots {slot} to {last}"
    return f"{when}: {100 * (level(letters[-1]) or 0):.0f} % of the windows"


def _loads(strip: str) -> int:
    return sum(now != ABSENT and before == ABSENT for before, now in zip(ABSENT + strip, strip, strict=False))


def _losses(strip: str) -> int:
    return sum(
        now == ABSENT and (level(before) or 0) > 0 for before, now in zip(ABSENT + strip, strip, strict=False)
    )
