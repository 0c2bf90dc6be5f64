"""Measured serving runs: reading them, and what can be read off them without any model of the device.

A run is a file of requests as LLMServingSim publishes them (github.com/casys-kaist/LLMServingSim,
bench/examples): one JSON object a line with the time each request was queued, scheduled, gave its first
and its last token. Engines of this kind work in steps: every running sequence gains one token per step.
So the times of all requests together tell how fast the steps went at every moment: the step clock.
"""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import InvalidTrace

FloatArray = npt.NDArray[np.float64]
_COLUMNS = {
    "prompt": "input_toks",
    "output": "output_toks",
    "queued": "queued_ts",
    "scheduled": "scheduled_ts",
    "first": "first_token_ts",
    "last": "last_token_ts",
}
_UNQUEUED_SECONDS = 1e-3


@dataclass(frozen=True, eq=False, kw_only=True)
class Run:
    """Requests of one measured run, in seconds since the first was queued.

    Attributes
    ----------
    prompt, output : float (requests,), tokens
    queued, scheduled, first, last : float (requests,), seconds
        Entry into the queue, start of the prefill, first and last token.
    gpus : int
        Devices that worked together.
    """

    prompt: FloatArray
    output: FloatArray
    queued: FloatArray
    scheduled: FloatArray
    first: FloatArray
    last: FloatArray
    gpus: int = 1

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What a run shows.

    Attributes
    ----------
    busy_seconds : float
        From the first request queued to the last token.
    gpu_seconds_per_request : float
        busy seconds x devices / requests; an upper bound of the work where the device idles.
    output_tokens_per_second : float
    seconds_per_output_token : float
        Median over requests of (last - first token) / (output - 1): what a user waits for a token.
    batch : float
        Sequences per step on average: tokens / steps.
    unqueued : int
        Requests that were scheduled within a millisecond; only their first token is no queueing.
    first_token_seconds : float or None
        Median time to first token of those; None where all queued.
    """

    requests: int
    prompt_tokens: float
    output_tokens: float
    busy_seconds: float
    gpu_seconds_per_request: float
    output_tokens_per_second: float
    seconds_per_output_token: float
    batch: float
    unqueued: int
    first_token_seconds: float | None


@dataclass(frozen=True, eq=False, kw_only=True)
class Clock:
    """Activity of the engine over a grid of moments (bins).

    Attributes
    ----------
    edges : float (bins + 1,), seconds
    steps : float (bins,)
        Decode steps taken.
    batch : float (bins,)
        Mean number of sequences decoding.
    cached_tokens : float (bins,), tokens
        Mean number of tokens whose keys and values a step reads.
    """

    edges: FloatArray
    steps: FloatArray
    batch: FloatArray
    cached_tokens: FloatArray


def read_run(path: str | Path) -> Run:
    """Read ``NAME.requests.jsonl`` (or ``.jsonl.gz``); ``NAME.meta.json`` beside it gives the devices.

    Raises
    ------
    InvalidTrace
        If the file is missing, a line is no request, a time precedes the one before it, or there are
        fewer than two requests.
    """
    path = Path(path)
    columns: dict[str, list[float]] = {name: [] for name in _COLUMNS}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        try:
            row = json.loads(line)
            for name, column in _COLUMNS.items():
                columns[name].append(float(row[column]))
        except (KeyError, TypeError, ValueError) as error:
            needed = ", ".join(_COLUMNS.values())
            raise InvalidTrace(
                f"{path}, line {number}: not a measured request ({error!r}); needed: {needed}"
            ) from error
    arrays = {name: np.array(values) for name, values in columns.items()}
    _check(path, arrays)
    start = arrays["queued"].min()
    for name in ("queued", "scheduled", "first", "last"):
        arrays[name] = arrays[name] - start
    return Run(**arrays, gpus=_gpus(path))


def read_text(path: Path) -> str:
    """The text of a file, unpacked if its name ends in ``.gz``."""
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise InvalidTrace(f"{path}: cannot be read ({error})") from error


def _check(path: Path, arrays: dict[str, FloatArray]) -> None:
    if len(arrays["prompt"]) < 2:
        raise InvalidTrace(f"{path}: {len(arrays['prompt'])} requests, at least two are needed")
    bad = ~np.all(np.isfinite(list(arrays.values())), axis=0)
    bad |= (arrays["prompt"] < 1) | (arrays["output"] < 1)
    order = ("queued", "scheduled", "first", "last")
    for earlier, later in pairwise(order):
        bad |= arrays[later] < arrays[earlier]
    if bad.any():
        raise InvalidTrace(
            f"{path}, line {int(np.argmax(bad)) + 1}: tokens must be positive, times finite and in the order "
            "queued, scheduled, first token, last token"
        )
    if arrays["last"].max() <= arrays["first"].min() or arrays["output"].max() < 2:
        raise InvalidTrace(
            f"{path}: no request took time to decode; answers of two tokens and more are needed"
        )


def _gpus(path: Path) -> int:
    """Devices by the engine's arguments: tensor x data parallel; one where nothing is said."""
    meta = path.with_name(path.name.split(".requests.")[0] + ".meta.json")
    if not meta.exists():
        return 1
    try:
        engine = json.loads(meta.read_text(encoding="utf-8"))["engine_kwargs"]
        gpus = int(engine.get("tensor_parallel_size", 1)) * int(engine.get("data_parallel_size", 1))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidTrace(f"{meta}: cannot be read ({error!r})") from error
    if gpus < 1:
        raise InvalidTrace(f"{meta}: tensor x data parallel is {gpus} devices, must be at least 1")
    return gpus


