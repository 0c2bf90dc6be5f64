"""The learner that comes with the package: `edgeopt train --out FOLDER` trains it again."""

from pathlib import Path

SHIPPED = Path(__file__).parent
"""Folder of its checkpoint."""
