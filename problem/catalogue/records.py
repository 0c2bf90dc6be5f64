"""Records of language models, devices and prices of hosted models: facts, each with its source.

What is unknown is ``None``. The words "unverified", "assumed", "memory" (from memory) and "not found"
in a source mean what they say, and `Model.caveats`, `Device.caveats` repeat them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Generic, TypeVar

from ..errors import InvalidOption

_DOUBT = re.compile(r"unverified|assumed|\bmemory\b|not found|derived", re.IGNORECASE)


@dataclass(frozen=True)
class Score:
    """A published benchmark score: per cent of correct answers and the setting it was taken in."""

    percent: float
    setting: str


@dataclass(frozen=True, kw_only=True)
class Model:
    """A language model as its publishers describe it.

    Attributes
    ----------
    parameters, active_parameters : float
        All weights, and those that one token passes through (fewer in a mixture of experts).
    layers, width, heads, kv_heads, head_dim, vocabulary : int
        Shape of the transformer; ``kv_heads < heads`` is grouped-query attention.
    context_window : int, tokens
    sliding_window : int or None, tokens
        How far back the layers with local attention look; None: all layers see everything.
    sliding_layer_share : float or None
        Share of the layers to which `sliding_window` applies.
    kv_bytes_per_token : float, bytes
        Keys and values of one token over all layers, two bytes a number.
    mmlu, gsm8k, triviaqa : Score or None
    """

    name: str
    licence: str
    parameters: float
    active_parameters: float
    layers: int
    width: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    context_window: int
    sliding_window: int | None
    sliding_layer_share: float | None
    kv_bytes_per_token: float
    mmlu: Score | None
    gsm8k: Score | None
    triviaqa: Score | None
    architecture_source: str
    accuracy_source: str | None
    sliding_source: str | None

    @property
    def caveats(self) -> tuple[str, ...]:
        """Whatever the table marks as unverified, assumed or from memory."""
        return _doubts(self.licence, self.architecture_source, self.accuracy_source, self.sliding_source)


@dataclass(frozen=True, kw_only=True)
class Device:
    """An accelerator as its data sheet describes it.

    Attributes
    ----------
    memory_bytes : float, bytes
        The data sheet's gigabytes, counted as 1e9 bytes.
    bandwidth : float, bytes per second
        Between the device and its own memory.
    power : float, watt
        Thermal design power.
    bf16_flops, int8_ops : float or None, operations per second
        Dense peak, without the factor two of structured sparsity; None: not found.
    host_load_rate, nvme_load_rate : float, bytes per second (assumed)
        At which weights reach the device from host memory and from a local disk.
    """

    name: str
    memory_bytes: float
    bandwidth: float
    power: float
    bf16_flops: float | None
    int8_ops: float | None
    host_link: str
    host_load_rate: float
    nvme_load_rate: float
    specification_source: str
    flops_source: str
    load_source: str

    @property
    def caveats(self) -> tuple[str, ...]:
        """Whatever the table marks as unverified, assumed, derived or not found."""
        return _doubts(self.flops_source, self.load_source)


@dataclass(frozen=True, kw_only=True)
class Price:
    """What a provider asks for a hosted model, in US cents per million tokens.

    `cached_input` is the price of prompt tokens found in the provider's prompt cache; None: no such
    price is published.
    """

    name: str
    provider: str
    input: float
    cached_input: float | None
    output: float
    context_window: int | None
    source: str


R = TypeVar("R", bound=Model | Device | Price)


class Facts(Mapping[str, R], Generic[R]):
    """Records by name. An unknown name raises `InvalidOption` with the nearest known ones.

    ``get`` and ``in`` answer quietly, as those of every mapping do.
    """

    def __init__(self, kind: str, records: Mapping[str, R]) -> None:
        self._kind = kind
        self._records = dict(records)

    def __getitem__(self, name: str) -> R:
        try:
            return self._records[name]
        except KeyError:
            raise InvalidOption(f"unknown {self._kind} {name!r}; {self._suggestion(name)}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._records

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def get(self, name: str, default: Any = None) -> Any:
        """The record of that name, or `default`."""
        return self._records.get(name, default)

    def _suggestion(self, name: str) -> str:
        folded = {known.casefold(): known for known in self._records}
        near = get_close_matches(str(name).casefold(), folded, n=3, cutoff=0.4)
        if near:
            return "did you mean " + ", ".join(repr(folded[match]) for match in near) + "?"
        return f"there are {len(self)}, such as " + ", ".join(repr(known) for known in list(self)[:3])


def _doubts(*texts: str | None) -> tuple[str, ...]:
    return tuple(text for text in texts if text and _DOUBT.search(text))
