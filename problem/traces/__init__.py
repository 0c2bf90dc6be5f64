"""Request traces of real services: loaders, statistics, and instances built from them."""

from .edge_site import EdgeSite
from .load import load_trace
from .replay import from_trace
from .sessions import infer_sessions
from .statistics import TokenStatistics, TraceStatistics, trace_statistics
from .trace import Accounting, PrefixBlocks, Provenance, Trace

__all__ = [
    "Accounting",
    "EdgeSite",
    "PrefixBlocks",
    "Provenance",
    "TokenStatistics",
    "Trace",
    "TraceStatistics",
    "from_trace",
    "infer_sessions",
    "load_trace",
    "trace_statistics",
]
