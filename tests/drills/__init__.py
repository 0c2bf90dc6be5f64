"""Attempts to break edgeopt: damaged files, full disks, kills, hostile folders; docs/robustness.md has the figures."""
