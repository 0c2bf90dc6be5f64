"""What a trace looks like in a dozen figures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .trace import PrefixBlocks, Trace

_LEVELS = (10, 25, 50, 75, 90, 99)


@dataclass(frozen=True)
class TokenStatistics:
    """Token counts of prompts or answers: mean and percentiles (10, 25, 50, 75, 90, 99), largest."""

    mean: float
    percentiles: dict[int, float]
    largest: int

    @property
    def median(self) -> float:
        """The 50th percentile."""
        return self.percentiles[50]


@dataclass(frozen=True)
class TraceStatistics:
    """Figures of a trace; those that its format cannot give are None.

    Parameters
    ----------
    requests
        Number of requests.
    span_seconds
        From the first arrival to the last.
    rate
        Requests per second of the span (None if all arrive at once).
    burstiness
        Coefficient of variation of the gaps between arrivals: 1 for a Poisson process.
    prefill, decode
        Token counts of prompts and answers.
    models
        Share of the requests by model, largest first.
    clients
        Number of clients.
    sessions
        Number of conversations.
    requests_in_sessions
        Requests that belong to one.
    turns_per_session, longest_session
        Mean and largest number of requests in a conversation.
    think_seconds
        Median time between the arrivals of consecutive requests of a conversation.
    prefix_hit_share
        Share of the prompt blocks that lie in the longest prefix of blocks seen before in the trace:
        the hit rate of a prefix cache that never evicts.
    prefix_hit_token_share
        The same as a share of prompt tokens.
    """

    requests: int
    span_seconds: float
    rate: float | None
    burstiness: float | None
    prefill: TokenStatistics
    decode: TokenStatistics
    models: dict[str, float]
    clients: int | None
    sessions: int | None
    requests_in_sessions: int | None
    turns_per_session: float | None
    longest_session: int | None
    think_seconds: float | None
    prefix_hit_share: float | None
    prefix_hit_token_share: float | None

    def as_dict(self) -> dict[str, Any]:
        """Nested plain values, as written to JSON."""
        return asdict(self)


def trace_statistics(trace: Trace) -> TraceStatistics:
    """Compute the figures of a trace."""
    span = float(trace.arrived_at[-1])
    sessions = _session_figures(trace)
    hits = _prefix_hits(trace.blocks) if trace.blocks is not None else None
    return TraceStatistics(
        requests=len(trace),
        span_seconds=span,
        rate=len(trace) / span if span > 0 else None,
        burstiness=_burstiness(trace),
        prefill=_tokens(trace.num_prefill_tokens),
        decode=_tokens(trace.num_decode_tokens),
        models=_model_shares(trace),
        clients=len(trace.client_names) or None,
        sessions=sessions[0],
        requests_in_sessions=sessions[1],
        turns_per_session=sessions[1] / sessions[0] if sessions[0] and sessions[1] else None,
        longest_session=sessions[2],
        think_seconds=sessions[3],
        prefix_hit_share=_share(hits, np.diff(trace.blocks.offsets))
        if trace.blocks and hits is not None
        else None,
        prefix_hit_token_share=_share(_hit_tokens(trace, hits), trace.num_prefill_tokens)
        if hits is not None
        else None,
    )


def _tokens(counts: npt.NDArray[np.int64]) -> TokenStatistics:
    values = np.percentile(counts, _LEVELS)
    percentiles = {level: float(value) for level, value in zip(_LEVELS, values, strict=True)}
    return TokenStatistics(float(counts.mean()), percentiles, int(counts.max()))


def _burstiness(trace: Trace) -> float | None:
    gaps = np.diff(trace.arrived_at)
    mean = float(gaps.mean()) if gaps.size else 0.0
    return float(gaps.std()) / mean if mean > 0 else None


def _model_shares(trace: Trace) -> dict[str, float]:
    counts = np.bincount(trace.model[trace.model >= 0], minlength=len(trace.model_names))
    order = np.argsort(-counts, kind="stable")
    return {trace.model_names[model]: float(counts[model]) / len(trace) for model in order if counts[model]}


def _session_figures(trace: Trace) -> tuple[int | None, int | None, int | None, float | None]:
    """Sessions, requests in them, longest, median think time."""
    rows = np.flatnonzero(trace.session >= 0)
    if rows.size == 0:
        return None, None, None, None
    session = trace.session[rows]
    order = np.argsort(session, kind="stable")
    grouped, times = session[order], trace.arrived_at[rows][order]
    sizes = np.unique(grouped, return_counts=True)[1]
    gaps = np.diff(times)[grouped[1:] == grouped[:-1]]
    return sizes.size, rows.size, int(sizes.max()), float(np.median(gaps)) if gaps.size else None


def _prefix_hits(blocks: PrefixBlocks) -> npt.NDArray[np.int64]:
    """Number of leading blocks of each request that an earlier request had."""
    lengths = np.diff(blocks.offsets)
    request = np.repeat(np.arange(lengths.size), lengths)
    _, first, inverse = np.unique(blocks.ids, return_index=True, return_inverse=True)
    unseen = request[first[inverse]] == request
    place = np.arange(blocks.ids.size) - np.repeat(blocks.offsets[:-1], lengths)
    hits = lengths.copy()
    np.minimum.at(hits, request[unseen], place[unseen])
    return hits


def _hit_tokens(trace: Trace, hits: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    tokens = trace.blocks.block_tokens if trace.blocks is not None else 0
    return np.minimum(hits * tokens, trace.num_prefill_tokens)


def _share(part: npt.NDArray[np.int64], whole: npt.NDArray[np.int64]) -> float | None:
    total = int(whole.sum())
    return int(part.sum()) / total if total else None
