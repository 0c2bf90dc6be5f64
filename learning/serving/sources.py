"""Where episodes come from: numbered one-server instances, drawn or given.

An episode is one server of one instance. A source is a sequence of them; which of them is played next is
drawn by the environment's own generator, so that a seed fixes the whole run.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

from ...problem import Instance, scenario, scenario_names
from ...problem.errors import InvalidOption
from .demand import Demand, history

KEPT = 1024
"""Drawn instances kept in memory, so that a pool of seeds is drawn once."""

TRAINING_SEEDS = range(64)
"""Seeds of the split "train" that a scenario given by its bare name stands for."""


@runtime_checkable
class EpisodeSource(Protocol):
    """A numbered set of episodes. Any object with these members is one."""

    def __len__(self) -> int:
        """Number of episodes."""
        ...

    def __getitem__(self, index: int, /) -> Instance:
        """Episode `index`: an instance with one server; the same index gives an equal instance."""
        ...

    @property
    def sizes(self) -> tuple[int, int]:
        """The greatest numbers of models and of services of any episode."""
        ...


Origin: TypeAlias = "str | Instance | EpisodeSource | Sequence[str | Instance | EpisodeSource]"
"""What `as_source` turns into episodes."""


class InstanceSource:
    """Every server of given instances is an episode."""

    def __init__(self, instances: Sequence[Instance]) -> None:
        if not instances:
            raise InvalidOption("source: holds no instance; at least one is needed")
        self._episodes = [one.server(n) for one in instances for n in range(one.servers)]
        self.sizes = _largest([(one.models, one.services) for one in instances])

    def __len__(self) -> int:
        return len(self._episodes)

    def __getitem__(self, index: int) -> Instance:
        return self._episodes[index]


class GeneratedSource:
    """Episodes that are drawn when they are first played.

    Parameters
    ----------
    draw
        Returns the instance of a seed; the same seed must give an equal instance, and all of them the same
        numbers of servers, models and services.
    seeds
        Episode `i` is server ``i % servers`` of the instance of ``seeds[i // servers]``.
    """

    def __init__(self, draw: Callable[[int], Instance], seeds: Sequence[int]) -> None:
        if not len(seeds):
            raise InvalidOption("source: no seeds; at least one is needed")
        self._draw = draw
        self._seeds = seeds
        self._kept: OrderedDict[int, Instance] = OrderedDict()
        first = draw(seeds[0])
        self._servers = first.servers
        self.sizes = (first.models, first.services)

    def __len__(self) -> int:
        return len(self._seeds) * self._servers

    def __getitem__(self, index: int) -> Instance:
        if index in self._kept:
            self._kept.move_to_end(index)
            return self._kept[index]
        whole = self._draw(self._seeds[index // self._servers])
        self._kept[index] = whole.server(index % self._servers)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return self._kept[index]


class JoinedSource:
    """Several sources one after the other."""

    def __init__(self, parts: Sequence[EpisodeSource]) -> None:
        if not parts:
            raise InvalidOption("source: holds nothing; at least one instance, scenario or source is needed")
        self._parts = parts
        self.sizes = _largest([part.sizes for part in parts])

    def __len__(self) -> int:
        return sum(len(part) for part in self._parts)

    def __getitem__(self, index: int) -> Instance:
        part, index = self._find(index)
        return part[index]

    def learnt(self, index: int) -> Demand | None:
        """What is known before episode `index` begins, if its part says so."""
        return learnt_before(*self._find(index))

    def _find(self, index: int) -> tuple[EpisodeSource, int]:
        for part in self._parts:
            if index < len(part):
                return part, index
            index -= len(part)
        raise IndexError(index)


class WithHistory:
    """The episodes of a source, each begun with what other episodes' arrivals have taught (`demand.history`).

    That is how a policy is used whose `fit` has seen a server's past.

    Parameters
    ----------
    source
        Episodes of one world: the same models and services, in the same order.
    runs
        How many others make an episode's history: the next in number, beginning again after the last.

    Raises
    ------
    InvalidOption
        If there are not so many others.
    """

    def __init__(self, source: EpisodeSource, runs: int = 1) -> None:
        if not 0 < runs < len(source):
            raise InvalidOption(
                f"history: runs = {runs}: must be between 1 and {len(source) - 1}, the others"
            )
        self._source, self._runs, self.sizes = source, runs, source.sizes
        self._learnt: OrderedDict[int, Demand] = OrderedDict()

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, index: int) -> Instance:
        return self._source[index]

    def learnt(self, index: int) -> Demand:
        """What is known before episode `index` begins."""
        if index not in self._learnt:
            others = [self._source[(index + step) % len(self)] for step in range(1, self._runs + 1)]
            own = self._source[index]
            runs = [other.requests[:, 0] for other in others]
            self._learnt[index] = history(runs, own.service_model, own.models)
        while len(self._learnt) > KEPT:
            self._learnt.popitem(last=False)
        return self._learnt[index]


def learnt_before(source: EpisodeSource, index: int) -> Demand | None:
    """What is known before an episode begins; None where the source says nothing about it."""
    if isinstance(source, WithHistory):
        return source.learnt(index)
    return source.learnt(index) if isinstance(source, JoinedSource) else None


def scenario_source(
    name: str, *, seeds: Sequence[int] = TRAINING_SEEDS, split: str = "train", **knobs: Any
) -> GeneratedSource:
    """Episodes of a named scenario.

    Parameters
    ----------
    name, split, **knobs
        As in `problem.scenario`: sizes, world and knobs.
    seeds
        Which stretches; a long range costs nothing until it is played, and the last `KEPT` stay in memory.

    Raises
    ------
    InvalidOption
        For an unknown name, split or knob.
    """
    return GeneratedSource(lambda seed: scenario(name, seed=seed, split=split, **knobs), seeds)


def windows(
    instance: Instance, slots: int, *, part: tuple[float, float] = (0.0, 1.0)
) -> tuple[Instance, ...]:
    """Cut a long instance, such as a trace, into consecutive episodes that begin with an empty cache.

    Parameters
    ----------
    instance
        Usually from `problem.from_trace`.
    slots
        Length of a window; a shorter rest is left out.
    part
        Share of the slots that is used, (0.0, 0.7) for training and (0.7, 1.0) for tests, say: a split by
        time, so that no test slot is ever seen in training.

    Raises
    ------
    InvalidOption
        If the part holds no whole window.
    """
    begin, end = (round(share * instance.slots) for share in part)
    if not 0.0 <= part[0] < part[1] <= 1.0 or slots < 1 or end - begin < slots:
        raise InvalidOption(
            f"windows of {slots} slots in part {part} of {instance.slots} slots: there is no whole one"
        )
    return tuple(instance.window_slots(at, at + slots) for at in range(begin, end - slots + 1, slots))


def as_source(origin: Origin) -> EpisodeSource:
    """Turn a scenario's name, an instance, a source, or a sequence of these into a source.

    A bare name stands for the scenario's `TRAINING_SEEDS` of the split "train".

    Raises
    ------
    InvalidOption
        If it is none of these.
    """
    if isinstance(origin, str):
        return scenario_source(origin)
    if isinstance(origin, Instance):
        return InstanceSource([origin])
    if isinstance(origin, (list, tuple)):
        if origin and all(isinstance(one, Instance) for one in origin):
            return InstanceSource(origin)
        return JoinedSource([as_source(one) for one in origin])
    if isinstance(origin, EpisodeSource):
        return origin
    raise InvalidOption(
        f"source: {type(origin).__name__} is none of: an Instance, a scenario's name "
        f"({', '.join(scenario_names()[:3])}, ...), an EpisodeSource, or a list of these"
    )


def _largest(sizes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return max(models for models, _ in sizes), max(services for _, services in sizes)
