"""What a T2DRL network is, beside its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, cast

from ...problem.errors import InvalidOption
from ..networks.cores import CORES
from ..networks.network import Network
from ..networks.ttt import INNER_TARGETS, InnerTarget


@dataclass(frozen=True, kw_only=True)
class Config:
    """Shape of the network.

    Parameters
    ----------
    core
        One of `cores.CORES`: "ttt" is T2DRL, the others are its controls.
    width
        d, of every layer.
    inner_target, inner_batch
        Of the core "ttt" (`ttt.TTTLinear`).
    learns
        False: a twin whose core never learns while it reads, in training neither.

    Raises
    ------
    InvalidOption
        For a value that does not exist, or is outside its limits.
    """

    core: str = "ttt"
    width: int = 40
    inner_target: str = "next-demand"
    inner_batch: int = 20
    learns: bool = True

    def __post_init__(self) -> None:
        for name, known in (("core", CORES), ("inner_target", INNER_TARGETS)):
            if getattr(self, name) not in known:
                raise InvalidOption(f"{name} = {getattr(self, name)!r}: must be one of {', '.join(known)}")
        for name, most in (("width", 1024), ("inner_batch", 1024)):
            value = getattr(self, name)
            if type(value) is not int or not 1 <= value <= most:
                raise InvalidOption(f"{name} = {str(value)[:40]}: must be a whole number from 1 to {most}")
        if type(self.learns) is not bool:
            raise InvalidOption(f"learns = {str(self.learns)[:40]}: must be true or false")

    def network(self) -> Network:
        """A network of this shape, drawn from torch's generator."""
        return Network(
            self.core,
            width=self.width,
            inner_target=cast(InnerTarget, self.inner_target),
            inner_batch=self.inner_batch,
        )

    def as_dict(self) -> dict[str, Any]:
        """Names and values, as JSON has them."""
        return asdict(self)

    @classmethod
    def of_dict(cls, values: Mapping[str, Any]) -> Config:
        """The shape that `as_dict` wrote.

        Raises
        ------
        InvalidOption
            If entries are missing or unknown, or a value is outside its limits.
        """
        names = {field.name for field in fields(cls)}
        if not isinstance(values, Mapping) or set(values) != names:
            raise InvalidOption(f"config: must have exactly the entries {', '.join(sorted(names))}")
        return cls(**values)
