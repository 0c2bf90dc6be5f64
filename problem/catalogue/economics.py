"""Prices of the edge, and every cost of a request or a load in US cents.

Prices of hosted models are facts of the catalogue. What an edge operator pays for devices, power,
networks and waiting users is not: `Economics` names each of these assumptions, with a default to be
replaced by whoever knows better.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Literal

from ..errors import InvalidOption
from .footprint import Quantisation, weight_bytes
from .inference import Tokens
from .records import Device, Model, Price

SECONDS_PER_HOUR = 3600.0
JOULES_PER_KWH = 3.6e6
TOKENS_PER_PRICE = 1e6
ASSUMED_CENTS_PER_HOUR_PER_BANDWIDTH = 0.1 / 1e9
"""US cents per hour and byte/s of memory bandwidth (assumed): 86 c/h for an L40S, 204 for an A100 SXM
80GB, 336 for an H100 SXM. Each lies in the on-demand range collected early in 2026 at
alloclabs.com/blog/a100-vs-h100-vs-l40s (0.80-1.50, 2.00-3.90, 3.00-4.90 dollars)."""


@dataclass(frozen=True, kw_only=True)
class Economics:
    """What the operator pays. Every default is assumed.

    Attributes
    ----------
    gpu_cents_per_hour : float or None, cents per hour
        Hardware and hosting of one device, without power; see `amortised` for a purchase. None:
        in proportion to the memory bandwidth, `ASSUMED_CENTS_PER_HOUR_PER_BANDWIDTH`, because that is
        what decoding buys.
    electricity_cents_per_kwh : float
    power_share : float
        Part of the thermal design power drawn while busy.
    latency_cents_per_second : float
        What a second of waiting is worth to the user; at the default 0 all latency is free.
    edge_round_trip_seconds, cloud_round_trip_seconds : float
    cloud_tokens_per_second : float
        Speed at which the hosted model answers; matters only when latency has a price.
    bytes_per_token : float
        Text on the wire.
    edge_cents_per_gigabyte, cloud_cents_per_gigabyte : float
        Access network, and core network on top of it. Text is so small that these hardly matter.
    engine_start_seconds : float
        From the decision to load until the engine serves, without reading weights.
    load_source : "nvme" or "host"
        Where weights are read from.
    """

    gpu_cents_per_hour: float | None = None
    electricity_cents_per_kwh: float = 15.0
    power_share: float = 0.8
    latency_cents_per_second: float = 0.0
    edge_round_trip_seconds: float = 0.02
    cloud_round_trip_seconds: float = 0.1
    cloud_tokens_per_second: float = 100.0
    bytes_per_token: float = 4.0
    edge_cents_per_gigabyte: float = 1.0
    cloud_cents_per_gigabyte: float = 9.0
    engine_start_seconds: float = 60.0
    load_source: Literal["nvme", "host"] = "nvme"

    def __post_init__(self) -> None:
        if self.load_source not in ("nvme", "host"):
            raise InvalidOption(f"economics: load_source {self.load_source!r}, must be 'nvme' or 'host'")
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, str) or value is None:
                continue
            if not 0 <= value < math.inf:
                raise InvalidOption(f"economics: {field.name} = {value}, must be finite and not negative")
        if self.cloud_tokens_per_second == 0:
            raise InvalidOption("economics: cloud_tokens_per_second = 0, must be positive")


def amortised_cents_per_hour(
    purchase_cents: float, *, years: float = 4.0, busy_share: float = 0.5, hosting_share: float = 0.3
) -> float:
    """Cents per busy hour of a device that was bought.

    purchase x (1 + hosting) / (years x 8760 h x busy share), where hosting is the part added for
    chassis, rack and upkeep. Years and shares are assumed.
    """
    if not (purchase_cents >= 0 and years > 0 and 0 < busy_share <= 1 and hosting_share >= 0):
        raise InvalidOption(
            f"amortisation: purchase {purchase_cents}, years {years}, busy share {busy_share}, hosting share "
            f"{hosting_share}; must be >= 0, > 0, in (0, 1], >= 0"
        )
    return purchase_cents * (1.0 + hosting_share) / (years * 8760.0 * busy_share)


def gpu_cents_per_second(device: Device, economics: Economics) -> float:
    """Cents per GPU-second: the hourly price / 3600, derived from the bandwidth where none is given."""
    hourly = economics.gpu_cents_per_hour
    if hourly is None:
        hourly = ASSUMED_CENTS_PER_HOUR_PER_BANDWIDTH * device.bandwidth
    return hourly / SECONDS_PER_HOUR


def energy_cents(joules: float, economics: Economics) -> float:
    """Cents of electricity: joule / 3.6e6 x cents per kWh."""
    return joules / JOULES_PER_KWH * economics.electricity_cents_per_kwh


def computation_cents(
    device: Device, *, gpu_seconds: float, joules: float, response_seconds: float, economics: Economics
) -> float:
    """Cents to compute one answer at the edge.

    GPU-seconds x cents per GPU-second + electricity + seconds the user waits x value of a second.
    """
    waiting = economics.latency_cents_per_second * response_seconds
    return gpu_seconds * gpu_cents_per_second(device, economics) + energy_cents(joules, economics) + waiting


def transmission_cents(tokens: float, economics: Economics) -> float:
    """Cents between user and edge for `tokens` tokens both ways together.

    tokens x bytes per token / 1e9 x cents per gigabyte + round trip x value of a second.
    """
    gigabytes = tokens * economics.bytes_per_token / 1e9
    waiting = economics.latency_cents_per_second * economics.edge_round_trip_seconds
    return gigabytes * economics.edge_cents_per_gigabyte + waiting


def api_cents(
    price: Price, *, input_tokens: float, output_tokens: float, cached_tokens: float = 0.0
) -> float:
    """Cents a provider bills for one request.

    ((input - cached) x input price + cached x cached-input price + output x output price) / 1e6, where
    cached counts those of the input tokens that the provider finds in its prompt cache. A provider
    without a price for them bills them in full.
    """
    if not 0 <= cached_tokens <= input_tokens:
        raise InvalidOption(
            f"cached_tokens = {cached_tokens}, must be in [0, {input_tokens}], the input tokens"
        )
    cached_price = price.input if price.cached_input is None else price.cached_input
    billed = (input_tokens - cached_tokens) * price.input + cached_tokens * cached_price
    return (billed + output_tokens * price.output) / TOKENS_PER_PRICE


def cloud_cents(
    price: Price,
    tokens: Tokens,
    economics: Economics,
    *,
    cached_tokens: float = 0.0,
    error_cents: float = 0.0,
) -> float:
    """Cents of a request that goes to the cloud; `tokens.context` is what is sent along with it.

    API price + bytes over access and core network + the cost of the cloud model's own expected error
    + (round trip + output / cloud speed) x value of a second.
    """
    bill = api_cents(
        price,
        input_tokens=tokens.context + tokens.prompt,
        output_tokens=tokens.output,
        cached_tokens=cached_tokens,
    )
    gigabytes = (tokens.context + tokens.prompt + tokens.output) * economics.bytes_per_token / 1e9
    network = gigabytes * (economics.edge_cents_per_gigabyte + economics.cloud_cents_per_gigabyte)
    seconds = economics.cloud_round_trip_seconds + tokens.output / economics.cloud_tokens_per_second
    return bill + network + error_cents + economics.latency_cents_per_second * seconds


def load_seconds(model: Model, device: Device, stored: Quantisation, economics: Economics) -> float:
    """Seconds until a model serves: engine start + weight bytes / load rate of the chosen source."""
    rate = device.host_load_rate if economics.load_source == "host" else device.nvme_load_rate
    return economics.engine_start_seconds + weight_bytes(model, stored) / rate


def load_cents(
    device: Device, *, seconds: float, lost_cents_per_slot: float, slot_seconds: float, economics: Economics
) -> float:
    """Cents of loading a model: the device is busy, and hot requests meanwhile miss their saving.

    load seconds x cents per GPU-second + lost cents per slot x load seconds / slot seconds. The
    dynamics of the problem let a model serve in the slot it is loaded; the second term takes back what
    a real engine cannot earn until it is up.
    """
    return seconds * gpu_cents_per_second(device, economics) + lost_cents_per_slot * seconds / slot_seconds
