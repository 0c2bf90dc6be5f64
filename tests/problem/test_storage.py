"""Files: exact round trips, atomic writes, and one clear line for whatever a stranger sends."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeopt.problem import EdgeoptError, Instance, InvalidFile, InvalidInstance, Plan, storage
from strategies import instances, instances_with_plans

PAGING = Instance(
    requests=np.eye(3, dtype=int), service_model=[0, 1, 2], memory=1, footprint=[1, 1, 1], cloud_cost=9
)


@pytest.mark.parametrize("suffix", [".npz", ".json"])
@given(pair=instances_with_plans())
@settings(max_examples=20)
def test_round_trips_are_bit_exact(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, pair: tuple[Instance, Plan]
) -> None:
    folder = tmp_path_factory.mktemp("files")
    instance, plan = pair
    instance.save(folder / f"instance{suffix}")
    plan.save(folder / f"plan{suffix}")
    assert Instance.load(folder / f"instance{suffix}") == instance
    assert Plan.load(folder / f"plan{suffix}") == plan


@pytest.mark.parametrize("suffix", [".npz", ".json"])
def test_the_same_instance_gives_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    PAGING.save(tmp_path / f"a{suffix}")
    PAGING.save(tmp_path / f"b{suffix}")
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_extreme_numbers_survive(tmp_path: Path) -> None:
    odd = PAGING.replace(cloud_cost=[5e-324, 1e100, 0.1 + 0.2], memory=2.0**60 + 2**9)
    for name in ("odd.npz", "odd.json"):
        odd.save(tmp_path / name)
        assert Instance.load(tmp_path / name) == odd


def test_hand_written_json_needs_only_the_five_arrays(tmp_path: Path) -> None:
    content = {
        "edgeopt": "instance/1",
        "requests": [[1, 0]],
        "service_model": [0, 0],
        "memory": 1,
        "footprint": [1],
        "cloud_cost": 2,
    }
    (tmp_path / "mine.json").write_text(json.dumps(content | {"compute": "inf"}))
    assert Instance.load(tmp_path / "mine.json").services == 2


def npz(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


def good() -> dict[str, Any]:
    return {"edgeopt_kind": np.asarray("instance/1"), **PAGING.arrays()}


def refused(path: Path, match: str) -> None:
    with pytest.raises(InvalidFile, match=match) as caught:
        Instance.load(path)
    assert "\n" not in str(caught.value)
    assert path.name in str(caught.value)


def test_pickles_are_never_opened(tmp_path: Path) -> None:
    """A pickle that would write a file when loaded is refused, and writes nothing."""

    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "executed",))

    refused(
        npz(tmp_path / "a.npz", **(good() | {"memory": np.array([Bomb()], dtype=object)})), "holds objects"
    )
    (tmp_path / "b.npz").write_bytes(pickle.dumps(Bomb()))
    refused(tmp_path / "b.npz", "damaged or not an .npz")
    (tmp_path / "c.npz").write_bytes(b"\x93NUMPY" + pickle.dumps(Bomb()))
    refused(tmp_path / "c.npz", "damaged or not an .npz")
    assert not (tmp_path / "executed").exists()


def test_truncated_and_flipped_files_are_refused(tmp_path: Path) -> None:
    PAGING.save(tmp_path / "whole.npz")
    data = (tmp_path / "whole.npz").read_bytes()
    for keep in (0, 1, 10, len(data) // 2, len(data) - 1):
        (tmp_path / "cut.npz").write_bytes(data[:keep])
        refused(tmp_path / "cut.npz", "damaged")
    for place in range(40, len(data), 97):
        broken = bytearray(data)
        broken[place] ^= 0xFF
        (tmp_path / "flip.npz").write_bytes(broken)
        try:
            Instance.load(tmp_path / "flip.npz")
        except EdgeoptError as error:
            assert "\n" not in str(error)


def test_a_header_that_promises_the_moon_is_refused_unread(tmp_path: Path) -> None:
    """A few bytes that claim 10^12 numbers must not make us reserve them; nor may a zip bomb unpack."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (10**6, 10**6)}
    )
    with zipfile.ZipFile(tmp_path / "moon.npz", "w") as archive:
        archive.writestr("memory.npy", header.getvalue())
    refused(tmp_path / "moon.npz", "too large")
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**6,)})
    with zipfile.ZipFile(tmp_path / "short.npz", "w") as archive:
        archive.writestr("memory.npy", header.getvalue() + b"12345678")
    refused(tmp_path / "short.npz", "larger than the")
    with zipfile.ZipFile(tmp_path / "deep.npz", "w") as archive:
        archive.writestr("memory.npy", b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 65535)
    refused(tmp_path / "deep.npz", "damaged")


