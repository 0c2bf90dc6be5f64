"""Token counts for ServeGen's sampled requests, from percentiles by client and six-hour window."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..trace import CodeArray, FloatArray, IntArray
from .csv_tables import CsvTables

_PERCENTILES = ("p10", "p25", "p50", "p75", "p90", "p99")
_LEVELS = np.array([0.10, 0.25, 0.50, 0.75, 0.90, 0.99])
_COLUMNS = ("model", "clientid", "windowstarts", "field", *_PERCENTILES)
_PREFILL_FIELDS = frozenset({"input_tokens", "text_tokens", "image_tokens", "audio_tokens", "video_tokens"})
_DECODE_FIELDS = frozenset({"output_tokens"})


def lengths_beside(rates: Path) -> Path | None:
    """Path of the table of lengths in the folder of the rates, if there is one."""
    found = (rates.with_name(name) for name in ("client_lengths.csv.gz", "client_lengths.csv"))
    return next((path for path in found if path.is_file()), None)


@dataclass(frozen=True, eq=False)
class Lengths:
    """Percentiles of prompt and answer.

    Parameters
    ----------
    windows
        (model, client) to the starts (W,) of its windows and the percentiles (W, 2, 6) of prompt
        and answer in them.
    pooled
        Model to the mean percentiles (2, 6) over its clients, for clients without their own.
    """

    windows: dict[tuple[str, str], tuple[FloatArray, FloatArray]]
    pooled: dict[str, FloatArray]

    @classmethod
    def read(cls, path: Path) -> Lengths:
        """Read the table.

        The percentiles of a multimodal prompt are the sums of those of its parts (text, image,
        audio, video), as if long texts came with large images: marginals alone are published.

        Raises
        ------
        InvalidTrace
            If it cannot be read or lacks a column.
        """
        found: dict[tuple[str, str], dict[float, FloatArray]] = defaultdict(
            lambda: defaultdict(lambda: np.zeros((2, len(_PERCENTILES))))
        )
        tables = CsvTables(path, _COLUMNS)
        for table in tables:
            models, names, kinds = (
                table.texts(tables.index[name]) for name in ("model", "clientid", "field")
            )
            numbers = [table.seconds(tables.index[name])[0] for name in ("windowstarts", *_PERCENTILES)]
            for row, (start, *quantiles) in enumerate(np.array(numbers).T.tolist()):
                place = _place(kinds[row])
                if place is not None and np.all(np.isfinite([start, *quantiles])):
                    found[models[row], names[row]][start][place] += quantiles
        windows = {client: _stacked(by_start) for client, by_start in found.items()}
        by_model: dict[str, list[FloatArray]] = defaultdict(list)
        for (model, _), (_, percentiles) in windows.items():
            by_model[model].append(percentiles.mean(axis=0))
        return cls(windows, {model: np.mean(tables, axis=0) for model, tables in by_model.items()})

    def draw(
        self,
        rng: np.random.Generator,
        clients: Sequence[tuple[str, str]],
        client: CodeArray,
        moment: FloatArray,
    ) -> tuple[IntArray, IntArray, int]:
        """Draw lengths independently for each request, by the inverse of the percentiles.

        Between the percentiles the inverse is linear; below the 10th and above the 99th it is
        constant, so extreme prompts are missing (the means fall a few per cent short).

        Parameters
        ----------
        clients
            (model, client) of each code.
        client : int (R,)
        moment : float (R,), seconds of the table

        Returns
        -------
        prefill, decode : int (R,), at least 1
        imputed
            Number of clients without lengths of their own.
        """
        level = rng.random((client.size, 2))
        tokens = np.ones((client.size, 2), dtype=np.int64)
        imputed = 0
        order = np.argsort(client, kind="stable")
        ends = np.searchsorted(client[order], np.arange(len(clients) + 1))
        for code, name in enumerate(clients):
            rows = order[ends[code] : ends[code + 1]]
            if name in self.windows:
                starts, tables = self.windows[name]
                window = np.clip(np.searchsorted(starts, moment[rows], side="right") - 1, 0, None)
            else:
                imputed += 1
                tables = self.pooled.get(name[0], np.ones((2, len(_PERCENTILES))))[None]
                window = np.zeros(rows.size, dtype=np.int64)
            for which in np.unique(window):
                chosen = rows[window == which]
                for part in range(2):
                    tokens[chosen, part] = np.rint(
                        np.interp(level[chosen, part], _LEVELS, tables[which, part])
                    )
        tokens = np.maximum(tokens, 1)
        return tokens[:, 0].copy(), tokens[:, 1].copy(), imputed


def _place(field: str) -> int | None:
    if field in _PREFILL_FIELDS:
        return 0
    return 1 if field in _DECODE_FIELDS else None


def _stacked(by_start: dict[float, FloatArray]) -> tuple[FloatArray, FloatArray]:
    starts = sorted(by_start)
    return np.array(starts), np.maximum(np.array([by_start[start] for start in starts]), 0.0)
