"""Where a command's instance comes from: a file, or a scenario by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..problem.instance import Instance

SUFFIXES = (".npz", ".json")
INSTANCE_SUFFIXES = (*SUFFIXES, ".nc", ".csv", ".parquet")


def open_instance(
    source: str,
    *,
    seed: int = 0,
    size: str = "medium",
    slots: int | None = None,
    servers: int | None = None,
    models: int | None = None,
    split: str = "test",
    world: int = 0,
) -> Instance:
    """Load the file, or draw the scenario, that the user named.

    Parameters
    ----------
    source
        Anything that ends in one of ``INSTANCE_SUFFIXES`` is a file, anything else the name of a scenario.
    seed, size, slots, servers, models, split, world
        As in `edgeopt.problem.scenario`; a file has no use for them.

    Raises
    ------
    EdgeoptError
        If there is no such file or scenario, or it is not what it should be.
    """
    if Path(source).suffix.lower() in INSTANCE_SUFFIXES:
        from ..problem.exchange import load_instance

        return load_instance(source)
    from ..problem.scenarios import scenario

    return scenario(
        source,
        seed=seed,
        size=size,
        slots=slots,
        servers=servers,
        models=models,
        split=split,
        world=world,
    )


def refuse_bad_target(out: Path | None) -> None:
    """Complain about a file that cannot be written before the work, not after it."""
    if out is None:
        return
    from ..problem.errors import InvalidFile

    if out.suffix.lower() not in SUFFIXES:
        raise InvalidFile(f"{out}: unknown suffix '{out.suffix}'; use .npz or .json")
    refuse_no_folder(out)


def refuse_no_folder(out: Path) -> None:
    """Complain about a file whose folder is not there, or which is itself a folder."""
    from ..problem.errors import InvalidFile

    if not out.parent.is_dir():
        raise InvalidFile(f"{out}: the folder {out.parent} does not exist")
    if out.is_dir():
        raise InvalidFile(f"{out}: is a folder; give the name of a file")
