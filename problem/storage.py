"""Reading and writing named arrays as ``.npz`` or ``.json``: exact, atomic, and safe to open.

Files come from strangers. An ``.npz`` is opened without pickle, its members, types and sizes are
checked from their headers before anything is unpacked; a ``.json`` holds plain numbers and
strings, with ``"inf"`` for infinity. Whatever is wrong ends in one `InvalidFile`.
"""

from __future__ import annotations

import io
import json
import math
import os
import struct
import tempfile
import tokenize
import zipfile
import zlib
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from .errors import InvalidFile
from .fields import MAX_ELEMENTS

Arrays = dict[str, npt.NDArray[Any]]
_KIND_KEY = "edgeopt_kind"
_MAX_FILE_BYTES = 4 * 2**30
_MAX_TEXT = 10**6
_MAX_HEADER = 10_000
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, tokenize.TokenError, SyntaxError, EOFError, MemoryError),
    *(RuntimeError, ValueError, TypeError, LookupError, OverflowError),
)
"""What zipfile and numpy raise for damaged files: numpy reads a header as Python text."""


def write_atomic(path: str | Path, data: bytes) -> None:
    """Write a file so that readers see the old content or the new, never a part.

    Raises
    ------
    InvalidFile
        If the folder does not exist or cannot be written to.
    """
    target = Path(path)
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            Path(temporary).chmod(0o666 & ~_umask())
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InvalidFile(f"{target}: cannot be written ({error.strerror or error})") from None


def read_bounded(source: Path) -> bytes:
    """Return the content of a file of at most 4 GiB.

    Raises
    ------
    InvalidFile
        If it is larger or cannot be read.
    """
    try:
        size = source.stat().st_size
        if size > _MAX_FILE_BYTES:
            raise InvalidFile(f"{source}: {size:,} bytes; at most {_MAX_FILE_BYTES:,} are read")
        return source.read_bytes()
    except OSError as error:
        raise InvalidFile(f"{source}: cannot be read ({error.strerror or error})") from None


