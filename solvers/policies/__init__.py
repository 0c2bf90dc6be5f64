"""Online policies: what they see, what they answer, and the built-in ones by name."""

from .protocol import Agent, Decision, Observation, OnlinePolicy, Site
from .registry import policy, policy_names

__all__ = ["Agent", "Decision", "Observation", "OnlinePolicy", "Site", "policy", "policy_names"]
