"""Of all tests: the order of their files."""

from __future__ import annotations

from pathlib import Path

import pytest

# Those that take a minute or more, the longest first. Several files are run at a time
# (scripts/run_tests.py): begun last, one of these would keep the others waiting for its end.
LONG = (
    "test_stack_torture.py",
    "test_counting.py",
    "test_rules.py",
    "test_history.py",
    "test_sqlalchemy_suite.py",
    "test_connection_book.py",
    "test_servers.py",
    "test_flask_suite.py",
    "test_fair_pool.py",
    "test_ladder.py",
    "test_time_parts.py",
    "test_alerts.py",
    "test_memory_cleanup.py",
    "test_emergency.py",
    "test_database_faults.py",
    "test_mariadb.py",
)


def rank(path: Path) -> int:
    return LONG.index(path.name) if path.name in LONG else len(LONG)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: rank(item.path))  # stable: within a file as it has them
