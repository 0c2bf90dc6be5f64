"""The figures of a release, and the page that shows them.

``python docs/releases.py measure 0.1`` solves the instance sets below within their budgets and writes
``docs/releases/0.1.json``; ``... policies 0.1 FOLDER`` adds what ``edgeopt benchmark --out FOLDER`` found.
``python docs/releases.py page`` writes ``docs/releases.md`` from all files of that folder.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
FILES = HERE / "releases"
PAGE = HERE / "releases.md"

SETS: tuple[tuple[str, str, int, float], ...] = (
    ("all small presets", "small", 2, 10.0),
    ("stationary", "medium", 3, 30.0),
    ("hotset", "medium", 3, 30.0),
    ("decoy", "medium", 3, 30.0),
    ("paper", "medium", 3, 30.0),
    ("workflow", "medium", 3, 30.0),
    ("workflow16", "medium", 3, 30.0),
    ("context-rich", "medium", 3, 30.0),
    ("realistic", "medium", 3, 30.0),
)
"""Name (of a scenario, or all), size, seeds each, and seconds an instance."""


HEAD = """# Results of each release

What a version proves, and how far policies stay behind, on the same instances with the same budgets,
release by release. Nothing here is typed by hand: `docs/releases/` holds what was measured, one file a
release, and this page is made of it.

```text
edgeopt benchmark --out benchmark-results            # policies, gap to bound; about 3 min on two idle cores
python docs/releases.py measure 0.1                  # reference solver; some minutes
python docs/releases.py policies 0.1 benchmark-results
```

**Gap** is cost / lower bound - 1: the cost is the referee's, the bound that of `solve(instance)`.
**Budget** is wall-clock seconds an instance, so a busy machine does worse; **processor time**, over all
instances of the set, is what the solver really had. Instances are
`scenario(name, size=size, seed=0, 1, ...)`, split "test". The lower bound is that of plans that know the
future; [how to read a gap](gaps.md) says what that means for a policy.
"""


def measure(release: str) -> dict[str, Any]:
    """Solve every instance of every set, one after the other."""
    from edgeopt import __version__
    from edgeopt.problem import scenario, scenario_names
    from edgeopt.solvers import solve

    if not __version__.startswith(release):
        raise SystemExit(f"this is edgeopt {__version__}, not {release}")
    solve(scenario("realistic", size="small", slots=8))  # compile
    rows = []
    for name, size, seeds, budget in SETS:
        names = scenario_names() if name.startswith("all") else (name,)
        gaps, shape, spent = [], "", time.process_time()
        for scene in names:
            for seed in range(seeds):
                instance = scenario(scene, size=size, seed=seed)
                shape = f"{instance.models} x {instance.slots} x {instance.services}"
                solution = solve(instance, time_limit=budget, workers=1)
                gaps.append(solution.gap)
        row = {
            "set": name,
            "size": size,
            "shape": "" if len(names) > 1 else shape,
            "instances": len(gaps),
            "budget_seconds": budget,
            "optimal": sum(gap <= 1e-6 for gap in gaps),
            "mean_gap": sum(gaps) / len(gaps),
            "largest_gap": max(gaps),
            "processor_seconds": time.process_time() - spent,
        }
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()
        rows.append(row)
    return {
        "release": release,
        "date": time.strftime("%Y-%m-%d"),
        "load": round(os.getloadavg()[2], 1),
        "machine": f"{platform.system()}, Python {platform.python_version()}, {os.cpu_count()} cores",
        "solver": rows,
    }


def policies(folder: Path) -> list[dict[str, Any]]:
    """Cost of every policy over the lower bound, both summed over the test seeds, by case."""
    from edgeopt.benchmarks import read_rows

    rows = read_rows(folder / "results.csv")
    found = []
    for case in dict.fromkeys(row.instance for row in rows):
        ours = [row for row in rows if row.instance == case]
        gaps = {}
        for name in dict.fromkeys(row.policy for row in ours):
            mine = [row for row in ours if row.policy == name]
            gaps[name] = sum(row.cost for row in mine) / sum(row.lower_bound for row in mine) - 1.0
        seeds = len({row.seed for row in ours})
        found.append({"case": case, "seeds": seeds, "gap_to_bound": gaps})
    return found


def page() -> str:
    """The whole page, newest release first."""
    files = sorted(FILES.glob("*.json"), key=lambda path: [int(part) for part in path.stem.split(".")])
    sections = [section(json.loads(path.read_text())) for path in reversed(files)]
    return "\n".join([HEAD, *sections])


def section(found: dict[str, Any]) -> str:
    """One release."""
    lines = [
        f"## Release {found['release']}",
        "",
        f"Measured on {found['date']}: {found['machine']}, one worker, load {found['load']}.",
        "",
        "### Reference solver",
        "",
        "| instance set | models x slots x services | instances | budget | proven optimal "
        "| mean gap | largest gap | processor time |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {row['set']}, {row['size']} | {row['shape'] or 'several'} | {row['instances']} "
        f"| {row['budget_seconds']:.0f} s | {row['optimal']} | {100 * row['mean_gap']:.4f} % "
        f"| {100 * row['largest_gap']:.4f} % | {row['processor_seconds']:.1f} s |"
        for row in found["solver"]
    ]
    cases = found.get("policies", [])
    if cases:
        titles = [f"{case['case']} ({case['seeds']} seeds)" for case in cases]
        lines += [
            "",
            "### Policies, gap to bound",
            "",
            f"| policy | {' | '.join(titles)} |",
            "|---|" + "---:|" * len(cases),
        ]
        names = sorted(
            cases[0]["gap_to_bound"], key=lambda name: sum(case["gap_to_bound"][name] for case in cases)
        )
        for name in names:
            cells = " | ".join(f"{100 * case['gap_to_bound'][name]:.2f} %" for case in cases)
            lines.append(f"| `{name}` | {cells} |")
    return "\n".join([*lines, ""])


def main(words: list[str] | None = None) -> None:
    """Measure a release, or write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=("measure", "policies", "page"))
    parser.add_argument("release", nargs="?", default="", help="0.1, say")
    parser.add_argument("folder", nargs="?", type=Path, help="of a finished `edgeopt benchmark`")
    asked = parser.parse_args(words)
    file = FILES / f"{asked.release}.json"
    known = json.loads(file.read_text()) if file.is_file() else {}
    if asked.what == "measure":
        known |= measure(asked.release)
    elif asked.what == "policies":
        known["policies"] = policies(asked.folder)
    if asked.what != "page":
        FILES.mkdir(exist_ok=True)
        file.write_text(json.dumps(known, indent=1) + "\n")
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
