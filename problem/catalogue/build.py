"""From devices and services to the arrays of an instance, in bytes, GPU-seconds, joule and US cents."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InvalidOption
from . import economics as money
from .deployment import Deployment, FloatArray, IntArray
from .economics import Economics
from .footprint import Quantisation, kv_pool_bytes, quantisation, weight_bytes
from .inference import Efficiency, request_joules, request_seconds, response_seconds
from .records import Device, Model, Price
from .services import Service
from .tables import devices
from .tables import models as known_models

Quantisations = str | Quantisation | Mapping[str, str | Quantisation]


def build(
    device: str | Device | Sequence[str | Device],
    services: Sequence[Service],
    *,
    models: Sequence[str | Model] | None = None,
    quantised: Quantisations = "fp16",
    batch: float = 8.0,
    slot_seconds: float = 30.0,
    efficiency: Efficiency | None = None,
    economics: Economics | None = None,
    memory_share: float = 0.9,
    energy_budget: float = math.inf,
    allow_oversize: bool = False,
) -> Deployment:
    """Work out footprints, work, energy and costs of services on devices.

    footprint = weights + for each service of the model, concurrency x cache of (window + prompt +
    output) tokens. work, energy, load, transmission, computation and cloud costs are those of the
    functions in `inference` and `economics`; compute is one GPU-second per second of the slot.

    Parameters
    ----------
    device
        One device, or one per server.
    services
        At least one, with names that differ.
    models
        Which models there are, in this order: also some that no service uses. Default: those of the
        services, in order of appearance.
    quantised
        For all models, or by name of the model (those left out: fp16).
    batch
        Sequences that share a decode step while a model is busy. It cannot exceed the concurrency
        that the services of the model reserve together, and is cut to it. The default is assumed.
    slot_seconds
        Length of a slot; sets the compute limit and how many hot requests a load misses.
    memory_share
        Part of the device memory open to weights and caches; the rest is the driver's and the
        engine's. 0.9 is vLLM's default.
    energy_budget
        Joule per slot and server.
    allow_oversize
        Let a model be larger than the memory of a server: it can then never be cached there.

    Raises
    ------
    InvalidOption
        For unknown or repeated names, a service whose model is not among `models`, a model that does
        not fit, a device without the needed specification, or a number out of range.
    """
    _positive("slot_seconds", slot_seconds)
    _positive("energy_budget", energy_budget, finite=False)
    if not 0 < memory_share <= 1:
        raise InvalidOption(f"memory_share = {memory_share}, must be in (0, 1]")
    hardware = _hardware(device)
    resolved, catalogue = _resolve(services, models)
    stored = _stored(quantised, catalogue)
    place = {model.name: index for index, model in enumerate(catalogue)}
    service_model = np.array([place[model.name] for model, _ in resolved], dtype=np.int64)
    memory = np.array([memory_share * each.memory_bytes for each in hardware])
    footprint = _footprints(services, service_model, catalogue, stored)
    if not allow_oversize:
        _check_fit(catalogue, footprint, hardware, memory, memory_share)

    table = _Costs(efficiency or Efficiency(), economics or Economics(), slot_seconds)
    shared = _batches(services, service_model, len(catalogue), batch)
    local = [
        [
            table.local(service, catalogue[m], each, stored[m], shared[m])
            for service, m in zip(services, service_model, strict=True)
        ]
        for each in hardware
    ]
    work, energy, computation = np.moveaxis(np.array(local), 2, 0)
    transmission = np.array([table.transmission(service) for service in services])
    cloud = np.array(
        [table.cloud(service, price) for service, (_, price) in zip(services, resolved, strict=True)]
    )
    lost = table.lost_per_slot(services, cloud - transmission - computation)
    load = np.array(
        [
            [
                table.load(catalogue[m], each, stored[m], float(row[service_model == m].sum()))
                for m in place.values()
            ]
            for each, row in zip(hardware, lost, strict=True)
        ]
    )
    drop = isinstance(device, (str, Device))
    servers = np.ones(len(hardware))

    def by_server(values: FloatArray) -> FloatArray:
        return np.array(values[0] if drop else values)

    return Deployment(
        service_model=service_model,
        memory=by_server(memory),
        footprint=footprint,
        compute=by_server(slot_seconds * servers),
        work=by_server(work),
        energy_budget=by_server(energy_budget * servers),
        energy=by_server(energy),
        window=np.array([service.window for service in services], dtype=np.int64),
        load_cost=by_server(load),
        transmission_cost=transmission,
        computation_cost=by_server(computation),
        cloud_cost=cloud,
        model_names=tuple(place),
        service_names=tuple(service.name for service in services),
        slot_seconds=float(slot_seconds),
    )


@dataclass(frozen=True)
class _Costs:
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

    @staticmethod
    def lost_per_slot(services: Sequence[Service], saving: FloatArray) -> FloatArray:
        """Cents (N, S) per slot that hot requests would have saved: hot x max(0, saving - local error)."""
        hot = np.array([service.hot_requests for service in services])
        error = np.array([service.local_error_cents for service in services])
        lost: FloatArray = hot * np.maximum(0.0, saving - error)
        return lost

    def load(self, model: Model, device: Device, stored: Quantisation, lost: float) -> float:
        """Cents of one load."""
        return money.load_cents(
            device,
            seconds=money.load_seconds(model, device, stored, self.economics),
            lost_cents_per_slot=lost,
            slot_seconds=self.slot_seconds,
            economics=self.economics,
        )


def _hardware(device: str | Device | Sequence[str | Device]) -> list[Device]:
    chosen = [device] if isinstance(device, (str, Device)) else list(device)
    if not chosen:
        raise InvalidOption("build needs at least one device")
    return [devices()[each] if isinstance(each, str) else each for each in chosen]


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


def _footprints(
    services: Sequence[Service],
    service_model: IntArray,
    catalogue: Sequence[Model],
    stored: Sequence[Quantisation],
) -> FloatArray:
    """Weights + the pools of the services on each model, bytes (M,)."""
    total = np.array([weight_bytes(model, how) for model, how in zip(catalogue, stored, strict=True)])
    for service, m in zip(services, service_model, strict=True):
        total[m] += kv_pool_bytes(
            catalogue[m], stored[m], length=service.longest_tokens, sequences=service.concurrency
        )
    return total


def _batches(services: Sequence[Service], service_model: IntArray, count: int, batch: float) -> list[float]:
    """Effective batch of each model: no more sequences than its services reserve windows for."""
    if not 1 <= batch < math.inf:
        raise InvalidOption(f"batch = {batch}, must be finite and at least 1")
    reserved = np.zeros(count)
    np.add.at(reserved, service_model, [service.concurrency for service in services])
    return [float(min(batch, room)) if room else 1.0 for room in reserved]


def _check_fit(
    catalogue: Sequence[Model],
    footprint: FloatArray,
    hardware: Sequence[Device],
    memory: FloatArray,
    memory_share: float,
) -> None:
    smallest = int(np.argmin(memory))
    largest = int(np.argmax(footprint))
    if footprint[largest] > memory[smallest]:
        raise InvalidOption(
            f"model {catalogue[largest].name!r} needs {footprint[largest] / 1e9:.2f} GB with its windows, "
            f"{hardware[smallest].name} offers {memory[smallest] / 1e9:.2f} GB ({memory_share:g} of all): "
            "quantise it, reserve less, or pass allow_oversize=True"
        )


def _positive(name: str, value: float, *, finite: bool = True) -> None:
    if not value > 0 or (finite and value == math.inf):
        raise InvalidOption(f"{name} = {value}, must be {'finite and ' if finite else ''}positive")
