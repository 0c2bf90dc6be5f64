"""What stands at the edge: devices, services, their models, and how the weights of each are stored."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InvalidOption
from .deployment import FloatArray, IntArray
from .footprint import Quantisation, kv_pool_bytes, quantisation, weight_bytes
from .records import Device, Model, Price
from .services import Service
from .tables import devices as known_devices
from .tables import models as known_models

Quantisations = str | Quantisation | Mapping[str, str | Quantisation]


@dataclass(frozen=True, eq=False)
class Inventory:
    """Devices (N), services (S) and models (M), each in the order of a deployment's arrays.

    Attributes
    ----------
    prices : list (S,)
        What each service costs in the cloud.
    stored : list (M,)
        How the weights of each model are stored.
    service_model : int (S,)
        The model of each service.
    """

    devices: list[Device]
    services: Sequence[Service]
    prices: list[Price]
    models: list[Model]
    stored: list[Quantisation]
    service_model: IntArray

    @classmethod
    def of(
        cls,
        device: str | Device | Sequence[str | Device],
        services: Sequence[Service],
        models: Sequence[str | Model] | None,
        quantised: Quantisations,
    ) -> Inventory:
        """Look up what is given by name; arguments and errors are those of `build`."""
        found = _devices(device)
        resolved, catalogue = _resolve(services, models)
        stored = _stored(quantised, catalogue)
        place = {model.name: index for index, model in enumerate(catalogue)}
        service_model = np.array([place[model.name] for model, _ in resolved], dtype=np.int64)
        return cls(found, services, [price for _, price in resolved], catalogue, stored, service_model)

    def footprints(self) -> FloatArray:
        """Weights + the pools of the services on each model, bytes (M,)."""
        weights = zip(self.models, self.stored, strict=True)
        total = np.array([weight_bytes(model, how) for model, how in weights])
        for service, m in zip(self.services, self.service_model, strict=True):
            total[m] += kv_pool_bytes(
                self.models[m], self.stored[m], length=service.longest_tokens, sequences=service.concurrency
            )
        return total

    def batches(self, batch: float) -> list[float]:
        """Effective batch of each model: no more sequences than its services reserve windows for.

        Raises
        ------
        InvalidOption
            If the batch asked for is out of range.
        """
        if not 1 <= batch < math.inf:
            raise InvalidOption(f"batch = {batch}, must be finite and at least 1")
        reserved = np.zeros(len(self.models))
        np.add.at(reserved, self.service_model, [service.concurrency for service in self.services])
        return [float(min(batch, room)) if room else 1.0 for room in reserved]


def _devices(device: str | Device | Sequence[str | Device]) -> list[Device]:
    chosen = [device] if isinstance(device, (str, Device)) else list(device)
    if not chosen:
        raise InvalidOption("build needs at least one device")
    return [known_devices()[each] if isinstance(each, str) else each for each in chosen]


def _resolve(
    services: Sequence[Service], chosen: Sequence[str | Model] | None
) -> tuple[list[tuple[Model, Price]], list[Model]]:
    """Model and price of each service, and the catalogue of models."""
    if not services:
        raise InvalidOption("build needs at least one service")
    names = [service.name for service in services]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidOption(f"services must have names that differ; {twice[0]!r} stands there twice")
    resolved = [service.resolve() for service in services]
    if chosen is None:
        catalogue = list({model.name: model for model, _ in resolved}.values())
    else:
        catalogue = [known_models()[each] if isinstance(each, str) else each for each in chosen]
        if len({model.name for model in catalogue}) < len(catalogue):
            raise InvalidOption("models must have names that differ")
    known = {model.name: model for model in catalogue}
    for service, (model, _) in zip(services, resolved, strict=True):
        if known.get(model.name) != model:
            raise InvalidOption(
                f"service {service.name!r}: its model {model.name!r} is not among {list(known)}"
            )
    return resolved, catalogue


def _stored(choice: Quantisations, catalogue: Sequence[Model]) -> list[Quantisation]:
    if isinstance(choice, (str, Quantisation)):
        return [quantisation(choice)] * len(catalogue)
    stray = set(choice) - {model.name for model in catalogue}
    if stray:
        raise InvalidOption(f"quantised names {sorted(stray)[0]!r}, which is no model of this deployment")
    return [quantisation(choice.get(model.name, "fp16")) for model in catalogue]
