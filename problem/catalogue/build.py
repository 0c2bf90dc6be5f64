"""From devices and services to the arrays of an instance, in bytes, GPU-seconds, joule and US cents."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..errors import InvalidOption
from .costs import Formulas, costs
from .deployment import Deployment, FloatArray
from .economics import Economics
from .inference import Efficiency
from .inventory import Inventory, Quantisations
from .records import Device, Model
from .services import Service


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
    _check_numbers(slot_seconds, energy_budget, memory_share)
    stock = Inventory.of(device, services, models, quantised)
    memory = np.array([memory_share * each.memory_bytes for each in stock.devices])
    footprint = stock.footprints()
    if not allow_oversize:
        _check_fit(stock, footprint, memory, memory_share)
    formulas = Formulas(efficiency or Efficiency(), economics or Economics(), slot_seconds)
    found = costs(stock, formulas, stock.batches(batch))
    servers = np.ones(len(stock.devices))
    alone = isinstance(device, (str, Device))

    def by_server(values: FloatArray) -> FloatArray:
        return np.array(values[0] if alone else values)

    return Deployment(
        service_model=stock.service_model,
        memory=by_server(memory),
        footprint=footprint,
        compute=by_server(slot_seconds * servers),
        work=by_server(found.work),
        energy_budget=by_server(energy_budget * servers),
        energy=by_server(found.energy),
        window=np.array([service.window for service in services], dtype=np.int64),
        load_cost=by_server(found.load),
        transmission_cost=found.transmission,
        computation_cost=by_server(found.computation),
        cloud_cost=found.cloud,
        model_names=tuple(model.name for model in stock.models),
        service_names=tuple(service.name for service in services),
        slot_seconds=float(slot_seconds),
    )


def _check_numbers(slot_seconds: float, energy_budget: float, memory_share: float) -> None:
    _positive("slot_seconds", slot_seconds)
    _positive("energy_budget", energy_budget, finite=False)
    if not 0 < memory_share <= 1:
        raise InvalidOption(f"memory_share = {memory_share}, must be in (0, 1]")


def _check_fit(stock: Inventory, footprint: FloatArray, memory: FloatArray, memory_share: float) -> None:
    smallest = int(np.argmin(memory))
    largest = int(np.argmax(footprint))
    if footprint[largest] > memory[smallest]:
        raise InvalidOption(
            f"model {stock.models[largest].name!r} needs {footprint[largest] / 1e9:.2f} GB with its windows, "
            f"{stock.devices[smallest].name} offers {memory[smallest] / 1e9:.2f} GB "
            f"({memory_share:g} of all): quantise it, reserve less, or pass allow_oversize=True"
        )


def _positive(name: str, value: float, *, finite: bool = True) -> None:
    if not value > 0 or (finite and value == math.inf):
        raise InvalidOption(f"{name} = {value}, must be {'finite and ' if finite else ''}positive")
