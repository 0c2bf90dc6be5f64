"""US cents from the catalogue: an L40S beside a frontier API, engine starts of a minute, decoy demand."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from .. import catalogue
from ..accuracy import LogCurve
from ..errors import InvalidOption
from ..workloads import Deployment, OnOff
from . import agents
from .family import Family

DEVICE = "L40S"
FRONTIER = "openai/gpt-4o"

# Models of 7 to 17 GB with their caches, so that three or four share an L40S, each at the precision
# that brings it there. More models than these are further fine-tunes of the same ones.
SHELF = (
    ("Llama-3.1-8B", "int8+kv8"),
    ("Qwen2.5-7B", "int8+kv8"),
    ("Qwen3-8B", "int8+kv8"),
    ("Mistral-7B-v0.3", "int8+kv8"),
    ("Gemma-2-9B", "int8+kv8"),
    ("Qwen2.5-14B", "int4+kv8"),
    ("Phi-4", "int4+kv8"),
    ("Qwen3-30B-A3B", "int4+kv8"),
    ("Qwen2.5-3B", "fp16+kv8"),
    ("Qwen3-4B", "fp16+kv8"),
    ("Llama-3.2-3B", "fp16+kv8"),
    ("Phi-4-mini", "fp16+kv8"),
)


def realistic(
    rng: np.random.Generator,
    deployment: Deployment,
    requests: float,
    *,
    persistent: agents.Persistent = None,
    mean_on: agents.MeanOn = 80.0,
    duty: agents.Duty = 0.4,
    decoy_mean_on: agents.DecoyMeanOn = 3.0,
    decoy_duty: agents.DecoyDuty = 0.25,
    noise: agents.Noise = 0.1,
) -> OnOff:
    """Decoy demand in US cents of the catalogue, on an L40S whose compute limit binds.

    Stresses: everything at once. Finding each model's persistence, paying a minute of engine start
    with 30-second slots, and dividing GPU-seconds between models that are hot together.

    Ties: on how long a persistent model stays, as in `decoy`. With loads of seconds in place of a
    minute the per-slot optimum would be near-optimal, and hosted open models in place of the
    frontier API would leave the edge nothing to win.
    """
    return agents.decoy(
        rng,
        deployment,
        requests,
        persistent=persistent,
        mean_on=mean_on,
        duty=duty,
        decoy_mean_on=decoy_mean_on,
        decoy_duty=decoy_duty,
        noise=noise,
    )


@dataclass(frozen=True, kw_only=True)
class CataloguePrices:
    """Prices and limits in US cents, bytes, GPU-seconds and joule, with their knobs.

    What a token, a GPU-second and a joule cost comes from the catalogue. What an error costs and how
    accurate models are with and without context are assumptions, and knobs.
    """

    gpus: Annotated[
        float | None, "L40S per server, or a slice of one; by default one for every 12 models"
    ] = None
    slot_seconds: Annotated[float, "seconds per slot"] = 30.0
    engine_start: Annotated[float, "seconds from the decision to load until the engine serves"] = 60.0
    prompt_tokens: Annotated[float, "mean prompt without context, tokens"] = 500.0
    output_tokens: Annotated[float, "mean answer, tokens"] = 400.0
    window: Annotated[int, "context window of every service, units"] = 32
    unit_tokens: Annotated[float, "tokens per unit of context"] = 100.0
    vanish: Annotated[int, "context units lost per slot"] = 1
    error_cents: Annotated[float, "cost of a wrong answer, cents"] = 0.3
    accuracy_start: Annotated[float, "accuracy without context"] = 0.55
    accuracy_full: Annotated[float, "accuracy with a full window"] = 0.9
    cloud_accuracy: Annotated[float, "accuracy of the frontier model"] = 0.9
    alpha: Annotated[float, "exponent of the accuracy law"] = 0.8
    hot_requests: Annotated[
        float, "requests per slot of a model that is on, to value what its loading misses"
    ] = 10.0

    def __post_init__(self) -> None:
        if self.gpus is not None and self.gpus <= 0:
            raise InvalidOption(f"gpus={self.gpus}: must be above zero")
        if not 0 <= self.accuracy_start <= self.accuracy_full <= 1:
            raise InvalidOption(
                f"accuracy_start={self.accuracy_start} and accuracy_full={self.accuracy_full}: "
                "must rise between 0 and 1"
            )
        for name in ("window", "vanish", "error_cents", "hot_requests"):
            if getattr(self, name) < 0:
                raise InvalidOption(f"{name}={getattr(self, name)}: must be zero or more")

    def draw(self, rng: np.random.Generator, deployment: Deployment) -> dict[str, Any]:
        """Draw the services' lengths and work out every array of the instance but the requests."""
        models, quantised = _shelf(deployment.models)
        built = catalogue.build(
            DEVICE,
            self._services(rng, deployment, models),
            models=models,
            quantised=quantised,
            slot_seconds=self.slot_seconds,
            economics=catalogue.Economics(engine_start_seconds=self.engine_start),
        )
        gpus = deployment.models / len(SHELF) if self.gpus is None else self.gpus
        limits = {
            "memory": max(gpus * float(built.memory), float(built.footprint.max())),
            "compute": gpus * float(built.compute),
        }
        context = {"accuracy": self._curve(), "accuracy_weight": self.error_cents, "vanish": self.vanish}
        return built.arrays() | limits | context

    def _curve(self) -> LogCurve:
        end = np.log2(1.0 + float(self.window) ** self.alpha) if self.window else 1.0
        rise = float((self.accuracy_full - self.accuracy_start) / end)
        return LogCurve(a0=self.accuracy_start, a1=rise, alpha=self.alpha, ceiling=self.accuracy_full)

    def _services(
        self, rng: np.random.Generator, deployment: Deployment, models: list[catalogue.Model]
    ) -> list[catalogue.Service]:
        """Services of unequal lengths; their mean prompts and answers spread by about 30 %."""
        prompts = self.prompt_tokens * rng.uniform(0.5, 1.5, deployment.services)
        outputs = self.output_tokens * rng.uniform(0.5, 1.5, deployment.services)
        return [
            catalogue.Service(
                name=f"{models[model].name}/agent-{index}",
                model=models[model],
                price=FRONTIER,
                prompt_tokens=float(prompts[index]),
                output_tokens=float(outputs[index]),
                window=self.window,
                unit_tokens=self.unit_tokens,
                concurrency=4.0,
                cloud_context_share=0.25,  # a frontier API gets a digest of the context, not all of it
                cloud_error_cents=self.error_cents * (1 - self.cloud_accuracy),
                local_error_cents=self.error_cents * (1 - (self.accuracy_start + self.accuracy_full) / 2),
                hot_requests=float(self.hot_requests * deployment.share[index]),
            )
            for index, model in enumerate(deployment.service_model)
        ]


def _shelf(count: int) -> tuple[list[catalogue.Model], dict[str, str]]:
    """The first `count` models of the shelf, which repeats under new names, and their precisions."""
    known = catalogue.models()
    chosen, quantised = [], {}
    for index in range(count):
        name, precision = SHELF[index % len(SHELF)]
        tune = index // len(SHELF)
        model = known[name] if tune == 0 else dataclasses.replace(known[name], name=f"{name} tune {tune}")
        chosen.append(model)
        quantised[model.name] = precision
    return chosen, quantised


REALISTIC = Family("realistic", realistic, prices=CataloguePrices)
