"""Break the code one place at a time, and ask the tests: a change that no test notices is a gap in them.

``PYTHONPATH=tests python -m drills.mutants`` runs all targets, ``... dynamics referee`` some of them;
``--list`` shows the changes and runs nothing. Exit status 1 if a change survives that
`drills.survivors` does not explain.

Every mutant runs in a process forked from one that has imported the libraries but not edgeopt: a
second instead of several. The mutated package is a copy in a temporary folder.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from drills.survivors import SURVIVORS

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = ("numpy", "array_api_compat.numpy", "array_api_compat.torch", "hypothesis.extra.numpy", "numba")
"""Imported before a process is forked, so that no mutant pays for them."""

PARTS = ("problem", "solvers", "mechanisms", "learning", "benchmarks", "cli")


@dataclass(frozen=True)
class Target:
    """Files to be broken, and the tests that should notice; `chosen` is pytest's ``-k``."""

    files: tuple[str, ...]
    tests: tuple[str, ...]
    chosen: str = ""


def within(folder: str, names: str) -> tuple[str, ...]:
    """Files of a folder."""
    return tuple(f"{folder}/{name}.py" for name in names.split())


TARGETS = {
    "dynamics": Target(("problem/dynamics.py",), ("problem/test_referee.py", "problem/test_batch.py")),
    "referee": Target(within("problem", "referee capacity violation"), ("problem/test_referee.py",)),
    "rules": Target(
        within(
            "mechanisms/rules",
            "k_double_auction mcafee posted_price strongly_balanced trade_reduction vcg iterative",
        ),
        ("mechanisms/test_claims.py", "mechanisms/test_rules.py"),
    ),
    "certificate": Target(
        within("solvers/certificate", "bound chains check contexts intervals knapsack packing sweep whole"),
        tuple(
            f"solvers/test_certificate{story}.py"
            for story in ("_verdict", "_rounding", "_packing", "_programmes", "_sweep", "", "_tampering")
        ),
        "not belady and not every_method and not realistic",
    ),
}

SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
RENAMED = {
    "minimum": "maximum", "maximum": "minimum", "min": "max", "max": "min", "any": "all", "all": "any",
    "logical_and": "logical_or", "zeros": "ones", "zeros_like": "ones_like", "floor": "ceil", "ceil": "floor",
    "argmin": "argmax", "argmax": "argmin", "left": "right", "right": "left",
}  # fmt: skip
SILENT = (ast.Raise, ast.Import, ast.ImportFrom)
"""Statements whose inside is not changed: texts of errors (that they are raised is), and imports."""


@dataclass(frozen=True)
class Mutant:
    """One change: where, and what was there before and is there after."""

    file: str
    line: int
    before: str
    after: str
    source: str

    @property
    def name(self) -> str:
        """What identifies the change, wherever the line has moved."""
        return f"{self.file}: {self.before} -> {self.after}"


@dataclass(frozen=True)
class Change:
    """`new` in place of a field of a node, or of one entry of the field's list."""

    node: ast.AST
    field: str
    new: Any
    entry: int | None = None


def mutants(file: str, *, sources: bool = True) -> Iterator[Mutant]:
    """Every change of one file, in the order of its text; without `sources`, their names only."""
    tree = ast.parse((ROOT / file).read_text())
    for statement, change in [(owner, found) for owner, node in code(tree) for found in changes(node)]:
        node, old = change.node, getattr(change.node, change.field)
        new = change.new if change.entry is None else [*old]
        shown, gone = statement, False
        if change.entry is not None:
            if gone := isinstance(change.new, ast.Pass):
                shown = old[change.entry]
            new[change.entry] = change.new
        before = text(shown)
        setattr(node, change.field, new)
        after = "(left out)" if gone else text(shown)
        source = ast.unparse(ast.fix_missing_locations(tree)) if sources else ""
        setattr(node, change.field, old)
        yield Mutant(file, getattr(shown, "lineno", 0), *around(before, after), source)


def text(statement: ast.AST) -> str:
    """The code of a statement; of one that holds others, its first line."""
    return next(line for line in ast.unparse(statement).split("\n") if not line.startswith("@"))


