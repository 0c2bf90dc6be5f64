"""One door to all formats."""

from __future__ import annotations

from pathlib import Path

from .formats.layouts import JSON_KEYS, resolve_format
from .formats.reading import Progress
from .formats.request_csv import load_request_csv
from .formats.request_jsonl import load_request_jsonl
from .formats.servegen import RATE_SCALE, load_servegen
from .trace import Trace


def load_trace(
    path: str | Path,
    format: str = "auto",
    *,
    rate_scale: float = RATE_SCALE,
    seed: int = 0,
    lengths: str | Path | None = None,
    progress: Progress | None = None,
) -> Trace:
    """Read a request trace, in bounded memory, with every row accounted for.

    Parameters
    ----------
    path
        A file, plain or gzipped (told by its content).
    format
        ``"auto"`` (by the names in the first line), ``"azure"`` (2023 and 2024), ``"burstgpt"`` (all
        versions), ``"canonical"`` or ``"vidur"``, ``"mooncake"``, ``"qwen"``, ``"servegen"``.
    rate_scale, seed, lengths
        For ServeGen alone: factor on the rates, seed of the draw, table of length percentiles (by
        default ``client_lengths.csv[.gz]`` beside the rates).
    progress
        Called now and then with (bytes read, bytes in all).

    Returns
    -------
    Trace
        Requests in order of arrival.

    Raises
    ------
    InvalidTrace
        If the file cannot be read, fits no format, or holds no request.
    InvalidOption
        If an argument is out of range.
    """
    path = Path(path)
    name = resolve_format(path, format)
    if name in JSON_KEYS:
        return load_request_jsonl(path, name, progress)
    if name == "servegen":
        table = Path(lengths) if lengths is not None else None
        return load_servegen(path, rate_scale=rate_scale, seed=seed, lengths=table, progress=progress)
    return load_request_csv(path, name, progress)
