"""An instance of joint model caching and inference offloading.

The arrays are those of Xu, Niyato and Brinton (arXiv 2501.14205) with context counted in whole
units; their names, axes, units and rules stand in `fields.FIELDS`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from . import storage
from .errors import InvalidInstance
from .fields import FIELDS, MAX_ELEMENTS, FloatArray, IntArray, as_array, check_values, conform

Curve = Callable[[npt.NDArray[np.int64]], npt.ArrayLike]
KIND = "instance/1"
_NAMES = {"server_names": "N", "model_names": "M", "service_names": "S"}


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Instance:
    """The problem: requests, servers, models, services and what everything costs.

    Scalars and missing leading axes broadcast: a ``(S,)`` cloud cost holds for every server, and
    ``(T, S)`` requests describe one server. All arrays are read-only copies.

    Parameters
    ----------
    requests : int (T, N, S)
        Arrivals of each service at each server in each slot.
    service_model : int (S,)
        The model each service runs on.
    memory : float (N,), bytes
    footprint : float (M,), bytes
        Weights and the reserved KV-cache pool.
    cloud_cost : float (N, S), cost per request
        Core network, price and the cloud model's own expected error.
    compute : float (N,), GPU-seconds per slot
    work : float (N, S), GPU-seconds per request
    energy_budget : float (N,), joule per slot
    energy : float (N, S), joule per request
    window, gain, vanish : int (S,), context units
        Context window, gain per locally served request, loss per slot.
    accuracy : float (S, max window + 1), a curve, or one curve per service
        Probability of a correct answer at each context; nondecreasing up to the window. Columns
        beyond a service's own window repeat its last value.
    load_cost : float (N, M), cost
    transmission_cost, computation_cost : float (N, S), cost per request served locally
    accuracy_weight : float (S,), cost per expected error
    slot_seconds : float, seconds
    server_names, model_names, service_names : sequences of str

    Raises
    ------
    InvalidInstance
        Naming the array, the index and the rule that is broken.
    """

    requests: IntArray
    service_model: IntArray
    memory: FloatArray
    footprint: FloatArray
    compute: FloatArray
    work: FloatArray
    energy_budget: FloatArray
    energy: FloatArray
    window: IntArray
    gain: IntArray
    vanish: IntArray
    accuracy: FloatArray
    load_cost: FloatArray
    transmission_cost: FloatArray
    computation_cost: FloatArray
    accuracy_weight: FloatArray
    cloud_cost: FloatArray
    slot_seconds: float
    server_names: tuple[str, ...]
    model_names: tuple[str, ...]
    service_names: tuple[str, ...]

    def __init__(
        self,
        *,
        requests: npt.ArrayLike,
        service_model: npt.ArrayLike,
        memory: npt.ArrayLike,
        footprint: npt.ArrayLike,
        cloud_cost: npt.ArrayLike,
        compute: npt.ArrayLike = np.inf,
        work: npt.ArrayLike = 0.0,
        energy_budget: npt.ArrayLike = np.inf,
        energy: npt.ArrayLike = 0.0,
        window: npt.ArrayLike = 0,
        gain: npt.ArrayLike = 1,
        vanish: npt.ArrayLike = 0,
        accuracy: npt.ArrayLike | Curve | Sequence[Curve] = 1.0,
        load_cost: npt.ArrayLike = 0.0,
        transmission_cost: npt.ArrayLike = 0.0,
        computation_cost: npt.ArrayLike = 0.0,
        accuracy_weight: npt.ArrayLike = 0.0,
        slot_seconds: float = 1.0,
        server_names: Sequence[str] | None = None,
        model_names: Sequence[str] | None = None,
        service_names: Sequence[str] | None = None,
    ) -> None:
        given = {name: value for name, value in locals().items() if name in FIELDS}
        given["requests"] = _with_server_axis(requests)
        sizes = _sizes(given)
        for name in FIELDS:
            if name != "accuracy":
                self._set(name, conform(name, given[name], sizes))
            if name == "window":
                sizes["K"] = int(self.window.max()) + 1
                _refuse_absurd({"accuracy": sizes["S"] * sizes["K"]})
        self._set("accuracy", conform("accuracy", _accuracy_table(accuracy, self.window), sizes))
        if np.any(self.service_model >= sizes["M"]):
            service = int(np.argmax(self.service_model >= sizes["M"]))
            raise InvalidInstance(
                f"service_model[{service}] = {self.service_model[service]}: "
                f"there are only models 0 to {sizes['M'] - 1}"
            )
        _refuse_falling_accuracy(self.accuracy)
        self._set("slot_seconds", _positive_seconds(slot_seconds))
        for name, value in (
            ("server_names", server_names),
            ("model_names", model_names),
            ("service_names", service_names),
        ):
            self._set(name, _names(name, value, sizes[_NAMES[name]]))

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    @property
    def slots(self) -> int:
        """Number of slots T."""
        return int(self.requests.shape[0])

    @property
    def servers(self) -> int:
        """Number of servers N."""
        return int(self.requests.shape[1])

    @property
    def models(self) -> int:
        """Number of models M."""
        return int(self.footprint.shape[0])

    @property
    def services(self) -> int:
        """Number of services S."""
        return int(self.requests.shape[2])

    @cached_property
    def saving(self) -> FloatArray:
        """Saving g of one request served locally, by context: (N, S, max window + 1), cost."""
        error = self.accuracy_weight[:, None] * (1.0 - self.accuracy)
        local = self.transmission_cost + self.computation_cost
        table: FloatArray = (self.cloud_cost - local)[:, :, None] - error[None]
        table.setflags(write=False)
        return table

    def server(self, index: int) -> Instance:
        """Return the same problem for one server alone (servers do not couple)."""
        if not 0 <= index < self.servers:
            raise InvalidInstance(f"server {index}: there are only servers 0 to {self.servers - 1}")
        keep = slice(index, index + 1)
        arrays = {
            name: getattr(self, name)[:, keep] if name == "requests" else getattr(self, name)[keep]
            for name, field in FIELDS.items()
            if "N" in field.axes
        }
        return self.replace(**arrays, server_names=self.server_names[keep])

    def with_requests(self, requests: npt.ArrayLike) -> Instance:
        """Return the same world with other arrivals (T, N, S)."""
        return self.replace(requests=requests)

    def window_slots(self, start: int, stop: int) -> Instance:
        """Return the problem of slots start to stop - 1 alone, beginning with nothing cached."""
        if not 0 <= start < stop <= self.slots:
            raise InvalidInstance(
                f"slots {start} to {stop}: must lie within 0 to {self.slots}, and not be empty"
            )
        return self.replace(requests=self.requests[start:stop])

    def replace(self, **changes: Any) -> Instance:
        """Return a copy with some arrays changed; everything is checked again."""
        return Instance(**{field.name: getattr(self, field.name) for field in fields(self)} | changes)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All arrays, the slot length and the names, as they are written to files."""
        content = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: np.asarray(value) for name, value in content.items()}

    @cached_property
    def _digest(self) -> str:
        state = hashlib.sha256(KIND.encode())
        for name, array in self.arrays().items():
            content = "\0".join(array).encode() if array.dtype.kind == "U" else array.tobytes()
            state.update(f"\n{name}{array.shape}\n".encode() + content)
        return state.hexdigest()

    def digest(self) -> str:
        """SHA-256 (hex) over every array and name: equal exactly for equal instances."""
        return self._digest

    def __eq__(self, other: object) -> bool:
        """Equal if every array, name and the slot length agree to the last bit."""
        return isinstance(other, Instance) and self.digest() == other.digest()

    def __hash__(self) -> int:
        return hash(self.digest())

    def __repr__(self) -> str:
        return (
            f"Instance(slots={self.slots}, servers={self.servers}, models={self.models}, "
            f"services={self.services}, requests={int(self.requests.sum())})"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, ({field.name: getattr(self, field.name) for field in fields(self)},))

    def save(self, path: str | Path) -> None:
        """Write to ``.npz`` or ``.json``, atomically and bit-exactly."""
        storage.save(path, KIND, self.arrays())

    @classmethod
    def load(cls, path: str | Path) -> Instance:
        """Read what `save` wrote, or a hand-written ``.json`` with the same names.

        Raises
        ------
        InvalidFile
            If the file is not an instance, is damaged, or holds anything but plain numbers.
        InvalidInstance
            If an array breaks a rule of the model.
        """
        known = {field.name for field in fields(cls)}
        required = {name for name, field in FIELDS.items() if field.default is None}
        content: dict[str, Any] = dict(storage.load(path, KIND, known=known, required=required))
        for name in _NAMES.keys() & content.keys():
            content[name] = content[name].tolist()
        return cls(**content)


