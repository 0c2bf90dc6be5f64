"""Known arrival processes: demand as a function of a Markov chain, for references that use its law.

`MarkovDemand` is the general form, with constructors for small worlds; `process_of` gives the process behind
a scenario's workload.
"""

from .chain import Chain, count_law, product
from .constructors import cyclic_workflow, hot_cold, independent_slots, memoryless_hot_set
from .draw import check_services, sampled_instance, stretch
from .markov import MarkovDemand
from .protocol import DemandProcess
from .scenario import HotSetDemand, process_of

__all__ = [
    "Chain",
    "DemandProcess",
    "HotSetDemand",
    "MarkovDemand",
    "check_services",
    "count_law",
    "cyclic_workflow",
    "hot_cold",
    "independent_slots",
    "memoryless_hot_set",
    "process_of",
    "product",
    "sampled_instance",
    "stretch",
]
