"""The fast form of the fuzzing drill: a few hundred damaged files of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from drills.fuzz import MEMORY_BOUND, USES, drill


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_damaged_files_end_in_typed_errors_alone(tmp_path: Path) -> None:
    tally = drill(tmp_path, 700, seed=2026)
    assert tally.failures == []
    assert tally.peak < MEMORY_BOUND
    assert set(tally.commands) <= {0, 1, 2}
    assert tally.refused.keys() == USES.keys() | {"settings"}
    assert tally.refused.total() > 300, "the files are hardly damaged"
    assert tally.read.total() > 50, "nothing of what is damaged a little is read"