def _rebuild(content: dict[str, Any]) -> Instance:
    return Instance(**content)


def _with_server_axis(value: npt.ArrayLike) -> npt.NDArray[Any]:
    requests = as_array("requests", value)
    return requests[:, None, :] if requests.ndim == 2 else requests


def _sizes(given: Mapping[str, Any]) -> dict[str, int]:
    requests = given["requests"]
    if requests.ndim != 3 or 0 in requests.shape:
        raise InvalidInstance(
            f"requests: shape {requests.shape} is not (slots, servers, services), each at least 1"
        )
    footprint = as_array("footprint", given["footprint"])
    if footprint.ndim != 1 or footprint.size == 0:
        raise InvalidInstance(f"footprint: shape {footprint.shape} is not (models,), at least 1")
    slots, servers, services = requests.shape
    models = footprint.size
    _refuse_absurd(
        {
            "requests": requests.size,
            "(slots, servers, models)": slots * servers * models,
            "load_cost": servers * models,
        }
    )
    return {"T": slots, "N": servers, "S": services, "M": models}


def _refuse_absurd(elements: Mapping[str, int]) -> None:
    for name, count in elements.items():
        if count > MAX_ELEMENTS:
            raise InvalidInstance(f"{name}: {count:,} elements; at most {MAX_ELEMENTS:,} are supported")


