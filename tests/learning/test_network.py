"""The network starts as its prior, sees only what is real, and has no order of models."""

from __future__ import annotations

from typing import Any

import pytest

from edgeopt.problem.errors import InvalidOption

torch = pytest.importorskip("torch")
pytest.importorskip("gymnasium")

from edgeopt.learning.networks.cores import CORES  # noqa: E402
from edgeopt.learning.networks.network import Network, sizes  # noqa: E402
from edgeopt.learning.serving.observation import MODEL_FEATURES  # noqa: E402

LANES, SLOTS, MODELS, SERVICES = 2, 6, 4, 5


def drawn(seed: int = 0) -> tuple[dict[str, Any], Any, Any]:
    """Random tokens; the last model and the last service are padding."""
    torch.manual_seed(seed)
    shape = (LANES, SLOTS)
    model_mask, service_mask = torch.ones(*shape, MODELS), torch.ones(*shape, SERVICES)
    model_mask[..., -1], service_mask[..., -1] = 0, 0
    seen = {
        "models": torch.randn(*shape, MODELS, 25) * model_mask[..., None],
        "services": torch.randn(*shape, SERVICES, 15) * service_mask[..., None],
        "server": torch.randn(*shape, 13),
        "model_mask": model_mask,
        "service_mask": service_mask,
        "service_model": torch.tensor([0, 1, 2, 1, 0]).expand(*shape, -1),
    }
    return seen, torch.randn(*shape, MODELS), torch.zeros(*shape, dtype=torch.bool)


def made(core: str, *, trained: bool = True) -> Network:
    torch.manual_seed(1)
    network = Network(core, width=8, inner_batch=4)
    if trained:
        torch.nn.init.normal_(network.score[-1].weight)
    return network


@pytest.mark.parametrize("core", CORES)
def test_untrained_it_plays_its_prior(core: str) -> None:
    network, (seen, base, resets) = made(core, trained=False), drawn()
    assert torch.equal(network(seen, base, resets, network.initial(LANES, MODELS))[0], base)


@pytest.mark.parametrize("core", CORES)
def test_slot_by_slot_gives_what_the_sequence_gives(core: str) -> None:
    network, (seen, base, resets) = made(core), drawn()
    resets[1, 3] = True
    whole = network(seen, base, resets, network.initial(LANES, MODELS))
    state = network.initial(LANES, MODELS)
    for slot in range(SLOTS):
        now = {name: array[:, slot : slot + 1] for name, array in seen.items()}
        at = slice(slot, slot + 1)
        scores, value, state = network(now, base[:, at], resets[:, at], state)
        torch.testing.assert_close(scores[:, 0], whole[0][:, slot], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(value[:, 0], whole[1][:, slot], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("core", CORES)
def test_models_have_no_order(core: str) -> None:
    network, (seen, base, resets) = made(core), drawn()
    scores, value, _ = network(seen, base, resets, network.initial(LANES, MODELS))
    order = torch.tensor([2, 0, 3, 1])
    turned = seen | {
        "models": seen["models"][:, :, order],
        "model_mask": seen["model_mask"][:, :, order],
        "service_model": torch.argsort(order)[seen["service_model"]],
    }
    again, same, _ = network(turned, base[..., order], resets, network.initial(LANES, MODELS))
    torch.testing.assert_close(again, scores[..., order], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(same, value, rtol=1e-4, atol=1e-5)


def test_padding_changes_nothing() -> None:
    network, (seen, base, resets) = made("ttt"), drawn()
    scores, value, _ = network(seen, base, resets, network.initial(LANES, MODELS))
    seen["models"][..., -1, :] = 7.0
    seen["services"][..., -1, :] = 7.0
    again, same, _ = network(seen, base, resets, network.initial(LANES, MODELS))
    assert torch.equal(scores, again)
    assert torch.equal(value, same)


@pytest.mark.parametrize("core", CORES)
def test_every_model_twice_on_twice_the_server_is_foretold_alike(core: str) -> None:
    """As a share of twice the memory every size is half, and nothing that is read may tell."""
    network, (seen, _, resets) = made(core), drawn()
    double = {name: torch.cat([array, array], dim=2) for name, array in seen.items() if name != "server"}
    double |= {"server": seen["server"], "models": double["models"].clone()}
    double["models"][..., [name for name, _ in MODEL_FEATURES].index("size")] /= 2
    found = [
        network.foretell(network.read(one, resets, network.initial(LANES, models))[0], one)
        for one, models in ((seen, MODELS), (double, 2 * MODELS))
    ]
    real = seen["model_mask"].bool()
    for half in found[1].split(MODELS, dim=2):
        assert torch.allclose(half[real], found[0][real], atol=1e-5)


def test_sizes_are_counted() -> None:
    """By hand for d = 8: TTT K, Q 64 each, V 4 x 8, gates 18, W 64, b, scale, shift 8 each."""
    assert sizes(made("ttt"))["core_parameters"] == 64 + 64 + 32 + 18 + 64 + 24
    assert sizes(made("ttt"))["core_state"] == 64 + 8 + 8
    assert sizes(made("gru"))["core_parameters"] == 2 * 3 * (64 + 8)
    assert sizes(made("deltanet"))["core_state"] == 64
    assert sizes(made("none"))["core_parameters"] == 0


def test_the_controls_of_equal_size_are() -> None:
    """At the width that is trained: as many parameters within 6 %, and the delta rule as much state."""
    own = sizes(Network("ttt", width=40))
    for core in ("gru-small", "deltanet", "stack"):
        control = sizes(Network(core, width=40))
        assert control["core_parameters"] == pytest.approx(own["core_parameters"], rel=0.06), core
    assert sizes(Network("deltanet", width=40))["core_state"] == pytest.approx(own["core_state"], rel=0.06)


def test_a_stack_sees_its_window_and_nothing_before() -> None:
    """What lies four slots back, or before a reset, changes nothing; what lies three back does."""
    network, (_, _, resets) = made("stack"), drawn()
    resets[1, 2] = True
    tokens = torch.randn(LANES * MODELS, SLOTS, 8)
    begun = resets.repeat_interleave(MODELS, dim=0)
    out, _ = network.core(tokens, tokens, begun, network.initial(LANES, MODELS))
    other = tokens.clone()
    other[:, 1] += 1.0
    moved = (network.core(other, other, begun, network.initial(LANES, MODELS))[0] != out).any(dim=-1)
    assert moved[:MODELS, 1:5].all()
    assert not moved[:MODELS, 5].any()
    assert not moved[MODELS:, 2:].any()


def test_an_unknown_core_is_named() -> None:
    with pytest.raises(InvalidOption, match="core = 'lstm'"):
        Network("lstm")
