"""What requests and loads cost: the formulas of `inference` and `economics`, for every service and device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from . import economics as money
from .deployment import FloatArray
from .economics import Economics
from .footprint import Quantisation
from .inference import Efficiency, request_joules, request_seconds, response_seconds
from .inventory import Inventory
from .records import Device, Model, Price
from .services import Service


@dataclass(frozen=True)
class Formulas:
    """The formulas of `inference` and `economics` under one set of assumptions."""

    efficiency: Efficiency
    economics: Economics
    slot_seconds: float

    def local(
        self, service: Service, model: Model, device: Device, stored: Quantisation, batch: float
    ) -> tuple[float, float, float]:
        """GPU-seconds, joule and cents of one request at the edge."""
        tokens = service.local_tokens
        seconds = request_seconds(model, device, stored, tokens, batch=batch, efficiency=self.efficiency)
        wait = response_seconds(model, device, stored, tokens, batch=batch, efficiency=self.efficiency)
        joules = request_joules(device, seconds, power_share=self.economics.power_share)
        cents = money.computation_cents(
            device, gpu_seconds=seconds, joules=joules, response_seconds=wait, economics=self.economics
        )
        return seconds, joules, cents

    def transmission(self, service: Service) -> float:
        """Cents between user and edge."""
        return money.transmission_cents(service.prompt_tokens + service.output_tokens, self.economics)

    def cloud(self, service: Service, price: Price) -> float:
        """Cents of one request in the cloud."""
        return money.cloud_cents(
            price,
            service.cloud_tokens,
            self.economics,
            cached_tokens=service.cached_cloud_tokens,
            error_cents=service.cloud_error_cents,
        )

    def load(self, model: Model, device: Device, stored: Quantisation, lost: float) -> float:
        """Cents of one load."""
        return money.load_cents(
            device,
            seconds=money.load_seconds(model, device, stored, self.economics),
            lost_cents_per_slot=lost,
            slot_seconds=self.slot_seconds,
            economics=self.economics,
        )


@dataclass(frozen=True, eq=False)
class Costs:
    """Work, energy and cents of a request, and cents of a load.

    Attributes
    ----------
    work, energy, computation : float (N, S)
    transmission, cloud : float (S,)
    load : float (N, M)
    """

    work: FloatArray
    energy: FloatArray
    computation: FloatArray
    transmission: FloatArray
    cloud: FloatArray
    load: FloatArray


def costs(stock: Inventory, formulas: Formulas, batches: Sequence[float]) -> Costs:
    """Work out every cost; `batches` are the sequences that share a decode step of each model."""
    work, energy, computation = _local(stock, formulas, batches)
    transmission = np.array([formulas.transmission(service) for service in stock.services])
    priced = zip(stock.services, stock.prices, strict=True)
    cloud = np.array([formulas.cloud(service, price) for service, price in priced])
    lost = _lost_per_slot(stock.services, cloud - transmission - computation)
    return Costs(work, energy, computation, transmission, cloud, _loads(stock, formulas, lost))


def _local(stock: Inventory, formulas: Formulas, batches: Sequence[float]) -> FloatArray:
    """GPU-seconds, joule and cents (3, N, S) of a request at the edge."""
    local = [
        [
            formulas.local(service, stock.models[m], device, stock.stored[m], batches[m])
            for service, m in zip(stock.services, stock.service_model, strict=True)
        ]
        for device in stock.devices
    ]
    return np.moveaxis(np.array(local), 2, 0)


def _lost_per_slot(services: Sequence[Service], saving: FloatArray) -> FloatArray:
    """Cents (N, S) per slot that hot requests would have saved: hot x max(0, saving - local error)."""
    hot = np.array([service.hot_requests for service in services])
    error = np.array([service.local_error_cents for service in services])
    lost: FloatArray = hot * np.maximum(0.0, saving - error)
    return lost


def _loads(stock: Inventory, formulas: Formulas, lost: FloatArray) -> FloatArray:
    """Cents (N, M) of a load, with what the model's services lose in the meantime."""
    return np.array(
        [
            [
                formulas.load(model, device, stored, float(row[stock.service_model == m].sum()))
                for m, (model, stored) in enumerate(zip(stock.models, stock.stored, strict=True))
            ]
            for device, row in zip(stock.devices, lost, strict=True)
        ]
    )
