"""The published JSON schema of instance files, against the reader and the writer of such files."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgeopt.problem import EdgeoptError, Instance
from edgeopt.problem.exchange import instance_schema
from edgeopt.problem.exchange.schema import schema_text
from strategies import instances

ROOT = Path(__file__).resolve().parents[2]
VALIDATOR = jsonschema.Draft202012Validator(instance_schema())


def written(instance: Instance, folder: Path) -> dict[str, Any]:
    instance.save(folder / "instance.json")
    return json.loads((folder / "instance.json").read_text())


def test_the_published_files_are_the_schema() -> None:
    shipped = files("edgeopt.problem.exchange").joinpath("instance.schema.json").read_text()
    assert shipped == schema_text()
    jsonschema.Draft202012Validator.check_schema(json.loads(shipped))
    if (ROOT / "docs").is_dir():
        assert (ROOT / "docs" / "instance.schema.json").read_text() == schema_text()


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(instance=instances())
def test_what_save_writes_is_valid(tmp_path: Path, instance: Instance) -> None:
    VALIDATOR.validate(written(instance, tmp_path))


HAND = {
    "edgeopt": "instance/1",
    "requests": [[3, 0], [0, 2]],
    "service_model": [0, 1],
    "memory": 4,
    "footprint": [2, 3],
    "cloud_cost": 1,
}


def test_a_file_by_hand_is_valid_and_loads(tmp_path: Path) -> None:
    for more in ({}, {"compute": "inf"}, {"compute": ["inf"]}, {"server_names": ["edge"]}, {"window": 2.0}):
        VALIDATOR.validate(HAND | more)
        (tmp_path / "hand.json").write_text(json.dumps(HAND | more))
        assert Instance.load(tmp_path / "hand.json").slots == 2


MALFORMED: list[dict[str, Any]] = [
    {"edgeopt": "instance/2"},
    {"edgeopt": None},
    {"requests": [3, 0]},
    {"requests": []},
    {"requests": [[[[1]]]]},
    {"requests": [[1.5, 0]]},
    {"requests": [[-1, 0]]},
    {"requests": [[10**9 + 1, 0]]},
    {"requests": [[1, 0], [1]], "memory": None},
    {"requests": "many"},
    {"memory": -1},
    {"memory": "inf"},
    {"memory": "4 GB"},
    {"memory": 10**400},
    {"memory": [[[4]]]},
    {"memory": {}},
    {"footprint": 2},
    {"footprint": [0, 3]},
    {"compute": "infinity"},
    {"compute": []},
    {"accuracy": 1.1},
    {"accuracy": [[[1]]]},
    {"window": 10**6 + 1},
    {"slot_seconds": 0},
    {"slot_seconds": [1]},
    {"server_names": []},
    {"server_names": "edge"},
    {"model_names": ["a", "a"]},
    {"model_names": ["a", 1]},
    {"service_names": ["a", "b" * 201]},
    {"service_names": ["a", "\0"]},
    {"weight": 1},
]


@pytest.mark.parametrize("change", MALFORMED, ids=lambda change: str(change)[:40])
def test_malformed_files_are_refused_by_both(tmp_path: Path, change: dict[str, Any]) -> None:
    content = HAND | change
    assert not VALIDATOR.is_valid(content)
    (tmp_path / "bad.json").write_text(json.dumps(content))
    with pytest.raises(EdgeoptError) as caught:
        Instance.load(tmp_path / "bad.json")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", list(HAND))
def test_what_is_required_is_required_by_both(tmp_path: Path, name: str) -> None:
    content = {key: value for key, value in HAND.items() if key != name}
    assert not VALIDATOR.is_valid(content)
    (tmp_path / "bad.json").write_text(json.dumps(content))
    with pytest.raises(EdgeoptError):
        Instance.load(tmp_path / "bad.json")


VALUES = st.recursive(
    st.none() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(instance_schema()["properties"])), value=VALUES)
def test_what_the_schema_refuses_the_reader_refuses(tmp_path: Path, name: str, value: Any) -> None:
    content = HAND | {name: value}
    (tmp_path / "any.json").write_text(json.dumps(content))
    try:
        instance = Instance.load(tmp_path / "any.json")
    except EdgeoptError:
        return
    assert VALIDATOR.is_valid(content), instance
