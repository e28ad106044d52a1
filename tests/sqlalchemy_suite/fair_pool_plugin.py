"""A pytest plugin for SQLAlchemy's own tests: FairPool in QueuePool's place before collection."""

import os

import sqlalchemy.pool

# These tests expect that an overflow connection is closed when it comes back, as QueuePool does.
os.environ.setdefault("STIRBAR_POOL_OVERFLOW_LINGER", "0")

from stirbar.pool import FairPool  # noqa: E402

sqlalchemy.pool.QueuePool = FairPool
