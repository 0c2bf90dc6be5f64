"""Which service a request of a trace belongs to.

Traces know models (BurstGPT), clients (ServeGen) or neither. Services are shared out among the
models of the trace by their demand, at least one each. Within a model, clients are dealt to its
services; where there are none, conversations are drawn to services with Zipf popularity by a hash,
so that a conversation never changes its service; or, if asked, requests are classed by the length of
their prompt. Demand is counted in the training part alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InvalidOption
from .formats.columns import BoolArray
from .hashing import conversation_keys, uniform
from .trace import IntArray, Trace

GROUPINGS = ("auto", "hash", "length")
_SERVICE_SALT = 11


@dataclass(frozen=True, eq=False)
class ServiceMap:
    """Service of each request.

    Parameters
    ----------
    service : int (R,)
    names : one a service
    """

    service: IntArray
    names: tuple[str, ...]


def map_services(
    trace: Trace,
    training: BoolArray,
    services: int,
    *,
    group: str = "auto",
    zipf: float = 0.9,
    world: int = 0,
) -> ServiceMap:
    """Give every request a service.

    Parameters
    ----------
    training : bool (R,)
        Requests of the training part: popularity and length classes are taken from them.
    services
        Number of services; with clients, at most one for each client.
    group
        ``"auto"``: by client where the trace has clients, else by hash. ``"hash"``: conversations by
        a hash with Zipf popularity. ``"length"``: equal shares by the length of the prompt; a
        conversation then moves to another service as it grows.
    zipf
        Exponent of the popularity of a model's services under ``"hash"``; 0 is uniform.
    world
        Salt of the hash.

    Raises
    ------
    InvalidOption
        If an argument is out of range.
    """
    if group not in GROUPINGS:
        raise InvalidOption(f"group {group!r}: must be one of {', '.join(GROUPINGS)}")
    if not 1 <= services <= 100_000:
        raise InvalidOption(f"services = {services}: must lie in 1 to 100,000")
    if not 0 <= zipf <= 10:
        raise InvalidOption(f"zipf = {zipf}: must lie in [0, 10]")
    label = np.where(trace.model >= 0, trace.model, len(trace.model_names)).astype(np.int64)
    label_names = [*(trace.model_names or ()), "unnamed" if trace.model_names else "requests"]
    present = np.unique(label)
    demand = np.bincount(label[training], minlength=len(label_names))[present]
    by_demand = np.argsort(-demand, kind="stable")
    by_client = group == "auto" and bool(trace.client_names)
    most = _clients_of(trace, label)[present] if by_client else np.full(present.size, services)
    services = min(services, int(most.sum()))
    shares = _share_out(demand, most, services)
    service = np.empty(len(trace), dtype=np.int64)
    names = [""] * services
    for place in by_demand.tolist():
        which, (first, count) = int(present[place]), shares[place]
        rows = np.flatnonzero(label == which)
        if by_client:
            within = _deal_clients(trace, rows, training, count)
        elif group == "length":
            within = _length_class(trace, rows, training, count)
        else:
            within = _zipf_class(trace, rows, count, zipf, world)
        service[rows] = first + within
        for index in range(count):
            names[first + index] = names[first + index] or f"{which}:{_printable(label_names[which])}/{index}"
    return ServiceMap(service, tuple(names))


def _printable(name: str) -> str:
    """Return a name as it can stand in a table: one line, not too long."""
    return "".join(letter if letter.isprintable() else "?" for letter in name[:80])


def _clients_of(trace: Trace, label: IntArray) -> IntArray:
    """Count the clients of each label."""
    pairs = np.unique(label * len(trace.client_names) + trace.client)
    return np.bincount(pairs // len(trace.client_names))


def _share_out(demand: IntArray, most: IntArray, services: int) -> list[tuple[int, int]]:
    """First service and number of services of each label, at most `most` (which suffice in all).

    With more services than labels, each further one goes where most requests share one (D'Hondt).
    With fewer, labels are dealt to services in the order of their demand.
    """
    order = np.argsort(-demand, kind="stable")
    if demand.size > services:
        rank = np.empty(demand.size, dtype=np.int64)
        rank[order] = np.arange(demand.size)
        return [(int(place % services), 1) for place in rank]
    counts = np.ones(demand.size, dtype=np.int64)
    for _ in range(services - demand.size):
        counts[int(np.argmax(np.where(counts < most, demand / counts, -1.0)))] += 1
    firsts = np.concatenate(([0], np.cumsum(counts)[:-1]))
    return [(int(first), int(count)) for first, count in zip(firsts, counts, strict=True)]


def _deal_clients(trace: Trace, rows: IntArray, training: BoolArray, count: int) -> IntArray:
    """Deal clients to services in the order of their demand: the first to 0, the second to 1, ..."""
    client = trace.client[rows]
    demand = np.bincount(client[training[rows]], minlength=len(trace.client_names))
    rank = np.empty(demand.size, dtype=np.int64)
    mine = np.unique(client)
    rank[mine[np.argsort(-demand[mine], kind="stable")]] = np.arange(mine.size)
    dealt: IntArray = rank[client] % count
    return dealt


def _length_class(trace: Trace, rows: IntArray, training: BoolArray, count: int) -> IntArray:
    length = trace.num_prefill_tokens[rows]
    known = length[training[rows]] if training[rows].any() else length
    edges = np.quantile(known, np.arange(1, count) / count)
    return np.searchsorted(edges, length, side="right").astype(np.int64)


def _zipf_class(trace: Trace, rows: IntArray, count: int, zipf: float, world: int) -> IntArray:
    popularity = np.arange(1, count + 1, dtype=np.float64) ** -zipf
    edges = np.cumsum(popularity)[:-1] / popularity.sum()
    draw = uniform(conversation_keys(trace)[rows], _SERVICE_SALT, world)
    return np.searchsorted(edges, draw, side="right").astype(np.int64)
