"""Request logs in CSV form: Azure 2023 and 2024, BurstGPT 1 to 3, Vidur's and our canonical columns.

The file is read in blocks; each is turned column by column into arrays that grow. Strings become
integer codes at once, so that memory is a few tens of bytes a row.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..trace import CodeArray, Provenance, Trace
from .assemble import BUFFER_TYPES, Tally, assemble
from .byte_table import ByteTable
from .columns import BoolArray, Buffers, Codes
from .csv_tables import CsvTables, RowTable
from .layouts import CSV_LAYOUTS, CsvLayout
from .reading import Progress


class _RequestReader:
    """Turns the tables of one file into columns."""

    def __init__(self, layout: CsvLayout, index: dict[str, int]) -> None:
        self.layout, self.index = layout, index
        self.tally = Tally()
        self.buffers = Buffers(BUFFER_TYPES)
        self.sessions, self.models = Codes(), Codes()
        self.given_turns = False

    def add(self, table: ByteTable | RowTable) -> None:
        self.tally.read(table)
        if not len(table):
            return
        layout, index = self.layout, self.index
        time = index[layout.time]
        arrived_at, bad = table.clock(time) if layout.clock else table.seconds(time)
        prefill, bad_prefill = table.counts(index[layout.prefill])
        decode, bad_decode = table.counts(index[layout.decode])
        malformed = bad | bad_prefill | bad_decode
        keep = self.tally.judge(arrived_at, prefill, decode, malformed, layout.answer_required)
        session = self._codes(self.sessions, table, keep, layout.session)
        self.buffers.extend(
            arrived_at=arrived_at[keep],
            num_prefill_tokens=prefill[keep],
            num_decode_tokens=decode[keep],
            session=session,
            model=self._codes(self.models, table, keep, layout.model),
            turn=np.where(session < 0, 0, self._turns(table, keep)),
        )

    def _codes(self, codes: Codes, table: ByteTable | RowTable, keep: BoolArray, name: str) -> CodeArray:
        if name not in self.index:
            return np.full(int(keep.sum()), -1, dtype=np.int32)
        return codes.encode(table.texts(self.index[name], None if keep.all() else keep))

    def _turns(self, table: ByteTable | RowTable, keep: BoolArray) -> CodeArray:
        if self.layout.turn not in self.index:
            return np.zeros(int(keep.sum()), dtype=np.int32)
        values, bad = table.counts(self.index[self.layout.turn])
        turn = np.where(bad | (values < 0), 0, values)[keep].astype(np.int32)
        self.given_turns |= bool(turn.any())
        return turn


def load_request_csv(path: Path, format_name: str, progress: Progress | None = None) -> Trace:
    """Read a request log.

    Parameters
    ----------
    path
        A CSV file, plain or gzipped.
    format_name
        A key of `layouts.CSV_LAYOUTS`.

    Raises
    ------
    InvalidTrace
        If the file cannot be read, lacks a column, or holds no request.
    """
    layout = CSV_LAYOUTS[format_name]
    tables = CsvTables(path, layout.required, (layout.session, layout.turn, layout.model), progress)
    reader = _RequestReader(layout, tables.index)
    for table in tables:
        reader.add(table)
    known = len(reader.sessions) > 1
    provenance = Provenance(path.name, format_name, sessions="given" if known else "absent")
    return assemble(
        reader.buffers.finish(),
        reader.tally,
        provenance,
        reader.models.names(),
        number_turns=known and not reader.given_turns,
    )