def test_wrong_kinds_names_and_shapes_are_refused(tmp_path: Path) -> None:
    content = good()
    refused(npz(tmp_path / "plain.npz", memory=np.ones(1)), "is no edgeopt file")
    refused(
        npz(tmp_path / "kind.npz", **(content | {"edgeopt_kind": np.asarray("plan/1")})), "of kind 'plan/1'"
    )
    refused(npz(tmp_path / "more.npz", **content, evil=np.ones(1)), "unknown entry 'evil'")
    content.pop("footprint")
    refused(npz(tmp_path / "less.npz", **content), "entry 'footprint' is missing")
    refused(tmp_path / "nowhere.npz", "cannot be read")
    refused(tmp_path / "file.txt", "use .npz or .json")
    (tmp_path / "folder.npz").mkdir()
    refused(tmp_path / "folder.npz", "cannot be read")
    with pytest.raises(InvalidInstance, match="memory: shape"):
        Instance.load(npz(tmp_path / "shape.npz", **(good() | {"memory": np.ones((2, 2))})))
    with pytest.raises(InvalidInstance, match="requests"):
        Instance.load(npz(tmp_path / "negative.npz", **(good() | {"requests": -np.ones((3, 1, 3))})))


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "damaged"),
        ("{", "damaged"),
        ("[1, 2]", "expected an object"),
        ('{"edgeopt": "instance/1", "memory": NaN}', "NaN is not allowed"),
        ('{"edgeopt": "instance/1", "memory": [1, [2]]}', "not a regular array"),
        ('{"edgeopt": "instance/1", "memory": {"a": 1}}', "something other than numbers"),
        ('{"edgeopt": "instance/1", "memory": null}', "something other than numbers"),
        ('{"edgeopt": "instance/1", "memory": "big"}', "'big' is not a number"),
        (
            '{"edgeopt": "instance/1", "memory": 123456789012345678901234567890}',
            "something other than numbers",
        ),
        ("[" * 100_000, "damaged"),
        ('{"edgeopt": "instance/1", "memory": ' + "[" * 900 + "]" * 900 + "}", "not a regular array"),
        ('{"edgeopt": ["instance/1"]}', "of kind"),
        ("\udcff", "damaged"),
    ],
)
def test_odd_json_is_refused(tmp_path: Path, text: str, match: str) -> None:
    (tmp_path / "odd.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    refused(tmp_path / "odd.json", match)


@given(st.binary(max_size=300), st.sampled_from([".npz", ".json"]))
def test_random_bytes_give_one_line(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, suffix: str
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / f"x{suffix}"
    path.write_bytes(data)
    refused(path, "x")


@given(instances(), st.data())
@settings(max_examples=40)
def test_mutated_json_never_gives_anything_but_a_line(
    tmp_path_factory: pytest.TempPathFactory, instance: Instance, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("mutants") / "x.json"
    instance.save(path)
    text = path.read_text()
    place = data.draw(st.integers(0, len(text) - 1))
    path.write_text(
        text[:place]
        + data.draw(st.sampled_from(['"', "-", "9e99", "[", "null", "", "1.5"]))
        + text[place + 1 :]
    )
    try:
        Instance.load(path)
    except EdgeoptError as error:
        assert "\n" not in str(error)


def test_writing_is_atomic_and_failures_leave_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.json"
    PAGING.save(target)
    before = target.read_bytes()

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(InvalidFile, match="No space left on device"):
        PAGING.replace(memory=2).save(target)
    assert target.read_bytes() == before
    assert list(tmp_path.iterdir()) == [target]
    with pytest.raises(InvalidFile, match="cannot be written"):
        storage.write_atomic(tmp_path / "no" / "such" / "folder.json", b"")
