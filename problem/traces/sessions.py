"""A heuristic that guesses conversations where a trace gives only prefix block ids.

Mooncake publishes no sessions. Two requests of one conversation share a prefix: the later prompt
contains the earlier prompt and, usually, its answer. The rule below guesses a request's parent:
the latest earlier request, among the `lookback` latest of those whose last full block is one of its
own blocks, that came strictly before it and whose prompt plus half its answer fits into its prompt;
blocks that `popular` or more requests have used are ignored, because common system prompts end there.
It is a guess: answers cut by the client, branched conversations and shared documents are wrongly
joined or split, and conversations are cut at both ends of the trace, so turns are a lower bound.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque

import numpy as np

from ..errors import InvalidTrace
from .formats.assemble import turns
from .trace import PrefixBlocks, Trace


def infer_sessions(trace: Trace, *, lookback: int = 8, popular: int = 200) -> Trace:
    """Return the trace with guessed conversations; its provenance then says ``"inferred"``.

    Parameters
    ----------
    lookback
        How many of the latest requests that end in a block are tried.
    popular
        A block in this many prompts or more identifies no conversation.

    Raises
    ------
    InvalidTrace
        If the trace has no prefix blocks.
    """
    if trace.blocks is None:
        raise InvalidTrace(
            f"{trace.provenance.file}: sessions can be inferred only from prefix block ids (Mooncake, Qwen)"
        )
    session = np.full(len(trace), -1, dtype=np.int32)
    uses = Counter(trace.blocks.ids.tolist())
    ends: defaultdict[int, deque[int]] = defaultdict(lambda: deque(maxlen=lookback))
    sessions = 0
    for request in range(len(trace)):
        own = _blocks(trace.blocks, request)
        parent = _parent(trace, request, {block for block in own if uses[block] < popular}, ends)
        if parent is None:
            session[request] = sessions
            sessions += 1
        else:
            session[request] = session[parent]
        full = int(trace.num_prefill_tokens[request]) // trace.blocks.block_tokens
        if 0 < full <= len(own):
            ends[own[full - 1]].append(request)
    return trace.with_sessions(session, turns(session), "inferred")


def _blocks(blocks: PrefixBlocks, request: int) -> list[int]:
    own: list[int] = blocks.ids[blocks.offsets[request] : blocks.offsets[request + 1]].tolist()
    return own


def _parent(trace: Trace, request: int, own: set[int], ends: dict[int, deque[int]]) -> int | None:
    """Latest admissible parent, or None."""
    best = -1
    for block in own & ends.keys():
        for earlier in reversed(ends[block]):
            needed = trace.num_prefill_tokens[earlier] + trace.num_decode_tokens[earlier] / 2
            before = trace.arrived_at[earlier] < trace.arrived_at[request]
            if earlier > best and before and trace.num_prefill_tokens[request] >= needed:
                best = earlier
                break
    return best if best >= 0 else None
