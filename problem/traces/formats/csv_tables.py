"""A CSV file as a sequence of tables: plain blocks as `ByteTable`, all others through the csv module."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

from ...errors import InvalidTrace
from ..trace import FloatArray, IntArray
from .byte_table import ByteTable
from .columns import BoolArray, parse_clock, parse_counts, parse_seconds
from .layouts import column_index
from .reading import Progress, line_blocks

CHUNK_ROWS = 1 << 12
Rows = list[list[str]]


class RowTable:
    """Rows of strings, with the same reading methods as `ByteTable`."""

    def __init__(self, rows: Rows, blank: int = 0, short: int = 0) -> None:
        self.rows, self.blank, self.short = rows, blank, short

    @classmethod
    def of(cls, rows: Rows, last: int) -> RowTable:
        """Keep the rows that reach column `last`; count the blank ones and the short ones."""
        if min(map(len, rows), default=last + 1) > last:
            return cls(rows)
        blank = sum(not any(row) for row in rows if len(row) <= last)
        kept = [row for row in rows if len(row) > last]
        return cls(kept, blank, len(rows) - len(kept) - blank)

    def __len__(self) -> int:
        return len(self.rows)

    def texts(self, place: int, rows: BoolArray | None = None) -> list[str]:
        """Fields of a column, of all rows or those marked."""
        if rows is None:
            return [row[place] for row in self.rows]
        return [row[place] for row, marked in zip(self.rows, rows.tolist(), strict=True) if marked]

    def seconds(self, place: int) -> tuple[FloatArray, BoolArray]:
        """Numbers of a column, and where there is none."""
        return parse_seconds(self.texts(place))

    def counts(self, place: int) -> tuple[IntArray, BoolArray]:
        """Whole numbers of a column, and where there is none."""
        return parse_counts(self.texts(place))

    def clock(self, place: int) -> tuple[FloatArray, BoolArray]:
        """Wall-clock times of a column, and where there is none."""
        return parse_clock(self.texts(place))


class CsvTables:
    """The tables of one CSV file.

    Parameters
    ----------
    path
        A CSV file, plain or gzipped.
    required
        Plain names of the columns that must be there.
    wanted
        Plain names of further columns that will be read where they are there.
    progress
        Called with (bytes read, bytes in all).

    Raises
    ------
    InvalidTrace
        If a column is missing, here; if the file is no CSV (a quote that is not closed), on iteration.
    """

    def __init__(
        self,
        path: Path,
        required: Sequence[str],
        wanted: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> None:
        self._path = path
        self._blocks = line_blocks(path, progress)
        self._lines_before = 0
        self._rest = b""
        header = self._read_header()
        self.index = column_index(header, required, path.name)
        self._width = len(header)
        self._last = max(self.index[name] for name in (*required, *wanted) if name in self.index)

    def _read_header(self) -> list[str]:
        """First line that is not empty; what follows it in its block is kept."""
        for block in self._blocks:
            text = block
            while text:
                line, _, text = text.partition(b"\n")
                self._lines_before += 1
                if line.strip():
                    self._rest = text
                    return self._parse_rows([line.decode("utf-8", errors="replace")])[0]
        return []

    def _parse_rows(self, lines: list[str]) -> Rows:
        reader = csv.reader(lines, strict=True)
        try:
            return list(reader)
        except csv.Error as error:
            raise self._not_csv(reader.line_num, error) from None

    def _not_csv(self, line: int, error: csv.Error) -> InvalidTrace:
        return InvalidTrace(f"{self._path.name}: line {self._lines_before + line} is not CSV ({error})")

    def __iter__(self) -> Iterator[ByteTable | RowTable]:
        blocks = chain([self._rest] if self._rest else [], self._blocks)
        for block in blocks:
            if b'"' in block:
                # A quoted field may run over the end of a block: from here on, one reader.
                yield from self._through_csv(chain([block], blocks))
                return
            table = ByteTable.of(block, self._width)
            if table is not None:
                yield table
            else:
                yield RowTable.of(self._parse_rows(_lines(block)), self._last)
            self._lines_before += block.count(b"\n")

    def _through_csv(self, blocks: Iterator[bytes]) -> Iterator[RowTable]:
        reader = csv.reader(chain.from_iterable(map(_lines, blocks)), strict=True)
        try:
            while rows := list(islice(reader, CHUNK_ROWS)):
                yield RowTable.of(rows, self._last)
        except csv.Error as error:
            raise self._not_csv(reader.line_num, error) from None


def _lines(block: bytes) -> list[str]:
    """Lines of a block, each with its newline (a quoted field may contain one)."""
    return [f"{line}\n" for line in block.removesuffix(b"\n").decode("utf-8", errors="replace").split("\n")]
