"""What a model occupies: its weights, and the pool of keys and values reserved for its windows.

All sizes are in bytes. A serving engine reserves the pool when it loads the model, so the footprint
of a model is fixed by what was promised to its services, not by what they happen to use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from ..errors import InvalidOption
from .records import Model


@dataclass(frozen=True, kw_only=True)
class Quantisation:
    """How the numbers of a served model are stored and multiplied.

    Attributes
    ----------
    weight_bytes : float, bytes per weight
        Nominal: 2, 1 or 0.5. Checkpoints with group scales and unquantised embeddings hold more; give
        file size / number of weights to be exact.
    kv_bytes : float, bytes per number of the key-value cache
    arithmetic : "bf16" or "int8"
        Which peak of the device the matrix products reach. Formats that store weights alone in few
        bits multiply in bf16.
    """

    name: str
    weight_bytes: float
    kv_bytes: float = 2.0
    arithmetic: Literal["bf16", "int8"] = "bf16"

    def __post_init__(self) -> None:
        for field in ("weight_bytes", "kv_bytes"):
            if not 0 < getattr(self, field) <= 8:
                raise InvalidOption(
                    f"quantisation {self.name!r}: {field} = {getattr(self, field)}, must be in (0, 8] bytes"
                )
        if self.arithmetic not in ("bf16", "int8"):
            raise InvalidOption(
                f"quantisation {self.name!r}: arithmetic {self.arithmetic!r}, must be 'bf16' or 'int8'"
            )


def _formats() -> Mapping[str, Quantisation]:
    stored = [
        Quantisation(name="fp16", weight_bytes=2.0),
        Quantisation(name="int8", weight_bytes=1.0),
        Quantisation(name="int4", weight_bytes=0.5),
        Quantisation(name="w8a8", weight_bytes=1.0, arithmetic="int8"),
    ]
    halved = [
        Quantisation(
            name=f"{plain.name}+kv8",
            weight_bytes=plain.weight_bytes,
            kv_bytes=1.0,
            arithmetic=plain.arithmetic,
        )
        for plain in stored
    ]
    return MappingProxyType({each.name: each for each in stored + halved})


QUANTISATIONS: Mapping[str, Quantisation] = _formats()
"""fp16, int8 and int4 weights, w8a8 (int8 arithmetic too); each also with a one-byte cache, "+kv8"."""


def quantisation(choice: str | Quantisation) -> Quantisation:
    """A quantisation by name; one given as such is handed back.

    Raises
    ------
    InvalidOption
        For a name that is not in `QUANTISATIONS`.
    """
    if isinstance(choice, Quantisation):
        return choice
    if choice not in QUANTISATIONS:
        raise InvalidOption(f"unknown quantisation {choice!r}; known are {', '.join(QUANTISATIONS)}")
    return QUANTISATIONS[choice]


def weight_bytes(model: Model, stored: Quantisation) -> float:
    """Bytes of all weights: parameters x bytes per weight."""
    return model.parameters * stored.weight_bytes


def kv_bytes_per_token(model: Model, stored: Quantisation) -> float:
    """Bytes of the keys and values of one token that every layer remembers.

    2 (key and value) x layers x key-value heads x head dimension x bytes per number. Grouped-query
    attention shows in ``kv_heads``.
    """
    return 2.0 * model.layers * model.kv_heads * model.head_dim * stored.kv_bytes


def visible_tokens(model: Model, length: float) -> float:
    """Tokens of a sequence that a layer attends to and must keep, on average over layers.

    (1 - share) x length + share x min(length, sliding window), where share is the part of the layers
    whose attention is local; plain models see the whole sequence.
    """
    if model.sliding_window is None or model.sliding_layer_share is None:
        return length
    local = model.sliding_layer_share
    return (1.0 - local) * length + local * min(length, float(model.sliding_window))


def kv_pool_bytes(model: Model, stored: Quantisation, *, length: float, sequences: float) -> float:
    """Bytes reserved so that `sequences` sequences of `length` tokens fit side by side.

    sequences x visible tokens x bytes per token. Engines allocate in blocks (vLLM: 16 tokens), which
    adds up to one block a sequence; it is left out.
    """
    return sequences * visible_tokens(model, length) * kv_bytes_per_token(model, stored)
