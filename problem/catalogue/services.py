"""A service as its operator would describe it: a model, its traffic, its window, what it replaces."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from ..errors import InvalidOption
from .inference import Tokens
from .records import Model, Price
from .tables import models, prices


@dataclass(frozen=True, kw_only=True)
class Service:
    """An agent deployed on one language model.

    A unit of context is a turn or a thought of `unit_tokens` tokens; the window holds `window` of them.

    Attributes
    ----------
    name : str
    model : str or Model
        Which model serves it at the edge.
    price : str or Price
        The hosted model that answers instead, ``"openai/gpt-4o"``.
    prompt_tokens, output_tokens : float, tokens
        Mean of a request without its context, and of the answer.
    window : int, context units
    unit_tokens : float, tokens per context unit
    context_share : float in [0, 1]
        How full the window is on average when a request arrives; the work of the problem does not
        depend on the context, so the mean has to stand for it.
    recomputed_share : float in [0, 1]
        Part of that context whose keys and values were lost and must be read again.
    concurrency : float
        Windows the cache pool reserves: sequences of the service that run at the same time.
    cloud_context_share, cloud_cached_share : float in [0, 1]
        Part of the mean context sent along to the cloud, and part of that billed at the provider's
        price for cached input.
    cloud_error_cents, local_error_cents : float, cents per request
        accuracy weight x expected error of the hosted model, which is part of the cloud cost; and of
        the local one, used only to value the requests lost during a load.
    hot_requests : float, requests per slot
        Arrivals while the service is hot, for the same purpose.
    """

    name: str
    model: str | Model
    price: str | Price
    prompt_tokens: float
    output_tokens: float
    window: int = 0
    unit_tokens: float = 0.0
    context_share: float = 0.5
    recomputed_share: float = 0.0
    concurrency: float = 1.0
    cloud_context_share: float = 0.0
    cloud_cached_share: float = 0.0
    cloud_error_cents: float = 0.0
    local_error_cents: float = 0.0
    hot_requests: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, (int, float)):
                continue
            top = 1.0 if field.name.endswith("_share") else math.inf
            if not (0 <= value <= top and value < math.inf):
                rule = "in [0, 1]" if top == 1.0 else "finite and not negative"
                raise InvalidOption(f"service {self.name!r}: {field.name} = {value}, must be {rule}")
        if self.window != int(self.window):
            raise InvalidOption(f"service {self.name!r}: window = {self.window}, must be a whole number")
        if self.concurrency < 1:
            raise InvalidOption(
                f"service {self.name!r}: concurrency = {self.concurrency}, must be at least 1"
            )

    @property
    def window_tokens(self) -> float:
        """Tokens of a full window: window x tokens per unit."""
        return self.window * self.unit_tokens

    @property
    def longest_tokens(self) -> float:
        """Tokens reserved for one sequence: full window + prompt + output, at their means."""
        return self.window_tokens + self.prompt_tokens + self.output_tokens

    @property
    def local_tokens(self) -> Tokens:
        """A mean request at the edge: recomputed context is read like a prompt, the rest is kept."""
        context = self.context_share * self.window_tokens
        lost = self.recomputed_share * context
        return Tokens(prompt=self.prompt_tokens + lost, output=self.output_tokens, context=context - lost)

    @property
    def cloud_tokens(self) -> Tokens:
        """A mean request to the cloud; its context is what is sent along."""
        context = self.cloud_context_share * self.context_share * self.window_tokens
        return Tokens(prompt=self.prompt_tokens, output=self.output_tokens, context=context)

    @property
    def cached_cloud_tokens(self) -> float:
        """Input tokens that the provider bills at its price for cached input."""
        return self.cloud_cached_share * self.cloud_tokens.context

    def resolve(self) -> tuple[Model, Price]:
        """The records behind the names of model and price.

        Raises
        ------
        InvalidOption
            For an unknown name, or a sequence longer than the model or the hosted model can read.
        """
        model = models()[self.model] if isinstance(self.model, str) else self.model
        price = prices()[self.price] if isinstance(self.price, str) else self.price
        if self.longest_tokens > model.context_window:
            raise InvalidOption(
                f"service {self.name!r}: window, prompt and output take {self.longest_tokens:g} tokens, "
                f"{model.name} reads at most {model.context_window}"
            )
        sent = self.cloud_tokens
        total = sent.context + sent.prompt + sent.output
        if price.context_window is not None and total > price.context_window:
            raise InvalidOption(
                f"service {self.name!r}: {total:g} tokens go to the cloud, {price.name} reads at most "
                f"{price.context_window}"
            )
        return model, price
