"""What the policies of this package share: options that are checked, and one way to copy with others."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ...problem import Instance
from ...problem.errors import InvalidOption


@dataclass(frozen=True, kw_only=True)
class Tunable:
    """Base of the built-in policies: a frozen dataclass whose fields are its options.

    Subclasses set `title` (their name), `clairvoyant` when they need the future, and `grid`: for each
    tunable option the values worth trying. `limits` gives the closed range of each numeric option. Fields
    whose name begins with an underscore hold what `fit` learnt and are no options.
    """

    title: ClassVar[str]
    clairvoyant: ClassVar[bool] = False
    grid: ClassVar[Mapping[str, tuple[Any, ...]]] = {}
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {}

    def __post_init__(self) -> None:
        for option, (low, high) in self.limits.items():
            value = getattr(self, option)
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise InvalidOption(
                    f"policy {self.name}: {option} = {value!r} must be a number from {low:g} to {high:g}"
                )

    @property
    def name(self) -> str:
        """Name under which the policy is registered and reported."""
        return self.title

    def options(self) -> dict[str, Any]:
        """Return the options by name."""
        return {name: getattr(self, name) for name in self.option_names()}

    @classmethod
    def option_names(cls) -> tuple[str, ...]:
        """Return the names of the options this policy takes."""
        return tuple(field.name for field in dataclasses.fields(cls) if not field.name.startswith("_"))

    def with_options(self, **options: Any) -> Self:
        """Return a copy with other options.

        Raises
        ------
        InvalidOption
            When an option is unknown or its value impossible.
        """
        unknown = sorted(set(options) - set(self.option_names()))
        if unknown:
            known = ", ".join(self.option_names()) or "none"
            raise InvalidOption(f"policy {self.name}: unknown option {unknown[0]!r}; it takes: {known}")
        return dataclasses.replace(self, **options)

    def fit(self, training: Sequence[Instance]) -> Self:  # noqa: ARG002 - part of the protocol
        """Return the policy as it is: it learns nothing from training instances."""
        return self
