"""The TTT layer computes what its text says: two forms, one result; the delta rule as special case."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from edgeopt.learning.networks.ttt import TTTLinear  # noqa: E402

STREAMS, SLOTS, WIDTH, DEMAND = 3, 21, 8, 2


def layer(seed: int = 0, dtype: Any = None, **options: Any) -> TTTLinear:
    torch.manual_seed(seed)
    made = TTTLinear(WIDTH, DEMAND, **options).to(dtype or torch.float64)
    with torch.no_grad():
        made.scale.add_(0.1 * torch.randn_like(made.scale))
        made.shift.add_(0.1 * torch.randn_like(made.shift))
        made.gates.weight.mul_(10.0)
        made.gates.bias.copy_(torch.tensor([0.0, 1.0]))
    made.weight.requires_grad_()  # of the delta rule it is not trained, yet its gradients must agree
    return made


def tokens(seed: int = 1, dtype: Any = None) -> tuple[Any, Any, Any]:
    torch.manual_seed(seed)
    kind = dtype or torch.float64
    never = torch.zeros(STREAMS, SLOTS, dtype=torch.bool)
    return (
        torch.randn(STREAMS, SLOTS, WIDTH, dtype=kind),
        torch.randn(STREAMS, SLOTS, DEMAND, dtype=kind),
        never,
    )


@pytest.mark.parametrize("inner_target", ["next-demand", "reconstruction"])
@pytest.mark.parametrize("inner_batch", [1, 4, 8, 32])
@pytest.mark.parametrize("normalised", [True, False])
def test_dual_is_primal(inner_target: Any, inner_batch: int, normalised: bool) -> None:
    """Outputs, end state and outer gradients; 21 slots, so that the last inner batch is broken off."""
    made = layer(inner_target=inner_target, inner_batch=inner_batch, normalised=normalised)
    given, demand, never = tokens()
    views = made.views(given, demand)
    found = []
    for read, state in (
        made.primal(views, never, made.initial(STREAMS)),
        made.dual(views, made.initial(STREAMS)),
    ):
        grads = torch.autograd.grad(read.square().sum(), [made.key.weight, made.weight], retain_graph=True)
        found.append([read, *state, *grads])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-10)


def test_dual_is_primal_in_single_precision() -> None:
    made = layer(dtype=torch.float32)
    given, demand, never = tokens(dtype=torch.float32)
    views = made.views(given, demand)
    slow = made.primal(views, never, made.initial(STREAMS))[0]
    fast = made.dual(views, made.initial(STREAMS))[0]
    assert ((slow - fast).abs().mean() / slow.abs().mean()).item() < 4e-7


def test_pieces_give_what_the_whole_gives() -> None:
    """A sequence read in pieces that cut inner batches, as a policy at work reads it."""
    made = layer(inner_batch=4)
    given, demand, never = tokens()
    whole, end = made(given, demand, never, made.initial(STREAMS))
    state, parts = made.initial(STREAMS), []
    for begin, stop in ((0, 1), (1, 2), (2, 9), (9, 10), (10, 21)):
        part, state = made(given[:, begin:stop], demand[:, begin:stop], never[:, begin:stop], state)
        parts.append(part)
    torch.testing.assert_close(torch.cat(parts, dim=1), whole)
    torch.testing.assert_close(state.weight, end.weight)


def test_a_reset_begins_a_stream_anew_and_leaves_the_others() -> None:
    made = layer(inner_batch=4)
    given, demand, resets = tokens()
    whole, _ = made(given, demand, resets, made.initial(STREAMS))
    resets[1, 6] = True
    cut, _ = made(given, demand, resets, made.initial(STREAMS))
    alone, _ = made(
        given[1:2, 6:], demand[1:2, 6:], torch.zeros(1, SLOTS - 6, dtype=torch.bool), made.initial(1)
    )
    torch.testing.assert_close(cut[1, 6:], alone[0])
    torch.testing.assert_close(cut[[0, 2]], whole[[0, 2]])
    assert not torch.allclose(cut[1, 6:], whole[1, 6:])


def test_without_normalisation_it_is_the_delta_rule() -> None:
    """S <- S - beta k (k S - v), read by q S: a loop in numpy."""
    made = layer(inner_target="reconstruction", inner_batch=1, normalised=False, forget=False)
    given, demand, never = tokens()
    read, _ = made(given, demand, never, made.initial(STREAMS))

    def view(linear: Any, x: Any) -> Any:
        return x @ linear.weight.detach().numpy().T

    for stream in range(STREAMS):
        memory = made.weight.detach().numpy().copy()
        for slot in range(SLOTS):
            x = given[stream, slot].numpy()
            k, q, v = view(made.key, x), view(made.query, x), view(made.value, x)
            k, q = k / np.linalg.norm(k), q / np.linalg.norm(q)
            logit = float(made.gates.weight[0].detach().numpy() @ x + made.gates.bias[0].item())
            memory = memory - np.outer(k, k @ memory - v) / (1.0 + np.exp(-logit))
            np.testing.assert_allclose(read[stream, slot].detach().numpy(), q @ memory, atol=1e-12)


def test_the_inner_gradient_is_that_of_the_inner_loss() -> None:
    made = layer()
    before = torch.randn(5, WIDTH, dtype=torch.float64, requires_grad=True)
    label = torch.randn(5, WIDTH, dtype=torch.float64)
    norm = torch.nn.functional.layer_norm(before, (WIDTH,), made.scale, made.shift, 1e-6)
    wanted = torch.autograd.grad(0.5 * (norm - label).square().sum(), before)[0]
    torch.testing.assert_close(made.gradient(before, label), wanted)


def test_next_demand_leaks_nothing() -> None:
    """What is read at a slot does not depend on later tokens or demand, and does on this slot's demand."""
    made = layer(inner_batch=4)
    given, demand, never = tokens()
    read, _ = made(given, demand, never, made.initial(STREAMS))
    changed, other = given.clone(), demand.clone()
    changed[:, 11:] += 1.0
    other[:, 11:] += 1.0
    again, _ = made(changed, other, never, made.initial(STREAMS))
    assert torch.equal(read[:, :11], again[:, :11])
    other = demand.clone()
    other[:, 10] += 1.0
    again, _ = made(given, other, never, made.initial(STREAMS))
    assert torch.equal(read[:, :10], again[:, :10])
    assert not torch.allclose(read[:, 10], again[:, 10])