def measure(run: Run) -> Measurement:
    """Throughput, time per token, time to first token and GPU-seconds per request of a run."""
    busy = float(run.last.max() - run.queued.min())
    per_token = (run.last - run.first) / np.maximum(run.output - 1, 1)
    steps = step_clock(run).steps.sum()
    unqueued = at_once(run)
    waits = (run.first - run.queued)[unqueued]
    return Measurement(
        requests=len(run.prompt),
        prompt_tokens=float(run.prompt.mean()),
        output_tokens=float(run.output.mean()),
        busy_seconds=busy,
        gpu_seconds_per_request=busy * run.gpus / len(run.prompt),
        output_tokens_per_second=float(run.output.sum()) / busy,
        seconds_per_output_token=float(np.median(per_token[run.output > 1])),
        batch=float((run.output - 1).sum() / steps),
        unqueued=int(unqueued.sum()),
        first_token_seconds=float(np.median(waits)) if unqueued.any() else None,
    )


def at_once(run: Run) -> npt.NDArray[np.bool_]:
    """Which requests were scheduled within a millisecond, so that their first token is no queueing."""
    unqueued: npt.NDArray[np.bool_] = run.scheduled - run.queued < _UNQUEUED_SECONDS
    return unqueued


def shares(edges: FloatArray, start: FloatArray, stop: FloatArray) -> FloatArray:
    """Seconds (requests, bins) that each interval [start, stop] spends in each bin."""
    upper = np.minimum(stop[:, None], edges[None, 1:])
    lower = np.maximum(start[:, None], edges[None, :-1])
    seconds: FloatArray = np.maximum(0.0, upper - lower)
    return seconds


def step_clock(run: Run, *, bin_seconds: float = 1.0, smoothing: float = 0.2, rounds: int = 30) -> Clock:
    """Reconstruct how many steps the engine took in each second.

    A request that is never preempted takes output - 1 steps between its first and last token. With r the
    steps per second in each bin this is one linear equation a request; r minimises the sum of absolute
    errors (iteratively reweighted least squares, because a preempted request takes fewer) plus a
    penalty on jumps between neighbouring bins.

    Parameters
    ----------
    smoothing
        Weight of the penalty: a jump of 1 step per second counts like twice this many missed steps.
    """
    end = float(run.last.max())
    edges = np.linspace(run.first.min(), end, max(2, int(np.ceil((end - run.first.min()) / bin_seconds)) + 1))
    width = np.diff(edges)
    inside = shares(edges, run.first, run.last)
    wanted = run.output - 1.0
    difference = 2.0 * smoothing * np.diff(np.eye(len(width)), axis=0)
    penalty = difference.T @ difference
    weight = np.ones(len(wanted))
    rate: FloatArray = np.zeros(len(width))
    for _ in range(rounds):
        weighted = inside * weight[:, None]
        rate = np.asarray(
            np.linalg.solve(inside.T @ weighted + penalty, weighted.T @ wanted), dtype=np.float64
        )
        weight = 1.0 / np.maximum(np.abs(inside @ rate - wanted), 1.0)
    steps = np.maximum(rate, 0.0) * width
    count = np.concatenate([[0.0], np.cumsum(steps)])
    middle = np.interp((edges[1:] + edges[:-1]) / 2.0, edges, count)
    written = np.clip(middle[None, :] - np.interp(run.first, edges, count)[:, None], 0.0, wanted[:, None])
    active = inside / width
    return Clock(
        edges=edges,
        steps=steps,
        batch=active.sum(axis=0),
        cached_tokens=(active * (run.prompt[:, None] + written)).sum(axis=0),
    )