def save(path: str | Path, kind: str, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write arrays under a kind such as ``instance/1``; the suffix chooses the format."""
    if _suffix(path) == ".npz":
        buffer = io.BytesIO()
        members: dict[str, Any] = {_KIND_KEY: np.asarray(kind), **arrays}
        np.savez_compressed(buffer, **members)
        write_atomic(path, buffer.getvalue())
    else:
        content = {"edgeopt": kind} | {name: _to_json(array) for name, array in arrays.items()}
        lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in content.items())
        write_atomic(path, ("{\n" + lines + "\n}\n").encode())


def load(path: str | Path, kind: str, *, known: Set[str], required: Set[str]) -> Arrays:
    """Read the arrays of a file of the given kind.

    Parameters
    ----------
    path
        An ``.npz`` or ``.json`` file.
    kind
        What the file must say it is.
    known, required
        The names it may and must hold.

    Raises
    ------
    InvalidFile
        In one line, for anything that is not such a file.
    """
    source = Path(path)
    suffix = _suffix(source)
    try:
        size = source.stat().st_size
        if size > _MAX_FILE_BYTES:
            raise InvalidFile(f"{source}: {size:,} bytes; at most {_MAX_FILE_BYTES:,} are read")
        arrays = _load_npz(source, known) if suffix == ".npz" else _load_json(source)
    except InvalidFile:
        raise
    except OSError as error:
        raise InvalidFile(f"{source}: cannot be read ({error.strerror or error})") from None
    found = arrays.pop(_KIND_KEY, None)
    if found is None or str(found) != kind:
        what = "no edgeopt file" if found is None else f"of kind '{str(found)[:40]}'"
        raise InvalidFile(f"{source}: is {what}; expected '{kind}'")
    if strange := sorted(arrays.keys() - known):
        raise InvalidFile(
            f"{source}: unknown entry '{strange[0][:40]}'; known are {', '.join(sorted(known))}"
        )
    if missing := sorted(required - arrays.keys()):
        raise InvalidFile(f"{source}: entry '{missing[0]}' is missing")
    return arrays


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _suffix(path: str | Path) -> str:
    suffix = Path(path).suffix.lower()
    if suffix not in {".npz", ".json"}:
        raise InvalidFile(f"{path}: unknown suffix '{suffix}'; use .npz or .json")
    return suffix


def _load_npz(source: Path, known: Set[str]) -> Arrays:
    try:
        with zipfile.ZipFile(source) as archive:
            return dict(_members(source, archive, known))
    except InvalidFile:
        raise
    except _DAMAGE as error:
        raise InvalidFile(f"{source}: damaged or not an .npz file ({_one_line(error)})") from None


def _members(source: Path, archive: zipfile.ZipFile, known: Set[str]) -> list[tuple[str, npt.NDArray[Any]]]:
    """Read every member, after its name and its header have been found harmless."""
    result = []
    names = [info.filename for info in archive.infolist()]
    if len(set(names)) != len(names):
        raise InvalidFile(f"{source}: holds an entry twice")
    for info in archive.infolist():
        name = info.filename.removesuffix(".npy")
        if name != _KIND_KEY and name not in known:
            raise InvalidFile(f"{source}: unknown entry '{name[:40]}'; known are {', '.join(sorted(known))}")
        with archive.open(info) as member:
            _check_header(source, name, info.file_size, *_header(member))
        with archive.open(info) as member:
            array = np.lib.format.read_array(member, allow_pickle=False)
        if array.dtype.kind == "U" and not _is_text(array):
            raise InvalidFile(f"{source}: entry '{name}' holds numbers that stand for no letter")
        result.append((name, array))
    return result


def _is_text(array: npt.NDArray[Any]) -> bool:
    """Say whether every letter of an array of text is one; numpy stores their numbers unchecked."""
    letters = np.frombuffer(array.tobytes(), dtype=np.dtype("u4").newbyteorder(array.dtype.byteorder))
    return bool(np.all((letters < 0xD800) | ((letters > 0xDFFF) & (letters <= 0x10FFFF))))


def _header(member: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(member)
    if version not in {(1, 0), (2, 0)}:
        raise ValueError(f"unknown .npy version {version}")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(member, max_header_size=_MAX_HEADER)
    return shape, dtype


def _check_header(source: Path, name: str, stored: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    if dtype.hasobject or dtype.kind not in "biufU":
        raise InvalidFile(
            f"{source}: entry '{name}' holds objects of type {dtype}; only plain numbers and strings are read"
        )
    elements = math.prod(shape)
    if elements > MAX_ELEMENTS or elements * dtype.itemsize > 8 * MAX_ELEMENTS or min(shape, default=0) < 0:
        raise InvalidFile(
            f"{source}: entry '{name}' of shape {shape} is too large (at most {MAX_ELEMENTS:,} numbers)"
        )
    if elements * dtype.itemsize > stored:
        raise InvalidFile(
            f"{source}: entry '{name}' of shape {shape} is larger than the {stored:,} bytes stored"
        )
    if dtype.kind == "U" and elements * dtype.itemsize > 4 * _MAX_TEXT:
        raise InvalidFile(f"{source}: entry '{name}' holds too much text")


def _load_json(source: Path) -> Arrays:
    try:
        content = json.loads(source.read_text(encoding="utf-8"), parse_constant=_no_constant)
        if not isinstance(content, dict):
            raise InvalidFile(f"{source}: expected an object with named entries")
        kind = content.pop("edgeopt", None)
        arrays = {str(name): _from_json(source, str(name), value) for name, value in content.items()}
    except InvalidFile:
        raise
    except (ValueError, RecursionError, OverflowError, MemoryError) as error:
        raise InvalidFile(f"{source}: damaged or not a .json file ({_one_line(error)})") from None
    return arrays | ({_KIND_KEY: np.asarray(str(kind))} if kind is not None else {})


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not allowed; write infinity as the string inf")


def _from_json(source: Path, name: str, value: Any) -> npt.NDArray[Any]:
    if name.endswith("_names"):
        return _names_from_json(source, name, value)
    try:
        array = np.asarray(value)
        if array.dtype.kind == "U":
            array = np.asarray(_with_infinity(value), dtype=np.float64)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise InvalidFile(
            f"{source}: entry '{name[:40]}' is not a regular array ({_one_line(error)})"
        ) from None
    if array.dtype.kind not in "biuf":
        raise InvalidFile(f"{source}: entry '{name[:40]}' holds something other than numbers")
    return array


def _names_from_json(source: Path, name: str, value: Any) -> npt.NDArray[Any]:
    """Return a list of texts; numpy would make one of a number, and drop zero bytes at an end."""
    if not isinstance(value, list) or not all(isinstance(item, str) and "\0" not in item for item in value):
        raise InvalidFile(f"{source}: entry '{name[:40]}' must be a list of texts without zero bytes")
    return np.asarray(value, dtype=np.str_)


def _with_infinity(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_infinity(item) for item in value]
    if value == "inf":
        return math.inf
    if isinstance(value, str):
        raise ValueError(f"'{value[:20]}' is not a number")
    return value


def _to_json(array: npt.NDArray[Any]) -> Any:
    if array.dtype.kind == "b":
        array = array.astype(np.int64)
    if array.dtype.kind == "f" and np.any(np.isinf(array)):
        return _without_infinity(array.tolist())
    return array.tolist()


def _without_infinity(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_infinity(item) for item in value]
    return "inf" if value == math.inf else value


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
