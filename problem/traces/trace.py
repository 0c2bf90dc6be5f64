"""A request trace: who asked for how many tokens when, and what became of every row of its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from ..errors import InvalidTrace

IntArray = npt.NDArray[np.int64]
CodeArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float64]

DROP_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "blank": "an empty line",
        "malformed": "a field is missing or is not the number it should be",
        "bad_time": "the arrival time is not finite, or lies beyond 1e12 seconds",
        "negative": "a token count below zero",
        "zero_tokens": "neither prompt nor answer: a request that failed",
        "failed": "a prompt without an answer, where the source defines that as a failure (BurstGPT)",
        "zero_rate": "a window without arrivals (ServeGen rates)",
    }
)


@dataclass(frozen=True)
class Accounting:
    """Where every row of the file went: ``rows_read == emitted + sum(dropped.values())``.

    Parameters
    ----------
    rows_read
        Records in the file, the header not counted.
    emitted
        Records that entered the trace. For request logs this is the number of requests; for
        ServeGen rates it is the number of windows from which requests were sampled.
    dropped
        Reason (a key of `DROP_REASONS`) to number of records; only reasons that occurred.
    reordered
        Emitted records whose clock stood before that of a record above them; they were moved by
        a stable sort, not dropped.
    """

    rows_read: int
    emitted: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    reordered: int = 0

    def __post_init__(self) -> None:
        if self.rows_read != self.emitted + sum(self.dropped.values()):
            raise InvalidTrace(
                f"accounting: {self.rows_read} rows read, but {self.emitted} emitted and "
                f"{sum(self.dropped.values())} dropped; the two must add up"
            )


@dataclass(frozen=True)
class Provenance:
    """Where a trace comes from.

    Parameters
    ----------
    file
        Name of the file (no folder).
    format
        Format it was read as.
    sampled
        True if the arrivals were drawn from published rates (ServeGen), not logged.
    sessions
        ``"given"`` by the source, ``"inferred"`` by `infer_sessions`, or ``"absent"``.
    notes
        Further facts in words: seed and scale of a sampled trace, imputed lengths.
    """

    file: str
    format: str
    sampled: bool = False
    sessions: str = "absent"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class PrefixBlocks:
    """Identifiers of the token blocks of every prompt, in prompt order.

    Parameters
    ----------
    ids : int64 (total blocks,)
        Blocks of all requests, one request after the other.
    offsets : int64 (requests + 1,)
        Request i holds ``ids[offsets[i]:offsets[i + 1]]``.
    block_tokens
        Tokens a full block stands for (512 in Mooncake, 16 in Qwen-Bailian).
    """

    ids: IntArray
    offsets: IntArray
    block_tokens: int

    def take(self, order: IntArray) -> PrefixBlocks:
        """Return the blocks of the requests `order`, in that order."""
        lengths = np.diff(self.offsets)[order]
        offsets = np.concatenate(([0], np.cumsum(lengths)))
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
        ids = self.ids[np.repeat(self.offsets[:-1][order], lengths) + within]
        return PrefixBlocks(ids, offsets, self.block_tokens)


@dataclass(frozen=True, eq=False)
class Trace:
    """Requests in order of arrival; all arrays have one entry a request and are read-only.

    Parameters
    ----------
    arrived_at : float64 (R,), seconds
        Arrival after the first request of the trace, which stands at 0; nondecreasing.
    num_prefill_tokens, num_decode_tokens : int64 (R,), tokens
        Prompt (with the conversation so far, where the source logs it so) and answer.
    session : int32 (R,)
        Conversation code, -1 where the request belongs to none that is known.
    turn : int32 (R,)
        1-based position in its conversation, 0 where unknown.
    model : int32 (R,)
        Index into `model_names`, -1 where unknown.
    client : int32 (R,)
        Index into `client_names` (ServeGen), -1 where unknown.
    model_names, client_names : tuple of str
    accounting, provenance
        What became of the rows, and where they come from.
    blocks
        Prefix blocks, where the source gives them.
    """

    arrived_at: FloatArray
    num_prefill_tokens: IntArray
    num_decode_tokens: IntArray
    session: CodeArray
    turn: CodeArray
    model: CodeArray
    client: CodeArray
    model_names: tuple[str, ...]
    client_names: tuple[str, ...]
    accounting: Accounting
    provenance: Provenance
    blocks: PrefixBlocks | None = None

    def __post_init__(self) -> None:
        rows = self.arrived_at.shape[0]
        for name in COLUMNS:
            column = getattr(self, name)
            if column.shape != (rows,):
                raise InvalidTrace(f"{name}: shape {column.shape}; every column needs shape ({rows},)")
            column.setflags(write=False)
        if rows == 0:
            raise InvalidTrace(f"{self.provenance.file}: no request is left ({_reasons(self.accounting)})")
        if not np.all(np.isfinite(self.arrived_at)) or np.any(np.diff(self.arrived_at) < 0):
            raise InvalidTrace(
                "arrived_at: must be finite and nondecreasing (seconds from the first request)"
            )

    def __len__(self) -> int:
        return int(self.arrived_at.shape[0])

    def with_sessions(self, session: CodeArray, turn: CodeArray, how: str) -> Trace:
        """Return the same requests with other conversations."""
        return replace(self, session=session, turn=turn, provenance=replace(self.provenance, sessions=how))


COLUMNS = ("arrived_at", "num_prefill_tokens", "num_decode_tokens", "session", "turn", "model", "client")


def _reasons(accounting: Accounting) -> str:
    dropped = ", ".join(f"{count} {reason}" for reason, count in accounting.dropped.items())
    return f"{accounting.rows_read} rows read; dropped: {dropped or 'none'}"
