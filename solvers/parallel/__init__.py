"""Servers worked on side by side, in threads or processes, until done, late or interrupted."""

from .interrupt import deferred_interrupt
from .servers import work_on_servers, worker_count
from .work import Stop, Work

__all__ = ["Stop", "Work", "deferred_interrupt", "work_on_servers", "worker_count"]
