"""Request logs with one JSON object a line: Mooncake and Qwen-Bailian, with prefix block ids.

Mooncake counts time in milliseconds and has no sessions (`infer_sessions` guesses them);
Qwen-Bailian counts seconds and links each chat to its parent, so its conversations are exact up
to the edges of the file.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..trace import PrefixBlocks, Provenance, Trace
from .assemble import BUFFER_TYPES, Tally, assemble
from .columns import MAX_TOKENS
from .layouts import BLOCK_TOKENS
from .reading import Progress, lines

_SECONDS = {"mooncake": 1e-3, "qwen": 1.0}


class _Conversations:
    """Session codes from links between chats; a parent may stand after its child or not at all."""

    def __init__(self) -> None:
        self._code: dict[int, int] = {}
        self._sessions = 0

    def code(self, chat: int, parent: int) -> int:
        """Code of the conversation of a chat: its parent's, or a new one."""
        found = self._code.get(parent) if parent >= 0 else None
        if found is None:
            found = self._code.get(chat)
        if found is None:
            found = self._sessions
            self._sessions += 1
        self._code[chat] = found
        if parent >= 0:
            self._code.setdefault(parent, found)
        return found


class _JsonReader:
    """Turns the lines of one file into columns."""

    def __init__(self, format_name: str) -> None:
        self.format_name = format_name
        self.tally = Tally()
        self.columns: dict[str, array[Any]] = {name: array(code) for name, code in BUFFER_TYPES.items()}
        self.block_ids, self.block_ends = array("q"), array("q", [0])
        self.conversations = _Conversations()

    def add(self, line: str) -> None:
        self.tally.rows_read += 1
        if not line.strip():
            self.tally.dropped["blank"] += 1
            return
        try:
            record = json.loads(line)
            time = float(record["timestamp"]) * _SECONDS[self.format_name]
            prefill, decode = _tokens(record["input_length"]), _tokens(record["output_length"])
            ids = array("q", record.get("hash_ids") or ())
            session, turn = self._session(record)
        except (ValueError, KeyError, TypeError, OverflowError, AttributeError, RecursionError):
            self.tally.dropped["malformed"] += 1
            return
        row = (time, prefill, decode, session, turn, -1)
        for name, value in zip(BUFFER_TYPES, row, strict=True):
            self.columns[name].append(value)
        self.block_ids.extend(ids)
        self.block_ends.append(len(self.block_ids))

    def _session(self, record: Mapping[str, Any]) -> tuple[int, int]:
        if self.format_name != "qwen":
            return -1, 0
        turn = record.get("turn")
        session = self.conversations.code(int(record["chat_id"]), int(record["parent_chat_id"]))
        return session, max(_tokens(turn), 0) if turn is not None else 0

    def finish(self) -> tuple[dict[str, npt.NDArray[Any]], PrefixBlocks | None]:
        """Columns and blocks of the requests to keep."""
        columns = {
            name: np.frombuffer(column, dtype=column.typecode) for name, column in self.columns.items()
        }
        blocks = None
        if len(self.block_ids):
            ids = np.frombuffer(self.block_ids, dtype=np.int64)
            ends = np.frombuffer(self.block_ends, dtype=np.int64)
            blocks = PrefixBlocks(ids, ends, BLOCK_TOKENS[self.format_name])
        time, prefill, decode = (columns[name] for name in list(BUFFER_TYPES)[:3])
        keep = self.tally.judge(
            time, prefill, decode, np.zeros(time.shape, dtype=bool), answer_required=False
        )
        if not keep.all():
            columns = {name: column[keep] for name, column in columns.items()}
            blocks = blocks.take(np.flatnonzero(keep)) if blocks is not None else None
        return columns, blocks


def _tokens(value: Any) -> int:
    """Take over a whole number of tokens; anything else is malformed."""
    if isinstance(value, bool) or int(value) != value or abs(value) > MAX_TOKENS:
        raise ValueError(value)
    return int(value)


def load_request_jsonl(path: Path, format_name: str, progress: Progress | None = None) -> Trace:
    """Read a request log in JSON lines.

    Parameters
    ----------
    path
        A file with one object a line, plain or gzipped.
    format_name
        ``"mooncake"`` or ``"qwen"``.

    Raises
    ------
    InvalidTrace
        If the file cannot be read or holds no request.
    """
    reader = _JsonReader(format_name)
    for line in lines(path, progress):
        reader.add(line)
    columns, blocks = reader.finish()
    sessions = "given" if format_name == "qwen" else "absent"
    provenance = Provenance(path.name, format_name, sessions=sessions)
    number_turns = sessions == "given" and not columns["turn"].any()
    return assemble(columns, reader.tally, provenance, blocks=blocks, number_turns=number_turns)
