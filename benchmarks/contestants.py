"""Who is scored: the policies of `solvers`, the learners of `learning`, and a user's own, all by name."""

from __future__ import annotations

import hashlib
import importlib.util
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..problem.errors import MissingLibrary
from ..solvers import OnlinePolicy, policy, policy_names

LEARNERS = ("t2drl",)
"""Learners that are scored by default."""

LEARNER = "t2drl"
"""What the names of learners begin with."""


def contestant(name: str, **options: Any) -> OnlinePolicy:
    """Make a policy.

    Parameters
    ----------
    name
        A policy's name (`solvers.policy_names`), a learner's (`learning.t2drl.names`), or one's own as
        module:Class.
    options
        Options of the policy.

    Raises
    ------
    InvalidOption, InvalidFile
        When the policy, its folder, or an option does not exist.
    MissingLibrary
        For a learner, when the libraries it needs are not installed.
    """
    if not is_learner(name):
        return policy(name, **options)
    from ..learning.t2drl.names import learned_policy

    made = learned_policy(name)
    return made.with_options(**options) if options else made


def contestant_names() -> tuple[str, ...]:
    """Who is scored by default: the policies of `solvers`, and the learners whose libraries are installed."""
    return (*policy_names(), *(name for name in LEARNERS if name not in left_out()))


def left_out() -> dict[str, str]:
    """Learners that cannot be scored here, and why."""
    try:
        from ..learning.requirements import require_gymnasium, require_torch

        require_gymnasium()
        require_torch()
    except MissingLibrary as error:
        return dict.fromkeys(LEARNERS, str(error))
    return {}


@lru_cache(maxsize=64)
def contestant_digest(name: str) -> str | None:
    """The sha256 of what a policy is made of; None where that is the code of `solvers`."""
    if is_learner(name):
        from ..learning.t2drl.names import learned_digest

        return learned_digest(name)
    module, colon, _ = name.partition(":")
    found = importlib.util.find_spec(module) if colon else None
    return hashlib.sha256(Path(found.origin).read_bytes()).hexdigest() if found and found.origin else None


def is_learner(name: str) -> bool:
    """Whether a name has the form of a learner's."""
    return ":" not in name and name.partition("@")[0].partition("-")[0] == LEARNER
