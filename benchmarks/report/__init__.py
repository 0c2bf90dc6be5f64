"""The benchmark's report: one HTML file that needs nothing else."""

from .page import report_page
from .timeline import Timeline

__all__ = ["Timeline", "report_page"]
