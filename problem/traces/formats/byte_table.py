"""A block of plain CSV text as a table of bytes: fields are found and numbers read without a loop.

Python's csv module makes a string of every field. Traces are long tables of short numbers, mostly
without a quote in them, so for such blocks the separators are located with numpy and the digits of a
whole column are weighed at once: several times as fast. Whatever is out of the ordinary (quotes, rows of
another width, other alphabets, signs, exponents) is left to the ordinary parsers.
"""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt

from ..trace import FloatArray, IntArray
from .columns import MAX_TOKENS, BoolArray, parse_clock, parse_counts, parse_seconds

_NEWLINE, _RETURN, _COMMA, _DOT, _ZERO = (ord(letter) for letter in "\n\r,.0")
_EXACT_DIGITS = 15
"""So many decimal digits are always exact in a float64."""
_UTC = np.frombuffer(b"+00:00", dtype=np.uint8)
Bytes = npt.NDArray[np.uint8]


class ByteTable:
    """Rows of one block; every row has the same number of fields.

    Use `of` to make one.
    """

    def __init__(self, text: str, letters: Bytes, starts: IntArray, ends: IntArray) -> None:
        self._text, self._letters, self._starts, self._ends = text, letters, starts, ends

    @classmethod
    def of(cls, block: bytes, width: int) -> ByteTable | None:
        """Return the table of a block of complete lines, or None if it is not plainly rectangular."""
        if b'"' in block or not block.isascii():
            return None
        letters = np.frombuffer(block if block.endswith(b"\n") else block + b"\n", dtype=np.uint8)
        separators = np.flatnonzero((letters == _NEWLINE) | (letters == _COMMA))
        if separators.size % width:
            return None
        ends = separators.reshape(-1, width)
        is_newline = letters[ends] == _NEWLINE
        if not is_newline[:, -1].all() or is_newline[:, :-1].any():
            return None
        starts = np.concatenate(([0], separators[:-1] + 1)).reshape(-1, width)
        returned = (letters[ends[:, -1] - 1] == _RETURN) & (ends[:, -1] > starts[:, -1])
        ends[:, -1] -= returned
        if block.count(b"\r") != int(returned.sum()):
            return None
        if width == 1 and np.any(ends == starts):
            return None
        return cls(block.decode("ascii"), letters, starts, ends)

    def __len__(self) -> int:
        return int(self._starts.shape[0])

    def texts(self, place: int, rows: BoolArray | None = None) -> list[str]:
        """Fields of a column, of all rows or those marked."""
        chosen = slice(None) if rows is None else rows
        bounds = zip(self._starts[chosen, place].tolist(), self._ends[chosen, place].tolist(), strict=True)
        text = self._text
        return [text[start:end] for start, end in bounds]

    def seconds(self, place: int) -> tuple[FloatArray, BoolArray]:
        """Numbers of a column, as `columns.parse_seconds` reads them."""
        return self._numbers(place) or parse_seconds(self.texts(place))

    def counts(self, place: int) -> tuple[IntArray, BoolArray]:
        """Whole numbers of a column, as `columns.parse_counts` reads them."""
        found = self._numbers(place)
        if found is None or np.any(found[0] != np.floor(found[0])):
            return parse_counts(self.texts(place))
        values = found[0].astype(np.int64)
        return values, values > MAX_TOKENS

    def clock(self, place: int) -> tuple[FloatArray, BoolArray]:
        """Wall-clock times of a column, as `columns.parse_clock` reads them."""
        return self._clock(place) or parse_clock(self.texts(place))

    def _numbers(self, place: int) -> tuple[FloatArray, BoolArray] | None:
        """Weigh digits and at most one dot; None if a field is anything else.

        The digits as one whole number, and the power of ten it is divided by, are exact, so the
        quotient is the float64 nearest to the text, as Python's own.
        """
        ends = self._ends[:, place]
        lengths = ends - self._starts[:, place]
        longest = int(lengths.max())
        if lengths.min() == 0 or longest > _EXACT_DIGITS:
            return None
        from_right = np.arange(longest)
        inside = from_right < lengths[:, None]
        field = self._letters[np.maximum(ends[:, None] - 1 - from_right, 0)]
        dot = inside & (field == _DOT)
        dots = dot.sum(axis=1)
        digit = np.where(inside & ~dot, field - np.uint8(_ZERO), 0)
        if np.any(digit > 9) or np.any(dots > 1) or np.any(lengths == dots):
            return None
        weights = 10.0**from_right
        none_bad = np.zeros(lengths.size, dtype=bool)
        if not dots.any():
            return digit @ weights, none_bad
        decimals = np.where(dots > 0, dot.argmax(axis=1), 0)
        right = from_right < decimals[:, None]
        fraction = np.where(right, digit, 0) @ weights
        whole = np.where(right, 0, digit) @ weights
        return (fraction + np.where(dots > 0, whole / 10.0, whole)) / 10.0**decimals, none_bad

    def _clock(self, place: int) -> tuple[FloatArray, BoolArray] | None:
        """Read dates and times of UTC with numpy; None if a field is anything else."""
        starts, ends = self._starts[:, place], self._ends[:, place]
        if int((ends - starts).min()) < 16:
            return None
        if np.array_equal(
            self._letters[ends[:, None] - 6 + np.arange(6)], np.broadcast_to(_UTC, (ends.size, 6))
        ):
            ends = ends - 6
        lengths = ends - starts
        from_left = np.arange(int(lengths.max()))
        if from_left.size > 29:
            return None
        inside = from_left < lengths[:, None]
        field = np.where(
            inside, self._letters[np.minimum(starts[:, None] + from_left, self._letters.size - 1)], 0
        )
        known = np.isin(field[:, 10:], np.frombuffer(b"0123456789:. T\0", dtype=np.uint8))
        texts = np.ascontiguousarray(field, dtype=np.uint8).view(f"S{from_left.size}").ravel()
        year = (field[:, :4].astype(np.float64) - _ZERO) @ (1000.0, 100.0, 10.0, 1.0)
        if not known.all() or year.min() < 1970 or year.max() >= 2200:
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # numpy warns of a zone, and ignores it
                ticks = texts.astype("datetime64[ns]")
        except (ValueError, UserWarning):
            return None
        return ticks.astype(np.int64) / 1e9, np.zeros(ticks.size, dtype=bool)
