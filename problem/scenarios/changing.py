"""Scenarios in which popularity is constant, or changes for all models by one law."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from ..workloads import (
    Deployment,
    Diurnal,
    Drift,
    FlashCrowds,
    HotSet,
    Regimes,
    Stationary,
    crowd_size,
    draw_diurnal,
    draw_regimes,
    draw_stationary,
)

Exponent = Annotated[float, "Zipf exponent of the models' popularity"]
Noise = Annotated[float, "share of the requests that is spread evenly over all models"]


def stationary(
    rng: np.random.Generator, deployment: Deployment, requests: float, *, exponent: Exponent = 0.9
) -> Stationary:
    """Constant Zipf popularity: nothing ever changes.

    Stresses: nothing but the choice of the best fixed set; it is the control that shows whether
    a policy leaves well alone, and what load-on-miss wastes.

    Ties: everywhere. The best static set is optimal within 0.1 %, and training demand reveals it.
    """
    return draw_stationary(rng, deployment, requests, exponent)


def drift(
    rng: np.random.Generator,
    deployment: Deployment,
    requests: float,
    *,
    exponent: Exponent = 0.9,
    memory_slots: Annotated[float, "slots in which the ranking is half forgotten"] = 40.0,
) -> Drift:
    """Zipf popularity whose ranking drifts smoothly.

    Stresses: tracking. Scores are smooth in time, so a crossing of two models announces itself
    in their trends before it pays to swap them.

    Ties: with a tuned exponential average, but for what the trend adds.
    """
    del rng  # the world of this scenario holds nothing random: the ranking belongs to the stretch
    return Drift(deployment=deployment, requests=requests, exponent=exponent, memory_slots=memory_slots)


def regimes(
    rng: np.random.Generator,
    deployment: Deployment,
    requests: float,
    *,
    exponent: Exponent = 0.9,
    count: Annotated[int, "number of regimes"] = 4,
    mean_slots: Annotated[float, "mean duration of a regime, slots; geometric"] = 40.0,
) -> Regimes:
    """A few fixed popularity rankings with sudden, memoryless switches between them.

    Stresses: recognition. The rankings are the same in training and test, so a few requests
    after a switch tell which of the known regimes has begun.

    Ties: on the moment of a switch, which nobody can foresee.
    """
    return draw_regimes(rng, deployment, requests, exponent, count, mean_slots)


def hotset(
    rng: np.random.Generator,
    deployment: Deployment,
    requests: float,
    *,
    hot: Annotated[int | None, "models that are hot at a time; by default a third of the models"] = None,
    mean_hot: Annotated[float, "mean slots that a model stays hot; geometric"] = 25.0,
    noise: Noise = 0.15,
) -> HotSet:
    """A hot set in which every model cools down after a memoryless time.

    Stresses: switching against missing: a new hot model pays its loading back only if it stays
    hot, and nobody can know for how long it will.

    Ties: everywhere. Durations are geometric with the same mean for all models, so a tuned
    index policy already uses all there is to know; what separates it from the clairvoyant optimum is
    out of reach of any online policy.
    """
    del rng  # every model is as likely to be hot as any other: the world holds nothing random
    count = max(1, round(deployment.models / 3)) if hot is None else hot
    return HotSet(deployment=deployment, requests=requests, hot=count, mean_hot=mean_hot, noise=noise)


def diurnal(
    rng: np.random.Generator,
    deployment: Deployment,
    requests: float,
    *,
    exponent: Exponent = 0.5,
    period: Annotated[float, "slots per day"] = 96.0,
    sharpness: Annotated[
        float, "0: no day; 2: the busiest hour has about 54 times the quietest's rate"
    ] = 2.0,
    noise: Noise = 0.1,
) -> Diurnal:
    """Day and night: every model is busy at its own hour of the same period.

    Stresses: anticipation. The day returns exactly, in training and in test, so a learner that
    finds the hour can load a model when its demand begins to rise and drop it before it has fallen.

    Ties: with a forecast that knows the period.
    """
    return draw_diurnal(
        rng, deployment, requests, noise, exponent=exponent, period=period, sharpness=sharpness
    )


def flash(
    rng: np.random.Generator,
    deployment: Deployment,
    requests: float,
    *,
    exponent: Exponent = 0.9,
    every: Annotated[float, "mean slots from one crowd to the next, anywhere; memoryless"] = 30.0,
    height: Annotated[float, "a crowd's first slot adds this many times all other requests"] = 1.0,
    mean_life: Annotated[float, "slots after which a crowd has thinned to 1/e"] = 12.0,
) -> FlashCrowds:
    """Constant Zipf popularity with sudden crowds that thin out.

    Stresses: judging a burst. Every crowd decays at the same known rate, so its first slot tells
    how much it will still ask for, and a model is worth loading only while enough is left.

    Ties: on when and where a crowd comes, which nobody can foresee.
    """
    crowded = height * crowd_size(mean_life) / every  # mean requests of all crowds over those of the base
    calm = requests / (1 + crowded)
    base = draw_stationary(rng, deployment, calm, exponent)
    return FlashCrowds(base=base, every=every, height=height * calm, mean_life=mean_life)
