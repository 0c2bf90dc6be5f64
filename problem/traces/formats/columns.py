"""Columns of text turned into arrays, a chunk at a time; what cannot be parsed is marked, not raised."""

from __future__ import annotations

import math
import warnings
from array import array
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from ..trace import CodeArray, FloatArray, IntArray

BoolArray = npt.NDArray[np.bool_]

MAX_TOKENS = 10**9
"""A larger count is a damaged field: no model reads that much, and sums must stay exact."""


class Codes(dict[str, int]):
    """Interned strings: equal text, equal code; codes count up from 0, the empty text is -1."""

    def __init__(self) -> None:
        super().__init__({"": -1})

    def __missing__(self, text: str) -> int:
        code = self[text] = len(self) - 1
        return code

    def encode(self, texts: Sequence[str]) -> CodeArray:
        """Codes of many strings."""
        return np.fromiter(map(self.__getitem__, texts), dtype=np.int32, count=len(texts))

    def names(self) -> tuple[str, ...]:
        """Text of code 0, 1, ..."""
        return tuple(text for text in self if text)


class Buffers:
    """Named columns that grow at their end; growth is amortised, the result is not copied."""

    def __init__(self, typecodes: Mapping[str, str]) -> None:
        self._arrays = {name: array(code) for name, code in typecodes.items()}

    def extend(self, **chunk: npt.NDArray[Any]) -> None:
        """Append one chunk of every column."""
        for name, column in self._arrays.items():
            column.frombytes(chunk[name].astype(column.typecode, copy=False).tobytes())

    def finish(self) -> dict[str, npt.NDArray[Any]]:
        """Arrays over the grown buffers."""
        return {name: np.frombuffer(column, dtype=column.typecode) for name, column in self._arrays.items()}


def parse_seconds(texts: Sequence[str]) -> tuple[FloatArray, BoolArray]:
    """Parse numbers of seconds: values, and where the text was no number."""
    try:
        return np.fromiter(map(float, texts), dtype=np.float64, count=len(texts)), np.zeros(len(texts), bool)
    except ValueError:
        values = [_float(text) for text in texts]
    bad = np.array([value is None for value in values])
    return np.array([math.nan if value is None else value for value in values]), bad


def parse_counts(texts: Sequence[str]) -> tuple[IntArray, BoolArray]:
    """Parse whole numbers (``"12"`` and ``"12.0"`` alike): values, and where the text was none."""
    try:
        values = np.fromiter(map(int, texts), dtype=np.int64, count=len(texts))
    except (ValueError, OverflowError):
        whole = [_whole(text) for text in texts]
        values = np.array([MAX_TOKENS + 1 if value is None else value for value in whole], dtype=np.int64)
    return values, np.abs(values) > MAX_TOKENS


def parse_clock(texts: Sequence[str]) -> tuple[FloatArray, BoolArray]:
    """Parse wall-clock times in ISO form: seconds of the Unix epoch, and where the text was none.

    A time without a zone is UTC. Epoch seconds as a float64 resolve 0.24 microseconds, finer than
    any use of them here.
    """
    bare = [text[:-6] if text.endswith("+00:00") else text.removesuffix("Z") for text in texts]
    joined = "".join(bare)
    # The vectorised parser takes years that fit 64-bit nanoseconds, and no zone (two dashes a date).
    if (
        min(bare) >= "1970"
        and max(bare) < "2200"
        and "+" not in joined
        and joined.count("-") == 2 * len(bare)
    ):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # numpy warns of a zone, and ignores it
                ticks = np.array(bare, dtype="datetime64[ns]")
        except (ValueError, UserWarning):
            pass
        else:
            bad = np.isnat(ticks)
            return np.where(bad, math.nan, ticks.astype(np.int64) / 1e9), bad
    values = [_clock(text) for text in texts]
    bad = np.array([value is None for value in values], dtype=bool)
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64), bad


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _whole(text: str) -> int | None:
    value = _float(text)
    if value is None or not math.isfinite(value) or value != math.floor(value) or abs(value) > MAX_TOKENS:
        return None
    return int(value)


def _clock(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
