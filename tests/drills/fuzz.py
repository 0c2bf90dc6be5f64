"""Read thousands of damaged files: nothing but typed errors, no hang, bounded memory.

The full drill: ``PYTHONPATH=tests python -m drills.fuzz --files 10000``. File number i of seed s is always
the same; ``--only i`` reads it alone.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import io
import random
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from drills.mutations import mutate
from drills.samples import small_instance, write_samples
from edgeopt.benchmarks import Settings, read_rows
from edgeopt.benchmarks.journal import Journal
from edgeopt.cli.app import run
from edgeopt.learning import T2DRL
from edgeopt.learning.t2drl.checkpoint import CARD_FILE, WEIGHT_FILE
from edgeopt.mechanisms import VCG, Market
from edgeopt.problem import EdgeoptError, Instance, Plan, evaluate, from_trace
from edgeopt.problem.exchange import load_instance, load_plan_csv
from edgeopt.problem.traces import load_trace, trace_statistics
from edgeopt.solvers import Solution, simulate
from edgeopt.solvers.certificate import check_certificate

HANG_SECONDS = 120
"""A file that takes longer ends the drill with the stacks of all threads."""

MEMORY_BOUND = 2 * 2**30
"""Bytes that the process may hold at its peak, all libraries included."""


@dataclass
class Tally:
    """What became of the files."""

    read: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    commands: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: float = 0.0
    peak: int = 0


def use_instance(path: Path) -> None:
    instance = load_instance(path)
    instance.digest()
    if instance.slots * instance.servers * max(instance.models, instance.services) < 10**6:
        evaluate(
            instance,
            Plan.cloud_only(instance.slots, instance.servers, instance.models, instance.services),
        )


def use_plan(path: Path) -> None:
    plan = load_plan_csv(path, _instance()) if path.suffix == ".csv" else Plan.load(path)
    evaluate(_instance(), plan)


def use_solution(path: Path) -> None:
    check_certificate(_instance(), Solution.load(path))


def use_market(path: Path) -> None:
    VCG().clear(Market.load(path))


def use_results(path: Path) -> None:
    read_rows(path)


def use_journal(path: Path) -> None:
    path.replace(path.parent / "journal.jsonl")
    with Journal.open(path.parent):
        pass


def use_trace(path: Path) -> None:
    trace = load_trace(path, rate_scale=1e-4)
    trace_statistics(trace)
    from_trace(trace, slot_seconds=max(60.0, float(trace.arrived_at[-1]) / 100), services=4, models=3)


def use_learner(path: Path) -> None:
    """Load the learner with the damaged file in place of its own, and let it act."""
    whole = path.parent / "learner"
    name = CARD_FILE if path.suffix == ".json" else WEIGHT_FILE
    with tempfile.TemporaryDirectory() as scratch:
        for other in (CARD_FILE, WEIGHT_FILE):
            source = path if other == name else whole / other
            (Path(scratch) / other).write_bytes(source.read_bytes())
        simulate(_instance(), T2DRL.load(scratch).as_policy())


USES: dict[str, Callable[[Path], None]] = {
    "instance": use_instance,
    "plan": use_plan,
    "solution": use_solution,
    "market": use_market,
    "results": use_results,
    "journal": use_journal,
    "trace": use_trace,
    "learner": use_learner,
}

COMMANDS: dict[str, Callable[[str, str], list[str]]] = {
    "instance": lambda path, other: ["convert", path, f"{other}/out.npz"],
    "plan": lambda path, other: ["convert", path, f"{other}/out.npz", "--instance", f"{other}/instance.npz"],
    "solution": lambda path, other: ["verify", path, "--instance", f"{other}/instance.npz"],
    "market": lambda path, _: ["clear", path, "--json"],
    "results": lambda path, other: ["convert", path, f"{other}/out.json"],
    "trace": lambda path, _: ["trace", path, "--json", "--scale", "0.0001"],
}
"""The command that reads a file of each kind."""

OPTIONS = {
    "scenarios": ["hotset", "paper", "no-such", "", "é"],
    "policies": ["lru", "index", "os:system", "no:", ":", "", "a.b:C"],
    "sizes": ["small", "huge", ""],
    "traces": ["no-such-file.csv", "", "\0", "."],
}
NUMBERS = [-1, 0, 1, 10**12, float("nan"), float("inf"), -0.5]


def use_settings(rng: random.Random) -> None:
    """Ask for a benchmark with odd settings, up to where work would begin."""
    given: dict[str, object] = {}
    for name, values in OPTIONS.items():
        if rng.random() < 0.4:
            chosen = tuple(rng.choice(values) for _ in range(rng.randint(1, 2)))
            given[name] = tuple(Path(value) for value in chosen) if name == "traces" else chosen
    for name in (
        "seeds",
        "slots",
        "servers",
        "models",
        "tune_budget",
        "online_samples",
        "slot_seconds",
        "gap",
    ):
        if rng.random() < 0.2:
            given[name] = rng.choice(NUMBERS)
    Settings(**given)  # type: ignore[arg-type]


_SMALL: list[Instance] = []


def _instance() -> Instance:
    if not _SMALL:
        _SMALL.append(small_instance())
    return _SMALL[0]


def drill(
    folder: Path,
    files: int,
    *,
    seed: int = 0,
    every_command: int = 10,
    only: int | None = None,
    watch: Callable[[int], None] = lambda _number: None,
) -> Tally:
    """Read damaged files and ask for odd settings; every so many files, by the command line too."""
    samples = [(kind, path, path.read_bytes()) for kind, path in write_samples(folder)]
    tally = Tally()
    for number in range(files) if only is None else [only]:
        rng = random.Random(f"{seed}/{number}")
        if rng.random() < 0.05:
            _attempt(tally, number, "settings", lambda rng=rng: use_settings(rng))
            continue
        kind, path, content = rng.choice(samples)
        damaged = folder / f"damaged{''.join(path.suffixes)}"
        damaged.write_bytes(mutate(content, rng))
        if number % every_command == 0 and kind in COMMANDS:
            words = COMMANDS[kind](str(damaged), str(folder))
            _attempt(tally, number, kind, lambda words=words: _command(tally, words))
        _attempt(tally, number, kind, lambda kind=kind, damaged=damaged: USES[kind](damaged))
        watch(number)
    tally.peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return tally


def _attempt(tally: Tally, number: int, kind: str, action: Callable[[], None]) -> None:
    begin = time.perf_counter()
    faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a warning would be noise on the user's screen
            action()
        tally.read[kind] += 1
    except EdgeoptError as error:
        tally.refused[kind] += 1
        if "\n" in str(error):
            tally.failures.append(f"file {number} ({kind}): more than one line: {error}")
    except Exception:
        tally.failures.append(f"file {number} ({kind}): {traceback.format_exc(limit=-3)}")
    finally:
        faulthandler.cancel_dump_traceback_later()
        tally.slowest = max(tally.slowest, time.perf_counter() - begin)


def _command(tally: Tally, words: list[str]) -> None:
    """Run a command in this process; with bad input it must say one line and return 2."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = run(words)
    tally.commands[status] += 1
    said = err.getvalue()
    if status not in (0, 1, 2) or (status == 2 and said.count("\n") != 1) or "Traceback" in said:
        raise AssertionError(f"edgeopt {' '.join(words)}: status {status}, {said!r}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    begin = time.process_time()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        tally = drill(folder, options.files, seed=options.seed, only=options.only)
    for failure in tally.failures[:20]:
        sys.stdout.write(failure + "\n")
    figures = {
        "read": dict(tally.read),
        "refused": dict(tally.refused),
        "commands by status": dict(sorted(tally.commands.items())),
        "failures": len(tally.failures),
        "slowest (s)": round(tally.slowest, 2),
        "peak memory (MB)": round(tally.peak / 1e6),
        "processor time (s)": round(time.process_time() - begin),
    }
    sys.stdout.write("".join(f"{name}: {value}\n" for name, value in figures.items()))
    return 1 if tally.failures or tally.peak > MEMORY_BOUND else 0


if __name__ == "__main__":
    sys.exit(main())
