"""Draws a finished benchmark: ``python docs/images/run.py FOLDER PICTURE``, FOLDER as `--out` named it.

Each policy's cost over that of the best plan known, with its 95 % interval; what sees the future is hollow.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib.pyplot as plt

NAMES = {"reference": "best plan"}
EDGE, LEARNT, CLAIRVOYANT = "#4477aa", "#cc6677", "#999999"


def main(folder: str, picture: str) -> None:
    """Draw the first case of the run."""
    case = json.loads((Path(folder) / "summary.json").read_text())[0]
    policies = sorted(case["policies"], key=lambda one: -one["ratio"]["value"])
    figure, axes = plt.subplots(figsize=(8.2, 0.8 + 0.27 * len(policies)))
    for place, one in enumerate(policies):
        ratio, seeing = one["ratio"], one["clairvoyant"]
        colour = CLAIRVOYANT if seeing else LEARNT if one["policy"].startswith("t2drl") else EDGE
        axes.barh(
            place, ratio["value"] - 1, left=1.0, height=0.62,
            color="none" if seeing else colour, edgecolor=colour, linewidth=1.2,
        )  # fmt: skip
        if ratio["low"] is not None:
            axes.plot([ratio["low"], ratio["high"]], [place, place], color="black", linewidth=1.1)
        end = max(ratio["value"], ratio["high"] or 0.0)
        axes.text(end + 0.01, place, f"{ratio['value']:.3f}", va="center", fontsize=8)
    axes.axvline(1.0, color="black", linewidth=1.2)
    axes.set_yticks(range(len(policies)), [_name(one["policy"]) for one in policies])
    axes.tick_params(axis="y", labelsize=8.5, length=0)
    axes.set_xlabel("cost / cost of the best plan (hollow: sees the future)")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    figure.tight_layout()
    figure.savefig(picture, dpi=110)


def _name(policy: str) -> str:
    """The name; of a learner's folder the last part."""
    title, at, folder = policy.partition("@")
    return f"{title}@{Path(folder).name}" if at else NAMES.get(policy, policy)


if __name__ == "__main__":
    main(*sys.argv[1:])
