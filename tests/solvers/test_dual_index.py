"""The multiplier index: memory is worth on average what the marginal model saves."""

from __future__ import annotations

import numpy as np
import pytest

from edgeopt.problem import Instance, evaluate
from edgeopt.problem.errors import InvalidOption
from edgeopt.solvers.policies import Site, policy
from edgeopt.solvers.policies.dual_prices import mean_price
from edgeopt.solvers.simulation import simulate


def rivals(memory: float, slots: int = 40) -> Instance:
    """Two models of two bytes that save 5 and 3 a slot, free to load."""
    return Instance(
        requests=np.tile([5, 3], (slots, 1)), service_model=[0, 1], memory=memory, footprint=[2, 2],
        cloud_cost=1.0,
    )  # fmt: skip


def test_the_price_separates_who_stays_from_who_does_not() -> None:
    """With room for one the price of two bytes lies between 3 and 5; with room for both it is nothing."""
    for slots in (40, 170):
        tight = rivals(2, slots)
        assert 1.5 <= mean_price(Site.of(tight, 0), [tight.requests[:, 0]]) <= 2.5
    wide = rivals(4)
    assert mean_price(Site.of(wide, 0), [wide.requests[:, 0]]) == 0.0


def test_a_learnt_price_keeps_out_what_does_not_earn_it() -> None:
    """Room for one: trained beside a model saving 8 a slot, one saving 3 is not worth its load of 10."""
    requests = np.zeros((60, 2), dtype=int)
    requests[:, 0] = 8
    requests[:, 1] = 3
    day = Instance(
        requests=requests, service_model=[0, 1], memory=1, footprint=[1, 1], load_cost=10.0, cloud_cost=1.0
    )
    quiet = day.with_requests(np.where([True, False], 0, day.requests))
    options = {"forecast": "returning", "memory": 0.0, "persistence": 1.0, "horizon": 8}
    learnt, rolling = policy("dual-index", **options).fit([day]), policy("mpc", **options).fit([day])
    assert evaluate(quiet, simulate(quiet, learnt)).loads == 0
    assert evaluate(quiet, simulate(quiet, rolling)).loads == 1
    assert simulate(day, learnt).cached[:, 0].tolist() == [[True, False]] * 60


def test_never_fitted_it_rolls() -> None:
    instance = rivals(2)
    assert simulate(instance, policy("dual-index")) == simulate(instance, policy("mpc"))
    assert policy("dual-index").name == "dual-index"


def test_training_on_another_server_is_refused() -> None:
    instance = rivals(2)
    fitted = policy("dual-index").fit([instance.replace(server_names=("elsewhere",))])
    with pytest.raises(InvalidOption, match="policy dual-index was fitted on elsewhere"):
        simulate(instance, fitted)