def test_the_inner_model_learns_to_foretell() -> None:
    """On a demand that repeats with the token, steps lower the loss; a forget gate gives some back."""
    made = layer(inner_batch=1, forget=False)
    with torch.no_grad():
        made.gates.weight.zero_()
    given, demand, never = tokens()
    given, demand = given[:, :1].expand(-1, SLOTS, -1), demand[:, :1].expand(-1, SLOTS, -1)
    views = made.views(given, demand)

    def loss(state: Any) -> float:
        before = torch.einsum("bi,bij->bj", views.key[:, 0], state.weight) + state.bias
        norm = torch.nn.functional.layer_norm(before, (WIDTH,), made.scale, made.shift, 1e-6)
        return float((norm - views.value[:, 0] + views.key[:, 0]).square().sum())

    losses = []
    for stop in (1, 2, 5, SLOTS):
        _, state = made(given[:, :stop], demand[:, :stop], never[:, :stop], made.initial(STREAMS))
        losses.append(loss(state))
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.5 * losses[0]
    made.forget = True
    _, state = made(given, demand, never, made.initial(STREAMS))
    assert losses[-1] < loss(state) < losses[0]


def test_a_frozen_layer_keeps_its_learned_start() -> None:
    made = layer(inner_batch=4)
    given, demand, never = tokens()
    read, state = made(given, demand, never, made.initial(STREAMS), adapt=False)
    assert torch.equal(state.weight, made.weight.expand(STREAMS, -1, -1))
    assert not torch.allclose(read, made(given, demand, never, made.initial(STREAMS))[0])
