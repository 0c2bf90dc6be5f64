"""Scenarios of agentic workflows: models are used one after the other."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from ..workloads import Deployment, Pipelines, draw_pipelines


def workflow(
    rng: np.random.Generator,
    deployment: Deployment,
    requests: float,
    *,
    cycle: Annotated[
        int | None, "models per pipeline; by default 4, or fewer so that there are two pipelines"
    ] = None,
    pipelines: Annotated[
        int | None, "number of pipelines; by default as many as there are models for"
    ] = None,
    dwell: Annotated[int, "mean slots that a pipeline stays at a model"] = 6,
    jitter: Annotated[int, "a stay is uniform on dwell -+ this many slots"] = 1,
    noise: Annotated[float, "share of the requests that is spread evenly over all models"] = 0.1,
) -> Pipelines:
    """Pipelines that walk through cycles of models with nearly fixed dwell times.

    Stresses: foresight. Which model follows which, and after how many slots, is nearly certain
    once learned: load in time to serve a whole stay, keep a model that returns soon.

    Ties: only on the jitter of the dwell time. It is also the hardest family for the solvers'
    bounds.
    """
    models = deployment.models
    length = max(1, min(4, models // 2)) if cycle is None else cycle
    count = max(1, models // max(1, length)) if pipelines is None else pipelines
    return draw_pipelines(
        rng, deployment, requests, noise, pipelines=count, cycle=length, dwell=dwell, jitter=jitter
    )


def workflow16(
    rng: np.random.Generator,
    deployment: Deployment,
    requests: float,
    *,
    cycle: Annotated[
        int | None, "models per pipeline; by default 4, or fewer so that there are two pipelines"
    ] = None,
    pipelines: Annotated[
        int | None, "number of pipelines; by default as many as there are models for"
    ] = None,
    dwell: Annotated[int, "mean slots that a pipeline stays at a model"] = 6,
    jitter: Annotated[int, "a stay is uniform on dwell -+ this many slots"] = 1,
    noise: Annotated[float, "share of the requests that is spread evenly over all models"] = 0.1,
) -> Pipelines:
    """The workflow scenario with 16 models, four pipelines and less memory.

    Stresses: foresight under scarcity. The same requests spread over one more pipeline, and less
    memory is left for what is not in use right now.

    Ties: only on the jitter of the dwell time.
    """
    return workflow(
        rng, deployment, requests, cycle=cycle, pipelines=pipelines, dwell=dwell, jitter=jitter, noise=noise
    )
