"""One certificate of many: those of single servers, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...problem.fields import IntArray
from ...problem.instance import Instance
from ...problem.plan import Plan
from .certificate import Certificate


def joined(instance: Instance, parts: Sequence[Certificate], plan: Plan, cost: float) -> Certificate:
    """Put the certificates of an instance's servers together, in their order.

    All get the coarsest of their scales. Prices are rounded down to it, so that sums in whole numbers stay
    as small as the verifier of each part allows; whatever the prices are, the bound that follows is valid,
    and what is claimed to lie ahead is proved before it is used.

    Parameters
    ----------
    parts
        One for each server alone (``instance.server(n)``).
    plan, cost
        Of the whole instance.
    """
    scale = min(part.scale for part in parts)

    def down(name: str, servers_axis: int = 1) -> IntArray:
        # Shifting a whole number of 64 bits by more than 63 is not defined; 63 leave nothing anyway.
        shifted = [getattr(part, name) >> min(part.scale - scale, 63) for part in parts]
        return np.concatenate(shifted, axis=servers_axis, dtype=np.int64)

    return Certificate(
        instance=instance.digest(),
        scale=scale,
        presence=down("presence"),
        compute=down("compute"),
        energy=down("energy"),
        service=down("service"),
        ahead=down("ahead", servers_axis=0),
        bounds=np.concatenate([part.bounds for part in parts]),
        width=max(part.width for part in parts),
        plan=plan,
        cost=cost,
    )
