"""Exact runs of unmodified code over all reports of one trader or of two."""
