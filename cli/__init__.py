"""The command line: one file a command, no mathematics.

Commands are imported only when they run, so that ``edgeopt --help`` answers at once.
"""

from __future__ import annotations

import sys

COMMANDS = {
    "scenarios": "List the scenarios, or write one to a file.",
    "solve": "Compute the optimum, or a plan with a valid gap.",
    "verify": "Prove a solution's bound and cost again, without a solver.",
    "ladder": "Put every bound and plan of an instance on one scale.",
    "evaluate": "Price a plan, or say which constraint it breaks.",
    "simulate": "Run an online policy over an instance.",
    "audit": "Prove or refute what an auction mechanism claims.",
    "clear": "Clear a market by a mechanism, and tell how it went.",
    "trace": "Describe a request trace, or turn it into an instance.",
    "train": "Train a learner, T2DRL or one of its controls.",
    "convert": "Convert instances, plans and results to other formats.",
    "benchmark": "Score policies against the optimum.",
}
"""Every command and its one line of help; the file and its function bear the command's name."""


def main() -> None:
    """Run the command line; exit with 0 (done), 1 (the checked thing does not hold) or 2 (bad input)."""
    from .app import run

    sys.exit(run(sys.argv[1:]))
