"""``edgeopt ladder``: the rungs in order, as a table, as JSON and as a picture."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from edgeopt.cli.app import run


def test_rungs_climb_from_the_compact_relaxation_to_the_optimum(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "ladder.svg"
    assert run(["ladder", "workflow", "--slots", "20", "--json", "--plot", str(picture)]) == 0
    rungs = {row["name"]: row for row in json.loads(capsys.readouterr().out)["rungs"]}
    order = ["compact", "extended", "hull", "decomposition", "optimum"]
    values = [rungs[name]["value"] for name in order]
    assert all(below <= above * (1 + 1e-4) for below, above in pairwise(values))
    assert values[0] < values[-1] < rungs["cloud-only"]["value"]
    assert ElementTree.parse(picture).getroot().tag.endswith("svg")


def test_the_table_names_every_rung(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ladder", "decoy", "--slots", "12"]) == 0
    printed = capsys.readouterr().out
    for name in ("compact", "hull", "optimum", "cloud-only"):
        assert name in printed
