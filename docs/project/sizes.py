"""What each direct dependency weighs, alone and with what only it needs: ``python docs/project/sizes.py``."""

from __future__ import annotations

import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]


def size(name: str) -> int:
    """Bytes of the files of an installed package."""
    one = distribution(name)
    paths = [Path(str(one.locate_file(file))) for file in one.files or ()]
    return sum(path.stat().st_size for path in paths if path.exists())


def closure(names: list[str]) -> set[str]:
    """The packages, and what they need."""
    found: set[str] = set()
    todo = [canonicalize_name(name) for name in names]
    while todo:
        name = todo.pop()
        try:
            needed = distribution(name).requires or []
        except PackageNotFoundError:
            continue
        if name not in found:
            found.add(name)
            todo += [
                canonicalize_name(line.name)
                for line in map(Requirement, needed)
                if line.marker is None or line.marker.evaluate({"extra": ""})
            ]
    return found


def main() -> None:
    """Print the core's dependencies, then the extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    direct = [Requirement(line).name for line in project["dependencies"]]
    core = closure(direct)
    sys.stdout.write(f"core: {len(core)} packages, {sum(map(size, core)) / 1e6:.0f} MB\n")
    for name in direct:
        freed = core - closure([other for other in direct if other != name])
        sys.stdout.write(
            f"{name:18} own {size(name) / 1e6:6.1f} MB, frees {sum(map(size, freed)) / 1e6:6.1f} MB\n"
        )
    for extra, lines in project["optional-dependencies"].items():
        more = closure([Requirement(line).name for line in lines]) - core - {"edgeopt"}
        sys.stdout.write(f"[{extra}] {sum(map(size, more)) / 1e6:.0f} MB beside the core\n")


if __name__ == "__main__":
    main()
