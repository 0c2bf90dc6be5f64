"""The environment under its gymnasium name."""

from __future__ import annotations

from gymnasium.envs.registration import register, registry

ENVIRONMENT_ID = "edgeopt/EdgeServing-v0"


def register_environments() -> None:
    """Make `gymnasium.make` and `gymnasium.make_vec` know the environment; safe to call again."""
    if ENVIRONMENT_ID not in registry:
        register(
            ENVIRONMENT_ID,
            entry_point="edgeopt.learning.serving.environment:EdgeServingEnv",
            vector_entry_point="edgeopt.learning.serving.vector:EdgeServingVectorEnv",
            kwargs={"source": "hotset"},
        )
