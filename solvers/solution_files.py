"""Solutions as files: ``.npz`` (no pickle) or ``.json``, exact to the last bit and safe to open.

Everything but the plan is one JSON text, the *record*; an ``.npz`` holds its bytes beside the plan's arrays.
Python writes the shortest decimal that reads back as the same float, so text loses nothing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import numpy as np

from ..problem import storage
from ..problem.errors import EdgeoptError, InvalidFile
from ..problem.plan import Plan
from .certificate.certificate import Certificate

KIND = "solution/1"
MAX_RECORD_BYTES = 2**30
_FIELDS = {"cost": float, "lower_bound": float, "gap": float, "status": str, "method": str, "seconds": float}
_DTYPES = frozenset({"bool", "int8", "uint8", "int16", "int32", "int64", "uint64", "float32", "float64"})


Made = TypeVar("Made")


def save_solution(solution: Any, path: str | Path) -> None:
    """Write a solution (anything with its fields); the suffix chooses the format.

    Raises
    ------
    InvalidFile
        If the suffix is neither ``.npz`` nor ``.json``, or the file cannot be written.
    """
    record: dict[str, Any] = {name: _encode(getattr(solution, name)) for name in _FIELDS}
    record["details"] = _encode(solution.details)
    if solution.certificate is not None:
        record["certificate"] = _encode(solution.certificate.record())
    plan = solution.plan
    if Path(path).suffix.lower() == ".json":
        arrays = (
            None
            if plan is None
            else {"cached": plan.cached.astype(int).tolist(), "served": plan.served.tolist()}
        )
        text = json.dumps({"edgeopt": KIND, **record, "plan": arrays}, allow_nan=False)
        storage.write_atomic(path, (text + "\n").encode())
        return
    content: storage.Arrays = {
        "record": np.frombuffer(json.dumps(record, allow_nan=False).encode(), dtype=np.uint8)
    }
    if plan is not None:
        content |= {"cached": plan.cached, "served": plan.served}
    storage.save(path, KIND, content)


def load_solution(path: str | Path, make: Callable[..., Made]) -> Made:
    """Read what :func:`save_solution` wrote and hand its fields to ``make``.

    Raises
    ------
    InvalidFile
        If the file is no solution, is damaged, or contradicts itself.
    """
    source = Path(path)
    try:
        record, plan = _read_json(source) if source.suffix.lower() == ".json" else _read_npz(source)
        if unknown := sorted(record.keys() - _FIELDS.keys() - {"details", "certificate"}):
            raise InvalidFile(
                f"unknown entry '{unknown[0][:40]}'; known are {', '.join(_FIELDS)}, details, certificate"
            )
        if missing := sorted((_FIELDS.keys() | {"details"}) - record.keys()):
            raise InvalidFile(f"entry '{missing[0]}' is missing")
        values = {name: _typed(name, _decode(record[name]), kind) for name, kind in _FIELDS.items()}
        proof = _decode(record.get("certificate"))
        certificate = None if proof is None else Certificate.of_record(proof, plan, values["cost"])
        details = _details(_decode(record["details"]))
        return make(plan=plan, details=details, certificate=certificate, **values)
    except EdgeoptError as error:
        text = str(error)
        raise InvalidFile(text if text.startswith(str(source)) else f"{source}: {text}") from None
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError, MemoryError) as error:
        problem = " ".join(str(error).split())[:120] or type(error).__name__
        raise InvalidFile(f"{source}: damaged or no solution ({problem})") from None


def _read_npz(source: Path) -> tuple[dict[str, Any], Plan | None]:
    content = storage.load(source, KIND, known={"record", "cached", "served"}, required={"record"})
    record = content.pop("record")
    if record.dtype != np.uint8 or record.ndim != 1:
        raise InvalidFile(f"entry 'record' is {record.dtype} {record.shape}: it must be a row of bytes")
    return _object(record.tobytes()), Plan(**content) if content else None


def _read_json(source: Path) -> tuple[dict[str, Any], Plan | None]:
    try:
        if source.stat().st_size > MAX_RECORD_BYTES:
            raise InvalidFile(f"larger than {MAX_RECORD_BYTES:,} bytes")
        record = _object(source.read_bytes())
    except OSError as error:
        raise InvalidFile(f"cannot be read ({error.strerror or error})") from None
    kind = record.pop("edgeopt", None)
    if kind != KIND:
        raise InvalidFile(f"is of kind {str(kind)[:40]!r}; expected {KIND!r}")
    arrays = record.pop("plan")
    return record, None if arrays is None else Plan(**arrays)


def _object(text: bytes) -> dict[str, Any]:
    content = json.loads(text, parse_constant=_no_constant)
    if not isinstance(content, dict):
        raise InvalidFile("expected an object with named entries")
    return content


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not allowed: infinity is written as text")


def _typed(name: str, value: Any, kind: type) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, kind):
        raise InvalidFile(f"{name} is {str(value)[:40]!r}: expected {kind.__name__}")
    return value


def _details(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidFile("entry 'details' must be an object with named entries")
    return value


def _encode(value: Any) -> Any:
    """Turn a detail into what JSON can hold; marks start with a dollar sign."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"$number": str(value)}
    if isinstance(value, np.ndarray):
        flat = [_text_unless_finite(item) for item in value.ravel().tolist()]
        return {"$array": str(value.dtype), "shape": list(value.shape), "values": flat}
    if isinstance(value, Mapping):
        return {f"${key}" if key.startswith("$") else key: _encode(part) for key, part in value.items()}
    return [_encode(part) for part in value] if isinstance(value, list) else value


def _text_unless_finite(item: Any) -> Any:
    return str(item) if isinstance(item, float) and not math.isfinite(item) else item


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return [_decode(part) for part in value]
    if not isinstance(value, dict):
        return value
    if "$number" in value:
        return float(value["$number"])
    if "$array" in value:
        if value["$array"] not in _DTYPES:
            raise InvalidFile(f"an array in details has type {str(value['$array'])[:20]!r}")
        return np.array(value["values"], dtype=value["$array"]).reshape(value["shape"])
    return {key[1:] if key.startswith("$") else key: _decode(part) for key, part in value.items()}
