"""From parsed columns to a `Trace`: rows judged and counted, sorted by arrival, turns numbered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import InvalidTrace
from ..trace import Accounting, CodeArray, FloatArray, IntArray, PrefixBlocks, Provenance, Trace
from .byte_table import ByteTable
from .columns import BoolArray
from .csv_tables import RowTable

BUFFER_TYPES = {
    "arrived_at": "d",
    "num_prefill_tokens": "q",
    "num_decode_tokens": "q",
    "session": "i",
    "turn": "i",
    "model": "i",
}


LATEST = 1e12
"""Seconds from the epoch, 31,700 years: times beyond are no times, and their squares overflow."""


class Tally:
    """Counts of rows read and dropped while a file is read."""

    def __init__(self) -> None:
        self.rows_read = 0
        self.dropped: Counter[str] = Counter()

    def read(self, table: ByteTable | RowTable) -> None:
        """Count the rows of a table, and those it has already set aside."""
        self.rows_read += len(table)
        if isinstance(table, RowTable):
            for reason, count in (("blank", table.blank), ("malformed", table.short)):
                if count:
                    self.rows_read += count
                    self.dropped[reason] += count

    def judge(
        self,
        arrived_at: FloatArray,
        prefill: IntArray,
        decode: IntArray,
        malformed: BoolArray,
        answer_required: bool,
    ) -> BoolArray:
        """Mark the rows to keep, and count the others by the first rule that they break."""
        return self.apply(
            (
                ("malformed", malformed),
                ("bad_time", ~(np.abs(arrived_at) <= LATEST)),
                ("negative", (prefill < 0) | (decode < 0)),
                ("zero_tokens", (prefill == 0) & (decode == 0)),
                ("failed", (decode == 0) & answer_required),
            ),
            arrived_at.size,
        )

    def apply(self, rules: Sequence[tuple[str, BoolArray]], rows: int) -> BoolArray:
        """Mark the rows that break no rule; count each other one under the first it breaks."""
        keep = np.ones(rows, dtype=bool)
        for reason, broken in rules:
            hit = keep & broken
            if count := int(np.count_nonzero(hit)):
                self.dropped[reason] += count
                keep &= ~hit
        return keep

    def accounting(self, reordered: int) -> Accounting:
        """Return the final account."""
        emitted = self.rows_read - sum(self.dropped.values())
        return Accounting(self.rows_read, emitted, dict(self.dropped), reordered)


def assemble(
    columns: dict[str, npt.NDArray[Any]],
    tally: Tally,
    provenance: Provenance,
    model_names: tuple[str, ...] = (),
    *,
    blocks: PrefixBlocks | None = None,
    number_turns: bool = False,
) -> Trace:
    """Build a trace from columns in file order.

    Parameters
    ----------
    columns
        The columns of `BUFFER_TYPES`, and ``client`` where there are clients.
    number_turns
        True if turns are to be counted from the order of arrival in each session.

    Raises
    ------
    InvalidTrace
        If no row is left.
    """
    arrived_at = columns["arrived_at"]
    rows = arrived_at.size
    reordered = 0
    if rows and np.any(arrived_at[1:] < arrived_at[:-1]):
        reordered = int(np.count_nonzero(arrived_at < np.maximum.accumulate(arrived_at)))
        order = np.argsort(arrived_at, kind="stable")
        columns = {name: column[order] for name, column in columns.items()}
        arrived_at = columns["arrived_at"]
        blocks = blocks.take(order) if blocks is not None else None
    accounting = tally.accounting(reordered)
    if rows == 0:
        dropped = ", ".join(f"{count} {reason}" for reason, count in accounting.dropped.items()) or "none"
        raise InvalidTrace(
            f"{provenance.file}: no request in {accounting.rows_read} rows (dropped: {dropped})"
        )
    session = columns["session"]
    missing = np.full(rows, -1, dtype=np.int32)
    return Trace(
        arrived_at=arrived_at - arrived_at[0],
        num_prefill_tokens=columns["num_prefill_tokens"],
        num_decode_tokens=columns["num_decode_tokens"],
        session=session,
        turn=turns(session) if number_turns else columns["turn"],
        model=columns["model"],
        client=missing,
        model_names=model_names,
        client_names=(),
        accounting=accounting,
        provenance=provenance,
        blocks=blocks,
    )


def turns(session: CodeArray) -> CodeArray:
    """Position (from 1) of each request within its session, in order of arrival; 0 without one."""
    order = np.argsort(session, kind="stable")
    grouped = session[order]
    starts = np.flatnonzero(np.concatenate(([True], grouped[1:] != grouped[:-1])))
    lengths = np.diff(np.append(starts, grouped.size))
    turn = np.empty(session.size, dtype=np.int32)
    turn[order] = np.arange(session.size) - np.repeat(starts, lengths) + 1
    turn[session < 0] = 0
    return turn
