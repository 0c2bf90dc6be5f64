"""Plans as tidy CSV: a line for everything that is cached and everything that is served.

The columns are ``decision`` (``cached`` or ``served``), ``slot``, ``server``, ``name`` (of a model or of a
service) and ``value`` (1, or requests). What is not listed is 0. The names and the shape are the
instance's.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ..errors import InvalidFile, InvalidPlan
from ..instance import Instance
from ..plan import Plan
from ..storage import write_atomic
from .axes import one_line, quoting_of

COLUMNS = ("decision", "slot", "server", "name", "value")


def save_plan_csv(plan: Plan, instance: Instance, path: str | Path) -> None:
    """Write a plan of an instance as tidy CSV, atomically.

    Raises
    ------
    InvalidPlan
        If the plan has not the instance's shape.
    InvalidFile
        If the file cannot be written.
    """
    wanted = _shapes(instance)
    for decision, shape in wanted.items():
        found = getattr(plan, decision).shape
        if found != shape:
            raise InvalidPlan(f"{decision}: shape {found} does not fit the instance, which needs {shape}")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=quoting_of(instance))
    writer.writerow(COLUMNS)
    writer.writerows(_lines(plan, instance))
    write_atomic(path, text.getvalue().encode())


def load_plan_csv(path: str | Path, instance: Instance) -> Plan:
    """Read a plan of an instance from tidy CSV.

    Raises
    ------
    InvalidFile
        If the file cannot be read or is no such table, naming the line.
    InvalidPlan
        If a number is not what a plan may hold.
    """
    source = Path(path)
    plan = {decision: np.zeros(shape, np.int64) for decision, shape in _shapes(instance).items()}
    seen = {decision: np.zeros(shape, bool) for decision, shape in _shapes(instance).items()}
    names = {"cached": _numbers(instance.model_names), "served": _numbers(instance.service_names)}
    servers = _numbers(instance.server_names)
    number = 1
    try:
        with source.open(encoding="utf-8", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            if tuple(next(reader, ())) != COLUMNS:
                raise InvalidFile(f"{source}: no plan; the first line must be {','.join(COLUMNS)}")
            for decision, slot, server, name, value in reader:
                number = reader.line_num
                place = (int(slot), servers[server], names[decision][name])
                if place[0] < 0:
                    raise IndexError(f"slot {place[0]}")
                if seen[decision][place]:
                    raise ValueError("the same place as in a line before")
                seen[decision][place] = True
                plan[decision][place] = int(value)
    except InvalidFile:
        raise
    except OSError as error:
        raise InvalidFile(f"{source}: cannot be read ({error.strerror or error})") from None
    except KeyError as error:
        raise InvalidFile(f"{source}, line {number}: {error} is no name of the instance") from None
    except IndexError:
        raise InvalidFile(
            f"{source}, line {number}: there are only slots 0 to {instance.slots - 1}"
        ) from None
    except (ValueError, OverflowError, csv.Error) as error:
        raise InvalidFile(f"{source}, line {number}: no line of a plan ({one_line(error)})") from None
    return Plan(**plan)


def _shapes(instance: Instance) -> dict[str, tuple[int, int, int]]:
    slots, servers = instance.slots, instance.servers
    return {"cached": (slots, servers, instance.models), "served": (slots, servers, instance.services)}


def _lines(plan: Plan, instance: Instance) -> Iterator[tuple[str, int, str, str, int]]:
    for decision, array, names in (
        ("cached", plan.cached, instance.model_names),
        ("served", plan.served, instance.service_names),
    ):
        for slot, server, place in np.argwhere(array).tolist():
            value = int(array[slot, server, place])
            yield decision, slot, instance.server_names[server], names[place], value


def _numbers(names: Sequence[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(names)}
