r"""The bound that prices prove, server by server.

**Claim.** For any whole prices rent[m, t], Q[r, t] >= 0 no plan that the referee accepts costs less than

    cloud_only - (sum_m D_m + sum_t K_t + sum_{r,t} Q[r, t]) / F,

where D_m is the most that disjoint caching intervals of model m can save when a slot of presence costs its
rent and a request its charge, and K_t is the dearest set of models, at rents, that slot t's memory admits.

*Proof.* The cost of a plan is cloud_only minus its savings, sum x g(k) - loads. In the whole numbers of
``whole.py`` F times the savings is at most

    sum_m [ sum over the intervals of m of  (sum x (saving(k) - charge) - load - sum rent) ]
      + sum_t [ rents of the models cached in t ]  +  sum_{r,t} Q[r, t],

because rents are added and subtracted, and the charges of a slot add up to at most Q. The second bracket is
at most K_t, since the set fits. The first is at most D_m in either form:

* *every request served* (``contexts.py``, ``chains.py``): let k* be the context if all had been served since
  the interval began. The dynamics are nondecreasing in k and x, so k <= k*; ``saving`` is nondecreasing in k
  (accuracy is, and rounding up keeps the order), so no request earns more than at k*, and
  x (saving(k) - charge) <= cap max(0, saving(k*) - charge);
* *the best service* (``intervals.py``): the maximum over every whole x from 0 to cap. It is never larger; it
  is used where a request could cost more than it saves, that is, where the two differ.

With *allowances* a[s, t] >= 0 every request pays a more, and K_t is the most that models and whole requests
which slot t admits together pay in rents and allowances (``packing.py``): what is subtracted in the first
bracket is added to the second, and the plan's own models and requests are such a packing.

The sweep (``sweep.py``; not used with allowances) sharpens the claim where it leaves a gap. Sums of int64
cannot wrap: ``whole.py`` bounds all magnitudes beforehand, in Python's integers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from .chains import Chain
from .intervals import affordable, best_intervals, loses
from .knapsack import frontiers
from .packing import dearest_packing
from .sweep import MOST_MODELS, Sweep
from .whole import WholeServer


@dataclass(frozen=True)
class Proof:
    """What was proved of one server: ``bound`` on its cost; ``by_prices`` is the part without a sweep."""

    bound: Fraction
    by_prices: Fraction


def prove(server: WholeServer, goal: float, width: int) -> Proof:
    """Compute the bound of one server.

    Parameters
    ----------
    goal
        Bound worth a sweep: none is made if the prices reach it, and no more than this is tried to be proved.
    width
        Most states of the sweep; 0 for none.
    """
    chains = [Chain.of(server, m) for m in range(server.models)]
    fronts = [frontiers(server.weight, server.rent[:, t], server.room) for t in range(server.slots)]
    packed = np.any(server.allowance > 0, axis=0)
    shared = server.resource + sum(
        dearest_packing(server, t) if packed[t] else int(front[0][1][-1]) for t, front in enumerate(fronts)
    )
    exact = affordable(server)
    saved = [
        best_intervals(server, m) if exact and loses(server, m) else chain.absent[0]
        for m, chain in enumerate(chains)
    ]
    by_prices = server.cloud_only - (sum(saved) + shared) / server.scale
    slack = math.ceil((Fraction(goal) - by_prices) * server.scale)
    if slack <= 0 or width == 0 or server.models > MOST_MODELS or np.any(packed):
        return Proof(by_prices, by_prices)
    everything = server.cloud_only - (sum(chain.absent[0] for chain in chains) + shared) / server.scale
    highest = min(Fraction(goal), server.cloud_only)  # serving nothing is a plan
    slack = math.ceil((highest - everything) * server.scale)
    excess = Sweep(server, chains, fronts, slack, width).least_excess()
    return Proof(max(by_prices, everything + excess / server.scale), by_prices)
