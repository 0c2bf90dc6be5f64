"""Which formats are known, and how one is told from another: by the names of columns or keys.

Sources of the layouts: Azure LLM inference traces 2023 and 2024 (AzurePublicDataset), BurstGPT
versions 1 to 3 (version 3 inserts ``Session ID`` and ``Elapsed time`` between the old columns, so
a reader by position would take one for the other), the canonical columns of Vidur's traces with
our extensions, Mooncake FAST'25, Qwen-Bailian, and ServeGen's client rates stacked in one table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import InvalidOption, InvalidTrace
from .reading import lines


@dataclass(frozen=True)
class CsvLayout:
    """Names of the columns that matter in one CSV format, as `plain` writes them.

    Parameters
    ----------
    time, prefill, decode
        Columns that must be there.
    clock
        True if the time is a wall clock in ISO form, False if it is seconds.
    session, turn, model
        Columns that may be there.
    answer_required
        True if the source says that a request without an answer is a failure.
    """

    time: str
    prefill: str
    decode: str
    clock: bool = False
    session: str = ""
    turn: str = ""
    model: str = ""
    answer_required: bool = False

    @property
    def required(self) -> tuple[str, ...]:
        """Columns without which the format cannot be read."""
        return (self.time, self.prefill, self.decode)


CSV_LAYOUTS = {
    "azure": CsvLayout("timestamp", "contexttokens", "generatedtokens", clock=True),
    "burstgpt": CsvLayout(
        "timestamp",
        "requesttokens",
        "responsetokens",
        session="sessionid",
        model="model",
        answer_required=True,
    ),
    "canonical": CsvLayout(
        "arrivedat",
        "numprefilltokens",
        "numdecodetokens",
        session="sessionid",
        turn="turn",
        model="model",
    ),
}
SERVEGEN_COLUMNS = ("model", "clientid", "windowstarts", "raterps", "pattern", "param1")
JSON_KEYS = {
    "qwen": ("chat_id", "parent_chat_id", "timestamp", "input_length", "output_length"),
    "mooncake": ("timestamp", "input_length", "output_length"),
}
BLOCK_TOKENS = {"mooncake": 512, "qwen": 16}
FORMATS = (*CSV_LAYOUTS, "servegen", *JSON_KEYS)
_ALIASES = {"vidur": "canonical", "qwen-bailian": "qwen", "azure2023": "azure", "azure2024": "azure"}


def plain(name: str) -> str:
    """Return a column name without case, spaces, dashes and underscores."""
    return re.sub(r"[\s_\-]+", "", name).lower()


def column_index(header: Sequence[str], required: Sequence[str], where: str) -> dict[str, int]:
    """Position of every column of a header by its plain name.

    Raises
    ------
    InvalidTrace
        If a required column is missing or a name that is read stands twice.
    """
    names = [plain(name) for name in header]
    missing = [name for name in required if name not in names]
    if missing:
        raise InvalidTrace(f"{where}: no column {', '.join(missing)}; the header has {shown(header)}")
    double = next((name for name in names if name and names.count(name) > 1), None)
    if double:
        raise InvalidTrace(f"{where}: column {double} stands twice in the header; each name may occur once")
    return {name: place for place, name in enumerate(names)}


def resolve_format(path: Path, format: str) -> str:
    """Return the name of the format: the one asked for, or for ``"auto"`` the one the first line shows.

    Raises
    ------
    InvalidOption
        If the name asked for is not known.
    InvalidTrace
        If the first line fits no format.
    """
    name = _ALIASES.get(format, format)
    if name != "auto":
        if name not in FORMATS:
            raise InvalidOption(f"format {format!r}: must be auto, vidur, {', '.join(FORMATS)}")
        return name
    first = next((line.strip() for line in lines(path) if line.strip()), "")
    if not first:
        raise InvalidTrace(
            f"{path.name}: empty file; a trace has a header or a JSON object in its first line"
        )
    return _json_format(path, first) if first.startswith("{") else _csv_format(path, first)


def _csv_format(path: Path, first: str) -> str:
    header = [name.strip('"') for name in first.split(",")]
    names = {plain(name) for name in header}
    if names.issuperset(SERVEGEN_COLUMNS):
        return "servegen"
    for format_name, layout in CSV_LAYOUTS.items():
        if names.issuperset(layout.required):
            return format_name
    raise InvalidTrace(
        f"{path.name}: first line {shown(header)} is the header of no known format; "
        "canonical columns are arrived_at,num_prefill_tokens,num_decode_tokens[,session_id,turn,model]"
    )


def _json_format(path: Path, first: str) -> str:
    try:
        keys = set(json.loads(first))
    except (ValueError, RecursionError):
        raise InvalidTrace(
            f"{path.name}: first line is not a complete JSON object; one object a line is needed"
        ) from None
    for format_name, required in JSON_KEYS.items():
        if keys.issuperset(required):
            return format_name
    raise InvalidTrace(
        f"{path.name}: keys {shown(sorted(keys))} fit no known format; "
        f"needed: {', '.join(JSON_KEYS['mooncake'])}"
    )


def shown(names: Sequence[str]) -> str:
    """Return names as one short printable line for an error message."""
    text = ascii(",".join(names))[1:-1]
    return text if len(text) <= 120 else text[:117] + "..."