def shared(one: str, other: str) -> int:
    """How many characters two lines begin with alike."""
    pairs = zip(one, other, strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def around(before: str, after: str, room: int = 24) -> tuple[str, str]:
    """What differs between two lines, with some text on both sides."""
    start = shared(before, after)
    end = shared(before[start:][::-1], after[start:][::-1])
    first = max(0, start - room)
    return tuple(line[first : len(line) - max(0, end - room)].strip() for line in (before, after))


def code(node: ast.AST, statement: ast.AST | None = None) -> Iterator[tuple[ast.AST, ast.AST]]:
    """All nodes that run, each after its statement: no annotations, decorators, nor the texts of errors."""
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return
    statement = node if isinstance(node, ast.stmt) or statement is None else statement
    yield statement, node
    if isinstance(node, SILENT) or (isinstance(node, ast.keyword) and node.arg == "strict"):
        return
    for field, value in ast.iter_fields(node):
        if field not in {"annotation", "returns", "decorator_list"}:
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from code(child, statement)


def changes(node: ast.AST) -> Iterator[Change]:
    """What is tried at one node."""
    yield from swaps(node)
    match node:
        case ast.UnaryOp() if not isinstance(node.operand, ast.Constant):
            yield Change(node, "operand", ast.UnaryOp(node.op, node.operand))
        case ast.Constant(value=int() | float() as value):
            yield Change(node, "value", not value if isinstance(value, bool) else value + 1)
        case ast.IfExp() | ast.If() | ast.While():
            yield Change(node, "test", ast.UnaryOp(ast.Not(), node.test))
    for field in ("body", "orelse"):
        block = getattr(node, field, None)
        for entry, statement in enumerate(block if isinstance(block, list) else ()):
            if may_go(statement):
                yield Change(node, field, ast.Pass(), entry)


def swaps(node: ast.AST) -> Iterator[Change]:
    """One operator or function for another."""
    match node:
        case ast.BinOp() | ast.BoolOp() | ast.AugAssign():
            if new := SWAPPED.get(type(node.op)):
                yield Change(node, "op", new())
        case ast.Compare():
            for entry, op in enumerate(node.ops):
                if new := SWAPPED.get(type(op)):
                    yield Change(node, "ops", new(), entry)
        case ast.Attribute() if node.attr in RENAMED:
            yield Change(node, "attr", RENAMED[node.attr])
        case ast.Call(func=ast.Name(id=name)) if name in RENAMED:
            yield Change(node, "func", ast.Name(RENAMED[name], ast.Load()))


def may_go(statement: ast.AST) -> bool:
    """Whether a statement can be left out without leaving a name undefined."""
    called = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
    return called or isinstance(statement, ast.Raise | ast.AugAssign | ast.Continue | ast.Break)


def copied_package(folder: Path) -> Path:
    """Copy the package to `folder`, where it is found before an installed one."""
    package = folder / "edgeopt"
    package.mkdir()
    for path in ROOT.glob("*.py"):
        shutil.copy(path, package)
    for part in PARTS:
        shutil.copytree(ROOT / part, package / part, ignore=shutil.ignore_patterns("__pycache__"))
    return package


def passes(target: Target, folder: Path, limit: float) -> bool:
    """Run the tests on the copied package in a process of its own; False if one fails or time is up."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setpgid(0, 0)
            signal.setitimer(signal.ITIMER_VIRTUAL, limit)  # ends the process by its default action
            sink = os.open(os.devnull, os.O_WRONLY)
            os.dup2(sink, 1)
            os.dup2(sink, 2)
            sys.path.insert(0, str(folder))
            sys.dont_write_bytecode = True
            words = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", target.chosen]
            status = int(pytest.main([*words, *(str(ROOT / "tests" / name) for name in target.tests)]))
        finally:
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    return ended == 0


def drill(name: str, folder: Path, *, only: str = "", every: int = 1) -> tuple[int, list[Mutant]]:
    """Try every n-th mutant of one target; return how many there were, and those nobody noticed."""
    target, package = TARGETS[name], folder / "edgeopt"
    before = os.times()
    if not passes(target, folder, 900.0):
        raise SystemExit(f"{name}: the tests fail on the code as it is")
    limit = 3.0 + 2.0 * (os.times().children_user - before.children_user)
    tried, seen, alive = 0, 0, []
    for file in target.files:
        whole = (package / file).read_text()
        for mutant in mutants(file):
            seen += 1
            if only not in mutant.name or seen % every:
                continue
            tried += 1
            (package / file).write_text(mutant.source)
            if passes(target, folder, limit):
                alive.append(mutant)
                mark = "explained" if mutant.name in SURVIVORS else "SURVIVED"
                say(f"{mark} line {mutant.line}, {mutant.name}")
        (package / file).write_text(whole)
    return tried, alive


def say(line: str) -> None:
    """Print one line at once, whoever reads."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(words: list[str] | None = None) -> int:
    """Run the drill as told on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("target", nargs="*", help=", ".join(TARGETS))
    parser.add_argument("--list", action="store_true", help="show the changes, run nothing")
    parser.add_argument("--only", default="", help="changes whose name holds this text")
    parser.add_argument("--every", type=int, default=1, help="a sample: every n-th change of each target")
    asked = parser.parse_args(words)
    for library in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(library)
    unexplained = 0
    for name in asked.target or TARGETS:
        if asked.list:
            for file in TARGETS[name].files:
                for mutant in mutants(file, sources=False):
                    say(f"{mutant.line:4d} {mutant.name}")
            continue
        with tempfile.TemporaryDirectory() as folder:
            copied_package(Path(folder))
            before = os.times()
            tried, alive = drill(name, Path(folder), only=asked.only, every=asked.every)
            after = os.times()
        left = [mutant for mutant in alive if mutant.name not in SURVIVORS]
        unexplained += len(left)
        spent = sum(after[2:4]) - sum(before[2:4])
        say(
            f"{name}: {tried} mutants, {tried - len(alive)} killed, {len(alive) - len(left)} explained, "
            f"{len(left)} survived; {spent:.0f} s of processor time"
        )
    return 1 if unexplained else 0


if __name__ == "__main__":
    raise SystemExit(main())
