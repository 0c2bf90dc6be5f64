"""The result of `build`: arrays named as the arguments of an instance."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Deployment:
    """Arrays of an instance, named as its arguments: ``Instance(requests=..., **built.arrays())``.

    With one device the server axis is left out, so that the arrays fit any number of equal servers;
    with a sequence of devices it leads, one row a device.

    Attributes
    ----------
    memory : float () or (N,), bytes
        The part of the devices' memory open to models.
    footprint : float (M,), bytes
    compute : float () or (N,), GPU-seconds per slot
    work : float (S,) or (N, S), GPU-seconds per request
    energy_budget : float () or (N,), joule per slot
    energy : float (S,) or (N, S), joule per request
    window : int (S,), context units
    load_cost : float (M,) or (N, M), cents per load
    transmission_cost : float (S,), cents per request served locally
    computation_cost : float (S,) or (N, S), cents per request served locally
    cloud_cost : float (S,), cents per request
    """

    service_model: IntArray
    memory: FloatArray
    footprint: FloatArray
    compute: FloatArray
    work: FloatArray
    energy_budget: FloatArray
    energy: FloatArray
    window: IntArray
    load_cost: FloatArray
    transmission_cost: FloatArray
    computation_cost: FloatArray
    cloud_cost: FloatArray
    model_names: tuple[str, ...]
    service_names: tuple[str, ...]
    slot_seconds: float

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    def arrays(self) -> dict[str, Any]:
        """Everything by the name of the instance's argument it is meant for."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
