"""Hypothesis profiles and the fixtures every folder of tests uses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "ci", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], max_examples=60
)
settings.register_profile(
    "quick", deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), max_examples=5
)  # which lines run at all, for the measurement of coverage
settings.register_profile("thorough", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with the real traces and tables: ../shared/data, else what EDGEOPT_DATA names."""
    for folder in (ROOT.parent / "shared" / "data", Path(os.environ.get("EDGEOPT_DATA", "no-such-folder"))):
        if folder.is_dir():
            return folder
    pytest.skip("real traces not here: neither ../shared/data nor a folder in EDGEOPT_DATA")
