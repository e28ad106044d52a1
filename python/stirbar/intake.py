"""Keeps requests that a gthread worker cannot begin in the kernel, where their number is bounded.

A gthread worker accepts up to ``worker_connections`` (1,000) connections and lets them wait for a
thread. Shortening the kernel's accept queue bounds nothing while it does. So, while a shorter queue
is ordered, the worker is told to accept no more than its threads can begin; it looks at that number
before each turn of its loop, just after it has called notify().
"""

from __future__ import annotations

from typing import Any

from stirbar.engine import native

# Accepted beside those that run, so that a thread that becomes free finds the next one.
SPARE = 2


def bound_intake(worker: Any) -> None:
    """Sets ``worker.worker_connections`` for its next turn, or gives the configured number back."""
    configured = worker.cfg.worker_connections
    wanted = configured
    if native.backlog_ordered():
        threads = worker.cfg.threads
        limit = native.concurrency_limit()
        at_once = min(threads, limit) if limit else threads
        wanted = min(configured, _idle(worker) + at_once + SPARE)
    if worker.worker_connections != wanted:
        worker.worker_connections = wanted


def _idle(worker: Any) -> int:
    """Connections that are kept alive or have sent nothing yet: they wait for no thread."""
    # `_keep`: in earlier versions, which have no pending ones.
    kept = getattr(worker, "keepalived_conns", None) or getattr(worker, "_keep", ())
    return len(kept) + len(getattr(worker, "pending_conns", ()))
