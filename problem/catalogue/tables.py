"""The tables of the catalogue, read from the CSV files beside this module.

One row a record, every figure with its source. An empty cell is unknown and reads as ``None``.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files

from ..errors import InvalidFile
from .records import Device, Facts, Model, Price, R, Score

_CENTS, _GIGA, _TERA = "e2", "e9", "e12"
_SCORE = re.compile(r"(?P<percent>\d+(\.\d+)?)\s*\((?P<setting>[^)]*)\)")


@cache
def models() -> Facts[Model]:
    """The language models of the catalogue, by name (``"Llama-3.1-8B"``)."""
    return Facts("model", _table("models.csv", _model))


@cache
def devices() -> Facts[Device]:
    """The devices of the catalogue, by name (``"L40S"``)."""
    return Facts("device", _table("devices.csv", _device))


@cache
def prices() -> Facts[Price]:
    """The prices of hosted models, by provider and model (``"openai/gpt-4o"``)."""
    return Facts("price", _table("prices.csv", _price))


def _model(row: Mapping[str, str]) -> Model:
    return Model(
        name=row["name"],
        licence=row["family_licence"],
        parameters=float(row["params_b"] + _GIGA),
        active_parameters=float(row["active_params_b"] + _GIGA),
        layers=int(row["n_layers"]),
        width=int(row["d_model"]),
        heads=int(row["n_heads"]),
        kv_heads=int(row["n_kv_heads"]),
        head_dim=int(row["head_dim"]),
        vocabulary=int(row["vocab"]),
        context_window=int(row["context_window"]),
        sliding_window=_whole(row["sliding_window"]),
        sliding_layer_share=_number(row["sliding_layer_share"]),
        kv_bytes_per_token=float(row["kv_bytes_per_token_fp16"]),
        mmlu=_score(row["mmlu"]),
        gsm8k=_score(row["gsm8k"]),
        triviaqa=_score(row["triviaqa"]),
        architecture_source=row["arch_source"],
        accuracy_source=row["accuracy_source"] or None,
        sliding_source=row["sliding_source"] or None,
    )


def _device(row: Mapping[str, str]) -> Device:
    return Device(
        name=row["name"],
        memory_bytes=float(row["memory_gb"] + _GIGA),
        bandwidth=float(row["mem_bandwidth_gbps"] + _GIGA),
        power=float(row["tdp_w"]),
        bf16_flops=_number(row["bf16_dense_tflops"], _TERA),
        int8_ops=_number(row["int8_dense_tops"], _TERA),
        host_link=row["host_link"],
        host_load_rate=float(row["host_to_gpu_load_gbps_assumed"] + _GIGA),
        nvme_load_rate=float(row["nvme_load_gbps_assumed"] + _GIGA),
        specification_source=row["spec_source"],
        flops_source=row["flops_source"],
        load_source=row["load_source"],
    )


def _price(row: Mapping[str, str]) -> Price:
    return Price(
        name=f"{row['provider']}/{row['model']}",
        provider=row["provider"],
        input=float(row["usd_per_mtok_input"] + _CENTS),
        cached_input=_number(row["usd_per_mtok_cached_input"], _CENTS),
        output=float(row["usd_per_mtok_output"] + _CENTS),
        context_window=_whole(row["context_window"]),
        source=row["source"],
    )


def _table(file: str, read: Callable[[Mapping[str, str]], R]) -> dict[str, R]:
    """Read one of the package's tables; a broken line is named with its number."""
    records: dict[str, R] = {}
    text = (files(__package__) / file).read_text(encoding="utf-8")
    for line, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        try:
            record = read(row)
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidFile(f"{file}, line {line}: cannot be read ({error})") from error
        if record.name in records:
            raise InvalidFile(f"{file}, line {line}: {record.name!r} stands there twice")
        records[record.name] = record
    return records


def _number(cell: str, exponent: str = "") -> float | None:
    """The number of a cell. The exponent is appended, so that 8.03 giga is 8.03e9 to the last bit."""
    return float(cell + exponent) if cell else None


def _whole(cell: str) -> int | None:
    return int(cell) if cell else None


def _score(cell: str) -> Score | None:
    if not cell:
        return None
    match = _SCORE.fullmatch(cell)
    if match is None:
        raise ValueError(f"{cell!r} is no score; '69.4 (5s,instr)' would be")
    return Score(float(match["percent"]), match["setting"])
