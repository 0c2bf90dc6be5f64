"""Learning to serve: the environment, and what is trained in it.

Importing this package registers ``edgeopt/EdgeServing-v0`` with gymnasium. Everything else is imported when
it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .requirements import require_gymnasium

require_gymnasium()

from .serving.registration import register_environments  # noqa: E402  (needs gymnasium, asked for above)

if TYPE_CHECKING:
    from .serving.action_policy import ActionPolicy
    from .serving.environment import EdgeServingEnv
    from .serving.sources import EpisodeSource, WithHistory, as_source, scenario_source, windows
    from .serving.vector import EdgeServingVectorEnv
    from .t2drl.t2drl import T2DRL

_FILES = {
    "serving.environment": ("EdgeServingEnv",),
    "serving.action_policy": ("ActionPolicy",),
    "serving.sources": ("EpisodeSource", "WithHistory", "as_source", "scenario_source", "windows"),
    "serving.vector": ("EdgeServingVectorEnv",),
    "t2drl.t2drl": ("T2DRL",),
}

__all__ = [
    "T2DRL",
    "ActionPolicy",
    "EdgeServingEnv",
    "EdgeServingVectorEnv",
    "EpisodeSource",
    "WithHistory",
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
