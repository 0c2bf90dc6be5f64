"""ServeGen (Alibaba, arXiv 2505.09999): arrivals drawn from published rates of real clients.

The source publishes no requests but, for every client of every model and every ten minutes, the
request rate and a law of the gaps between requests. The table read here stacks these windows with
the columns model, client_id, window_start_s, rate_rps, pattern (Gamma or Weibull) and param1 (the
law's shape). The published scale (param2) is not used: it is a fit to the gaps seen and does not
reproduce the rate (often by a factor of two, in bursts by a hundred); here the shape is taken from
the fit and the mean gap from the rate.

Production rates are far above what one edge site sees, so they are multiplied by `rate_scale`,
about 1/1000. The shape is kept: a scaled-down client is as bursty as the original.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import InvalidOption, InvalidTrace
from ..trace import FloatArray, IntArray, Provenance, Trace
from .assemble import LATEST, Tally
from .byte_table import ByteTable
from .columns import Buffers, Codes
from .csv_tables import CsvTables, RowTable
from .layouts import SERVEGEN_COLUMNS
from .reading import Progress
from .renewal import renewal_arrivals
from .servegen_lengths import Lengths, lengths_beside

WINDOW_SECONDS = 600.0
RATE_SCALE = 1e-3
MAX_REQUESTS = 20_000_000
"""A larger sample is refused: it would not fit in a gigabyte."""
_RATE_LIMITS = (1e-9, 1e7)
_COLUMNS = {"start": "d", "rate": "d", "shape": "d", "weibull": "b", "client": "i"}


@dataclass(frozen=True, eq=False)
class _Windows:
    """Rates by client and window, sorted by client name and start."""

    start: FloatArray
    rate: FloatArray
    shape: FloatArray
    weibull: IntArray
    client: IntArray
    clients: tuple[tuple[str, str], ...]
    tally: Tally


def load_servegen(
    path: Path,
    *,
    rate_scale: float = RATE_SCALE,
    seed: int = 0,
    lengths: Path | None = None,
    progress: Progress | None = None,
) -> Trace:
    """Read client rates and draw requests.

    Parameters
    ----------
    path
        Table of client rates, plain or gzipped CSV.
    rate_scale
        Factor on every rate, in (0, 1000].
    seed
        Same seed, same requests.
    lengths
        Table of length percentiles by client; by default ``client_lengths.csv[.gz]`` beside `path`.
        Without one, all token counts are 0.

    Raises
    ------
    InvalidTrace
        If a file cannot be read as such a table.
    InvalidOption
        If `rate_scale` is out of range or asks for more than 20 million requests.
    """
    if not 0 < rate_scale <= 1000:
        raise InvalidOption(
            f"rate_scale = {rate_scale}: must lie in (0, 1000]; about 0.001 suits one edge site"
        )
    if seed < 0:
        raise InvalidOption(f"seed = {seed}: must be 0 or more")
    windows = _read_windows(path, progress)
    expected = float(windows.rate.sum()) * rate_scale * WINDOW_SECONDS
    if expected > MAX_REQUESTS:
        limit = rate_scale * MAX_REQUESTS / expected
        raise InvalidOption(
            f"scale = {rate_scale:g}: would draw about {expected:.2g} requests from {path.name}; "
            f"use at most {limit:.1g}"
        )
    rng = np.random.default_rng(np.random.SeedSequence([seed, 0]))
    window, offset = renewal_arrivals(
        rng, windows.rate * rate_scale, windows.shape, windows.weibull.astype(bool), WINDOW_SECONDS
    )
    lengths = lengths or lengths_beside(path)
    table = Lengths.read(lengths) if lengths is not None else None
    return _trace(path, windows, window, offset, table, (rate_scale, seed))


def _read_windows(path: Path, progress: Progress | None) -> _Windows:
    tally, buffers, codes = Tally(), Buffers(_COLUMNS), Codes()
    tables = CsvTables(path, SERVEGEN_COLUMNS, progress=progress)
    for table in tables:
        _add_windows(buffers, codes, tally, tables.index, table)
    columns = buffers.finish()
    if columns["start"].size == 0:
        dropped = ", ".join(f"{count} {reason}" for reason, count in tally.dropped.items()) or "none"
        raise InvalidTrace(
            f"{path.name}: no window with arrivals in {tally.rows_read} rows (dropped: {dropped})"
        )
    # Codes count in order of appearance; the draw must not depend on the order of the rows.
    names = codes.names()
    by_name = sorted(range(len(names)), key=names.__getitem__)
    rank = np.empty(len(names), dtype=np.int64)
    rank[by_name] = np.arange(len(names))
    client = rank[columns["client"]]
    order = np.lexsort((columns["start"], client))
    sorted_columns = {name: column[order] for name, column in (columns | {"client": client}).items()}
    clients = tuple((names[code].split("\0")[0], names[code].split("\0")[1]) for code in by_name)
    return _Windows(**sorted_columns, clients=clients, tally=tally)


def _add_windows(
    buffers: Buffers, codes: Codes, tally: Tally, index: dict[str, int], table: ByteTable | RowTable
) -> None:
    tally.read(table)
    if not len(table):
        return
    start, bad_start = table.seconds(index["windowstarts"])
    rate, bad_rate = table.seconds(index["raterps"])
    shape, bad_shape = table.seconds(index["param1"])
    pattern = np.array([text.strip().lower() for text in table.texts(index["pattern"])])
    known = (pattern == "gamma") | (pattern == "weibull")
    with np.errstate(invalid="ignore"):
        bad = bad_start | bad_rate | ((rate > 0) & (bad_shape | ~(shape > 0) | ~np.isfinite(shape) | ~known))
        bad |= ~np.isfinite(rate) | (rate > _RATE_LIMITS[1])
    reasons = (
        ("malformed", bad),
        ("bad_time", ~(np.abs(start) <= LATEST)),
        ("negative", rate < 0),
        ("zero_rate", rate < _RATE_LIMITS[0]),
    )
    keep = tally.apply(reasons, len(table))
    names = zip(table.texts(index["model"], keep), table.texts(index["clientid"], keep), strict=True)
    clients = [f"{model}\0{client}" for model, client in names]
    buffers.extend(
        start=start[keep],
        rate=rate[keep],
        shape=shape[keep],
        weibull=(pattern == "weibull")[keep],
        client=codes.encode(clients),
    )


def _trace(
    path: Path,
    windows: _Windows,
    window: IntArray,
    offset: FloatArray,
    lengths: Lengths | None,
    drawn: tuple[float, int],
) -> Trace:
    rate_scale, seed = drawn
    moment = windows.start[window] + offset
    order = np.argsort(moment, kind="stable")
    moment, client = moment[order], windows.client[window[order]].astype(np.int32)
    model_names = tuple(sorted({model for model, _ in windows.clients}))
    model_of_client = np.array([model_names.index(model) for model, _ in windows.clients], dtype=np.int32)
    notes = [f"arrivals drawn with rates x {rate_scale:g}, seed {seed}"]
    prefill = decode = np.zeros(client.size, dtype=np.int64)
    if lengths is None:
        notes.append("no table of lengths: token counts are 0")
    else:
        rng = np.random.default_rng(np.random.SeedSequence([seed, 1]))
        prefill, decode, imputed = lengths.draw(rng, windows.clients, client, moment)
        notes.append(
            f"lengths of {imputed} of {len(windows.clients)} clients imputed from their model's others"
        )
    if client.size == 0:
        raise InvalidTrace(
            f"{path.name}: no request was drawn with rates x {rate_scale:g}; use a larger scale"
        )
    rows = client.size
    return Trace(
        arrived_at=moment - moment[0],
        num_prefill_tokens=prefill,
        num_decode_tokens=decode,
        session=np.full(rows, -1, dtype=np.int32),
        turn=np.zeros(rows, dtype=np.int32),
        model=model_of_client[client],
        client=client,
        model_names=model_names,
        client_names=tuple(f"{model}/{name}" for model, name in windows.clients),
        accounting=windows.tally.accounting(reordered=0),
        provenance=Provenance(path.name, "servegen", sampled=True, notes=tuple(notes)),
    )
