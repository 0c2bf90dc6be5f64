"""T2DRL: the same seed gives the same bytes, kills lose nothing, checkpoints are checked, modes differ."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeopt.problem import evaluate, scenario
from edgeopt.problem.errors import EdgeoptError, InvalidFile, InvalidOption
from edgeopt.solvers import policy, simulate

torch = pytest.importorskip("torch")
pytest.importorskip("gymnasium")
pytest.importorskip("cma")

from edgeopt.learning import T2DRL, scenario_source  # noqa: E402
from edgeopt.learning.algorithms.foresight import ForesightOptions  # noqa: E402
from edgeopt.learning.algorithms.ppo_options import PPOOptions  # noqa: E402
from edgeopt.learning.foresight.regression import foretold  # noqa: E402
from edgeopt.learning.foresight.traces import read_traces  # noqa: E402
from edgeopt.learning.scores.evolution import EvolutionOptions  # noqa: E402
from edgeopt.learning.scores.features import first_weights  # noqa: E402
from edgeopt.learning.scores.runs import Runs  # noqa: E402
from edgeopt.learning.serving.sources import WithHistory  # noqa: E402
from edgeopt.learning.t2drl.config import Config  # noqa: E402
from edgeopt.learning.t2drl.t2drl import tailoring  # noqa: E402

OPTIONS = ForesightOptions(
    examples=4, runs=3, priced=2, passes=2, history=1,
    evolution=EvolutionOptions(generations=12, refinements=12, population=6, episodes=2),
)  # fmt: skip
CONFIG = Config(width=6, inner_batch=5)


def families() -> dict[str, Any]:
    return {
        name: scenario_source(name, seeds=range(8), size="small", slots=25) for name in ("decoy", "hotset")
    }


def train(folder: Path | None = None, **changes: Any) -> T2DRL:
    return T2DRL.train(families(), config=CONFIG, options=OPTIONS, folder=folder, **changes)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[T2DRL, Path]:
    folder = tmp_path_factory.mktemp("learner")
    return train(folder, seed=1), folder


def same(one: T2DRL, other: T2DRL) -> bool:
    tensors = other.network.state_dict()
    return all(torch.equal(value, tensors[name]) for name, value in one.network.state_dict().items()) and all(
        np.array_equal(weights, other.profiles[name]) for name, weights in one.profiles.items()
    )


class Killed(BaseException):
    """Stands for a kill between two updates."""


def test_the_profiles_of_families_begin_with_the_one_for_all() -> None:
    still = EvolutionOptions(generations=12, refinements=1, refining_step=1e-9, population=6, episodes=2)
    learner = T2DRL.train(families(), config=CONFIG, options=replace(OPTIONS, passes=1, evolution=still))
    assert list(learner.profiles) == ["general", "decoy", "hotset"]
    for name in ("decoy", "hotset"):
        assert learner.profiles[name] == pytest.approx(learner.profiles["general"], abs=1e-6)
    assert np.abs(learner.profiles["general"] - first_weights()).max() > 0.01


def test_a_killed_training_ends_bit_equal(trained: tuple[T2DRL, Path], tmp_path: Path) -> None:
    """Killed after every single update, and begun again each time."""

    def kill(_done: int, _all: int, _scalars: Mapping[str, float]) -> None:
        raise Killed

    for _ in range(20):
        try:
            again = train(tmp_path, seed=1, watch=kill)
            break
        except Killed:
            continue
    assert same(again, trained[0])
    for name in ("weights.safetensors", "card.json"):
        assert (tmp_path / name).read_bytes() == (trained[1] / name).read_bytes()
    assert not list(tmp_path.glob("state*"))


def test_a_tailored_learner_keeps_the_network(trained: tuple[T2DRL, Path], tmp_path: Path) -> None:
    """New weights for new demand, better there than those of the start; killed and resumed to the same."""
    source = scenario_source("workflow", seeds=range(12), size="small", slots=40)
    start, new = trained[0], {"workflow": source}
    options = replace(
        OPTIONS, examples=0, passes=0, runs=12, evolution=EvolutionOptions(generations=30, episodes=12)
    )
    again = None

    def kill(_done: int, _all: int, _scalars: Mapping[str, float]) -> None:
        raise Killed

    for _ in range(10):
        try:
            again = T2DRL.train(new, start=start, options=options, folder=tmp_path, watch=kill)
            break
        except Killed:
            continue
    tailored = T2DRL.train(new, start=start, options=options)
    assert again is not None
    assert same(again, tailored)
    assert tailored.digest() == start.digest() == T2DRL.load(tmp_path).digest()
    assert tailored.training["start"] == start.digest()
    assert list(tailored.profiles) == ["workflow"]
    assert tailored.as_policy().grid == {}
    assert tailored.as_policy().profile == T2DRL.load(tmp_path).as_policy().profile == "workflow"
    traces = read_traces(WithHistory(source, OPTIONS.history), range(12))
    runs = Runs(traces, foretold(start.network, traces))
    found = runs.costs(tailored.profiles["workflow"]).sum()
    assert found < min(runs.costs(weights).sum() for weights in start.profiles.values())


def test_by_default_a_tailored_learner_takes_all_episodes(trained: tuple[T2DRL, Path]) -> None:
    short = {"workflow": scenario_source("workflow", seeds=range(3), size="small", slots=10)}
    assert tailoring(short).runs == 3
    assert tailoring(short).passes == 0
    with pytest.raises(InvalidOption, match="passes = 1: must be 0"):
        T2DRL.train(short, start=trained[0], options=replace(OPTIONS, passes=1))
    with pytest.raises(InvalidOption, match="the shape of the network"):
        T2DRL.train(short, start=trained[0], config=Config(width=7))
    with pytest.raises(InvalidOption, match="only a learner of foresight can be gone on from"):
        T2DRL.train(short, start=trained[0], algorithm="ppo", options=PPOOptions(updates=1))


def test_another_seed_is_another_learner(trained: tuple[T2DRL, Path]) -> None:
    assert not same(train(seed=2), trained[0])


def test_a_state_of_other_settings_is_refused(tmp_path: Path) -> None:
    def stop(_done: int, _all: int, _scalars: Mapping[str, float]) -> None:
        raise Killed

    with pytest.raises(Killed):
        train(tmp_path, seed=1, watch=stop)
    with pytest.raises(InvalidFile, match="other settings"):
        train(tmp_path, seed=5)
    (tmp_path / "state.json").write_text("{")
    with pytest.raises(InvalidFile, match="not JSON"):
        train(tmp_path, seed=1)


def test_a_loaded_learner_plays_the_same(trained: tuple[T2DRL, Path]) -> None:
    learner, folder = trained
    loaded = T2DRL.load(folder)
    assert same(learner, loaded)
    assert loaded.config == CONFIG
    assert set(loaded.profiles) == {"decoy", "hotset", "general"}
    instance = scenario("decoy", size="small", slots=25)
    plans = [simulate(instance, one.as_policy()) for one in (learner, loaded)]
    assert np.array_equal(plans[0].cached, plans[1].cached)
    assert np.array_equal(plans[0].served, plans[1].served)


def test_modes_are_what_they_say(trained: tuple[T2DRL, Path]) -> None:
    """Frozen, reset, placebo and slow steps change what is foretold; a reset after the run does not."""
    learner = trained[0]
    instance = scenario("decoy", size="small", slots=25)
    base = learner.as_policy(profile="decoy")

    def seen(**options: Any) -> Any:
        from edgeopt.solvers.policies.protocol import Observation, Site

        site = Site.of(instance, 0)
        agent = base.with_options(**options).start(site, np.random.default_rng(0), None)
        rows = []
        for slot in range(20):
            cached, context = np.zeros(site.models, bool), np.zeros(site.services, np.int64)
            agent.decide(Observation(slot, instance.requests[slot, 0], cached, context))
            rows.append(agent._features.copy())
        return np.array(rows)

    plain = seen()
    assert np.array_equal(plain, seen(reset_every=100))
    for options in ({"adapt": False}, {"reset_every": 6}, {"placebo": True}, {"slow_rate": 0.05}):
        assert not np.array_equal(plain, seen(**options)), options
    before = {name: value.clone() for name, value in learner.network.state_dict().items()}
    seen(slow_rate=0.05)
    assert all(torch.equal(value, before[name]) for name, value in learner.network.state_dict().items())


def test_a_history_is_used_and_must_fit(trained: tuple[T2DRL, Path]) -> None:
    policy = trained[0].as_policy()
    instance, other = (scenario("decoy", size="small", slots=25, split=split) for split in ("test", "train"))
    assert evaluate(instance, simulate(instance, policy.fit([other]))).total > 0
    with pytest.raises(InvalidOption, match="services"):
        simulate(instance, policy.fit([scenario("decoy", size="small", slots=5, services=3)]))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda card: card.update(edgeopt="t2drl/9"), 'must be "t2drl/1"'),
        (lambda card: card.pop("training"), "exactly the entries"),
        (lambda card: card.update(profiles=["decoy", "gone"]), "missing or not expected"),
        (lambda card: card.update(profiles=7), "list of names"),
        (lambda card: card["config"].update(width=7), "it must be"),
        (lambda card: card["config"].update(width=10**9), "width"),
        (lambda card: card["config"].update(core="lstm"), "core"),
        (lambda card: card["config"].pop("core"), "exactly the entries"),
        (lambda card: card["features"]["models"].reverse(), "other features"),
        (lambda card: card.update(training=7), "training must be an object"),
        (lambda card: card["training"].update(families=7), "training must be an object"),
    ],
)
def test_a_damaged_card_is_refused_in_one_line(
    trained: tuple[T2DRL, Path], tmp_path: Path, damage: Any, message: str
) -> None:
    card = json.loads((trained[1] / "card.json").read_text())
    damage(card)
    (tmp_path / "card.json").write_text(json.dumps(card))
    (tmp_path / "weights.safetensors").write_bytes((trained[1] / "weights.safetensors").read_bytes())
    with pytest.raises(InvalidFile, match=message) as caught:
        T2DRL.load(tmp_path)
    assert "\n" not in str(caught.value)


def test_damaged_weights_are_refused(trained: tuple[T2DRL, Path], tmp_path: Path) -> None:
    (tmp_path / "card.json").write_bytes((trained[1] / "card.json").read_bytes())
    whole = (trained[1] / "weights.safetensors").read_bytes()
    for content in (b"", b"\x80\x04.", whole[:-40], whole[: len(whole) // 2]):
        (tmp_path / "weights.safetensors").write_bytes(content)
        with pytest.raises(InvalidFile, match="safetensors"):
            T2DRL.load(tmp_path)
    from safetensors.torch import load, save

    tensors = load(whole)
    tensors["network.encode.bias"][0] = float("nan")
    (tmp_path / "weights.safetensors").write_bytes(save(tensors))
    with pytest.raises(InvalidFile, match="not finite"):
        T2DRL.load(tmp_path)
    with pytest.raises(InvalidFile, match="cannot be read"):
        T2DRL.load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: T2DRL.train("decoy", algorithm="magic"), "algorithm = 'magic'"),
        (lambda: T2DRL.train({}), "names no family"),
        (lambda: T2DRL.train(scenario("decoy", size="small")), "1 episodes"),
        (lambda: Config(core="lstm"), "core = 'lstm'"),
        (lambda: Config(width=0), "width = 0"),
        (lambda: ForesightOptions(examples=0), "examples = 0"),
        (lambda: ForesightOptions(learning_rate=2.0), "learning_rate = 2.0"),
        (lambda: EvolutionOptions(generations=0), "generations = 0"),
        (lambda: EvolutionOptions(refinements=0), "refinements = 0"),
        (lambda: EvolutionOptions(step=0.0), "step = 0.0"),
    ],
)
def test_bad_input_is_named(call: Any, message: str) -> None:
    with pytest.raises(EdgeoptError, match=message):
        call()


def test_bad_options_of_the_policy_are_named(trained: tuple[T2DRL, Path]) -> None:
    policy = trained[0].as_policy()
    for options, message in (
        ({"profile": "nowhere"}, "profile = 'nowhere'"),
        ({"reset_every": 0}, "reset_every = 0"),
        ({"slow_rate": 2.0}, "slow_rate = 2.0"),
        ({"speed": 1}, "no option 'speed'"),
    ):
        with pytest.raises(InvalidOption, match=message):
            policy.with_options(**options)


def test_ppo_through_the_same_door(tmp_path: Path) -> None:
    """Trained, saved, loaded, played; untrained it is the index policy; killed it ends bit-equal."""
    source = scenario_source("decoy", seeds=range(6), size="small", slots=20)
    options = PPOOptions(updates=2, lanes=4, minibatches=2, epochs=1)

    def start(folder: Path | None, **changes: Any) -> T2DRL:
        return T2DRL.train(
            source, algorithm="ppo", config=CONFIG, options=options, folder=folder, seed=3, **changes
        )

    def kill(_done: int, _all: int, _scalars: Mapping[str, float]) -> None:
        raise Killed

    with pytest.raises(Killed):
        start(tmp_path, watch=kill)
    learner, whole = start(tmp_path), start(None)
    assert same(learner, whole)
    loaded = T2DRL.load(tmp_path)
    instance = scenario("decoy", size="small", slots=20)
    plans = [simulate(instance, one.as_policy()) for one in (learner, loaded)]
    assert np.array_equal(plans[0].cached, plans[1].cached)
    untrained = T2DRL(CONFIG.network(), CONFIG, {}, "ppo", {})
    assert np.array_equal(
        simulate(instance, untrained.as_policy()).cached, simulate(instance, policy("index")).cached
    )
    with pytest.raises(InvalidOption, match="not those of the algorithm"):
        T2DRL.train(source, algorithm="ppo", options=ForesightOptions())
