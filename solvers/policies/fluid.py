"""What keeping a model is worth over the next slots, when demand follows its forecast and context flows.

Requests are forecast as real numbers and the context is allowed to be one: a cached service gains
gain * forecast - vanish units a slot, within its window, and saves what the accuracy table, read between its
columns, says. This is the value the index policies compare with the cost of loading.
"""

from __future__ import annotations

from ...problem.fields import FloatArray, IntArray
from ..compiled import compiled


@compiled
def future_saving(
    context: IntArray,
    requests: IntArray,
    forecast: FloatArray,
    charge: FloatArray,
    service_model: IntArray,
    gain: IntArray,
    vanish: IntArray,
    window: IntArray,
    saving: FloatArray,
    keeping: FloatArray,
    bonus: FloatArray,
) -> None:
    """Fill the worth of keeping each model for the H slots after this one.

    Parameters
    ----------
    context, requests
        (S,) context that counts now, and the arrivals of this slot.
    forecast
        (H, S) arrivals expected in each of the next slots; whole numbers give the exact context.
    charge
        (S,) price of the limits a request takes, in cost units.
    saving
        (S, max window + 1) saving of a request by context.
    keeping
        (M,) filled: forecast saving of the model's services, all of this slot's requests being served.
    bonus
        (S,) filled: what one request served now adds to that saving through the context.
    """
    keeping[:] = 0.0
    for service in range(context.shape[0]):
        stays = max(0.0, float(context[service] - vanish[service]))
        grows = float(context[service]) + gain[service] * requests[service] - vanish[service]
        grows = min(float(window[service]), max(0.0, grows))
        after = _stream(service, grows, forecast, charge, gain, vanish, window, saving)
        keeping[service_model[service]] += after
        bonus[service] = 0.0
        if requests[service] > 0 and saving[service, context[service]] <= charge[service]:
            # Only a request that does not pay for itself needs to know what it does for later ones.
            without = _stream(service, stays, forecast, charge, gain, vanish, window, saving)
            bonus[service] = (after - without) / requests[service]
            keeping[service_model[service]] += without - after


@compiled
def _stream(
    service: int,
    context: float,
    forecast: FloatArray,
    charge: FloatArray,
    gain: IntArray,
    vanish: IntArray,
    window: IntArray,
    saving: FloatArray,
) -> float:
    """Sum of forecast times saving when every request is served; 0 when that would be a loss."""
    total: float = 0.0
    limit = float(window[service])
    for ahead in range(forecast.shape[0]):
        rate = forecast[ahead, service]
        below = int(context)
        each = saving[service, below]
        if context > below:
            each += (context - below) * (saving[service, below + 1] - each)
        total += rate * (each - charge[service])
        context = min(limit, max(0.0, context + gain[service] * rate - vanish[service]))
    return max(0.0, total)