def _accuracy_table(accuracy: Any, window: IntArray) -> npt.NDArray[Any]:
    """Fill the table from curves where curves were given; repeat the last value past the window."""
    services, width = window.size, int(window.max()) + 1
    curves: Sequence[Any] | None = None
    if callable(accuracy):
        curves = [accuracy] * services
    elif isinstance(accuracy, (list, tuple)) and accuracy and all(callable(item) for item in accuracy):
        curves = accuracy
    if curves is None:
        table = as_array("accuracy", accuracy)
        check_values("accuracy", FIELDS["accuracy"], table)
        try:
            full = np.array(np.broadcast_to(table, (services, width)), dtype=np.float64)
        except ValueError:
            raise InvalidInstance(
                f"accuracy: shape {table.shape} does not fit "
                f"(services, largest window + 1) = {(services, width)}"
            ) from None
    else:
        if len(curves) != services:
            raise InvalidInstance(
                f"accuracy: {len(curves)} curves for {services} services; one each is needed"
            )
        context = np.arange(width, dtype=np.int64)
        full = np.array([np.asarray(curve(context), dtype=np.float64) for curve in curves])
    beyond = np.arange(width)[None, :] > window[:, None]
    last = full[np.arange(services), window]
    return np.where(beyond, last[:, None], full)


def _refuse_falling_accuracy(accuracy: FloatArray) -> None:
    falls = np.diff(accuracy, axis=1) < 0
    if np.any(falls):
        service, context = (int(i) for i in np.argwhere(falls)[0])
        raise InvalidInstance(
            f"accuracy[{service}, {context + 1}] = {accuracy[service, context + 1]:g}: "
            f"must not be below accuracy[{service}, {context}] = {accuracy[service, context]:g} "
            "(nondecreasing in the context)"
        )


def _positive_seconds(value: Any) -> float:
    array = as_array("slot_seconds", value)
    if array.ndim or not np.isfinite(array) or array <= 0:
        raise InvalidInstance(f"slot_seconds = {value}: must be one finite number greater than 0 (seconds)")
    return float(array)


def _names(name: str, value: Sequence[str] | None, count: int) -> tuple[str, ...]:
    if value is None:
        return tuple(f"{name.removesuffix('_names')}-{i}" for i in range(count))
    names = tuple(value) if isinstance(value, Iterable) else ()
    if isinstance(value, str) or not names or not all(isinstance(item, str) for item in names):
        raise InvalidInstance(f"{name}: expected {count} strings")
    names = tuple(str(item) for item in names)
    if len(names) != count or len(set(names)) != count:
        raise InvalidInstance(f"{name}: got {len(set(names))} different names; {count} are needed")
    if any("\0" in item or len(item) > 200 for item in names):
        raise InvalidInstance(f"{name}: a name is longer than 200 characters or holds a zero byte")
    if any("\ud800" <= letter <= "\udfff" for item in names for letter in item):
        raise InvalidInstance(f"{name}: a name holds half a character (a lone surrogate), which no file can")
    return names
