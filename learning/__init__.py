"""Learning to serve: the environment, and what is trained in it.

Importing this package registers ``edgeopt/EdgeServing-v0`` with gymnasium. Everything else is imported when
it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .requirements import require_gymnasium

require_gymnasium()

from .registration import register_environments  # noqa: E402  (needs gymnasium, asked for above)

if TYPE_CHECKING:
    from .action_policy import ActionPolicy
    from .environment import EdgeServingEnv
    from .sources import EpisodeSource, as_source, scenario_source, windows
    from .vector import EdgeServingVectorEnv

_FILES = {
    "environment": ("EdgeServingEnv",),
    "action_policy": ("ActionPolicy",),
    "sources": ("EpisodeSource", "as_source", "scenario_source", "windows"),
    "vector": ("EdgeServingVectorEnv",),
}

__all__ = [
    "ActionPolicy",
    "EdgeServingEnv",
    "EdgeServingVectorEnv",
    "EpisodeSource",
    "as_source",
    "scenario_source",
    "windows",
]

register_environments()


def __getattr__(name: str) -> Any:
    """Import the file that a public name stands in."""
    for file, names in _FILES.items():
        if name in names:
            return getattr(import_module(f".{file}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
