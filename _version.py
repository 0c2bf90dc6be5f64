"""The version of edgeopt, in one place."""

__version__ = "0.1.0"
