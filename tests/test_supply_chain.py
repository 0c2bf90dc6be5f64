"""What an install brings is pinned, and every direct dependency is accounted for in the documentation."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]


def normal(name: str) -> str:
    """Two spellings of one package are one name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {normal(name): version for name, version in pairs}


def brought(wanted: list[str]) -> set[str]:
    """Everything these requirements need on this platform, as far as it is installed here."""
    found: set[tuple[str, str]] = set()
    todo = [(normal(r.name), extra) for r in map(Requirement, wanted) for extra in ("", *r.extras)]
    while todo:
        name, extra = todo.pop()
        if (name, extra) in found or name == "edgeopt":
            continue
        try:
            needed = requires(name) or []
        except PackageNotFoundError:  # an extra that is not installed
            continue
        found.add((name, extra))
        for requirement in map(Requirement, needed):
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                todo += [(normal(requirement.name), own) for own in ("", *requirement.extras)]
    return {name for name, _ in found}


def test_everything_that_is_installed_is_pinned() -> None:
    wanted = [*PROJECT["dependencies"], *(line for lines in EXTRAS.values() for line in lines)]
    found = brought(wanted)
    assert len(found) > 40
    assert not found - set(pinned())


def test_pins_allow_what_is_asked_for() -> None:
    for line in [*PROJECT["dependencies"], *(line for lines in EXTRAS.values() for line in lines)]:
        requirement = Requirement(line)
        if requirement.name != "edgeopt":
            assert requirement.specifier.contains(pinned()[normal(requirement.name)]), line


def test_every_dependency_has_its_reason_in_the_documentation() -> None:
    page = (ROOT / "docs" / "project" / "dependencies.md").read_text()
    for extra in EXTRAS:
        assert f"`{extra}`" in page
    for line in [*PROJECT["dependencies"], *(line for lines in EXTRAS.values() for line in lines)]:
        name = Requirement(line).name
        assert name in page, name
