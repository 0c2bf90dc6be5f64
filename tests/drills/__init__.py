"""Attempts to break edgeopt: damaged files, full disks, kills; docs/robustness.md has the figures."""
