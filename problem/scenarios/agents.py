"""Scenarios of agents that switch on and off, and of users' sessions with them."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from ..workloads import Deployment, OnOff, Sessions, draw_on_off, zipf_weights

MeanOn = Annotated[float, "mean slots that a persistent model stays on; geometric"]
Duty = Annotated[float, "share of the time that a persistent model is on"]
DecoyMeanOn = Annotated[float, "mean slots that a decoy stays on; geometric"]
DecoyDuty = Annotated[float, "share of the time that a decoy is on"]
Persistent = Annotated[int | None, "persistent models, the others are decoys; by default half of them"]
Noise = Annotated[float, "share of the requests that is spread evenly over all models"]


def onoff(
    rng: np.random.Generator,
    deployment: Deployment,
    requests: float,
    *,
    mean_on: Annotated[float, "mean slots that a model stays on; geometric"] = 20.0,
    duty: Annotated[float, "share of the time that a model is on"] = 0.35,
    noise: Noise = 0.1,
) -> OnOff:
    """Models whose agents switch on and off, all by the same memoryless law.

    Stresses: a demand whose total swings: at times everything that is on fits into memory, at
    times half of it must go to the cloud.

    Ties: everywhere. All models switch by one law without memory, so there is nothing to learn
    about any of them beyond being on or off now.
    """
    models = deployment.models
    return draw_on_off(
        rng,
        deployment,
        requests,
        noise,
        persistent=models,
        mean_on=mean_on,
        duty=duty,
        decoy_mean_on=mean_on,
        decoy_duty=duty,
    )


def decoy(
    rng: np.random.Generator,
    deployment: Deployment,
    requests: float,
    *,
    persistent: Persistent = None,
    mean_on: MeanOn = 80.0,
    duty: Duty = 0.4,
    decoy_mean_on: DecoyMeanOn = 3.0,
    decoy_duty: DecoyDuty = 0.25,
    noise: Noise = 0.1,
) -> OnOff:
    """Persistent models and short-lived decoys of the same amplitude.

    Stresses: finding each model's persistence. A decoy looks like a persistent model while it is
    on, but is gone before its loading pays; only its history tells the two apart.

    Ties: on how long a persistent model stays, which is memoryless, once the decoys are known; a
    per-model autoregressive forecast comes close.
    """
    return draw_on_off(
        rng,
        deployment,
        requests,
        noise,
        persistent=_half(deployment, persistent),
        mean_on=mean_on,
        duty=duty,
        decoy_mean_on=decoy_mean_on,
        decoy_duty=decoy_duty,
    )


def context_rich(
    rng: np.random.Generator,
    deployment: Deployment,
    requests: float,
    *,
    persistent: Persistent = None,
    mean_on: MeanOn = 40.0,
    duty: Duty = 0.4,
    decoy_mean_on: DecoyMeanOn = 3.0,
    decoy_duty: DecoyDuty = 0.25,
    noise: Noise = 0.05,
) -> OnOff:
    """Decoys again, with a long window that is most of a model's value.

    Stresses: context as an investment. Without context a local request saves hardly anything; the
    window of 128 units takes many slots to fill and eviction loses it, so persistence decides more
    than popularity.

    Ties: on how long a persistent model stays, as in `decoy`.
    """
    return decoy(
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


def sessions(
    rng: np.random.Generator,
    deployment: Deployment,
    requests: float,
    *,
    exponent: Annotated[float, "Zipf exponent of the models' popularity"] = 0.9,
    turns: Annotated[float, "mean turns per session (BurstGPT slice: 2.93)"] = 2.93,
    think_seconds: Annotated[float, "median seconds between two turns (BurstGPT and Mooncake: 123)"] = 123.0,
    think_spread: Annotated[float, "standard deviation of its logarithm (BurstGPT 1.6, Mooncake 1.0)"] = 1.6,
    mean_on: Annotated[float, "mean slots that an agent keeps opening sessions; geometric"] = 40.0,
    duty: Annotated[float, "share of the time it does so; 1: always, independent sessions"] = 1.0,
    slot_seconds: Annotated[float, "seconds per slot"] = 60.0,
) -> Sessions:
    """Users' multi-round sessions with turns and think times as in public logs.

    Stresses: burstiness that looks like persistence. The turns of a session come in bunches, but
    with many independent sessions the demand of a model hardly moves. A duty below one lets whole
    agents pause.

    Ties: everywhere while the duty is one: a static set is close to optimal.
    """
    popularity = rng.permutation(zipf_weights(deployment.models, exponent))
    return Sessions(
        deployment=deployment,
        popularity=popularity,
        requests=requests,
        turns=turns,
        think_seconds=think_seconds,
        think_spread=think_spread,
        mean_on=mean_on,
        duty=duty,
        slot_seconds=slot_seconds,
    )


def _half(deployment: Deployment, persistent: int | None) -> int:
    return deployment.models // 2 if persistent is None else persistent
