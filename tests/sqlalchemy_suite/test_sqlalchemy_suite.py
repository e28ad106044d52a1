"""SQLAlchemy's own tests of pools, of the installed version, with FairPool in QueuePool's place."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location(
    "sqlalchemy_suite_run", Path(__file__).with_name("run.py")
)
assert _SPEC is not None and _SPEC.loader is not None
suite = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(suite)
# What `pip` says when it cannot reach the index, as against a version that is not there.
UNREACHABLE = ("NewConnectionError", "Temporary failure in name resolution", "ConnectTimeout",
               "Network is unreachable", "ProxyError", "Max retries exceeded")  # fmt: skip


def test_sqlalchemy_passes_its_own_tests_of_pools(tmp_path: Path) -> None:
    kept = suite.SOURCES if suite.SOURCES.exists() else tmp_path
    try:
        source = suite.source(importlib.metadata.version("sqlalchemy"), kept)
    except SystemExit as fault:
        if any(words in str(fault) for words in UNREACHABLE):
            pytest.skip("the package index cannot be reached: SQLAlchemy's tests were not run")
        raise AssertionError(str(fault)) from None
    found = suite.outcomes(source, "test/engine/test_pool.py", fair=True)
    assert len(found) > 100
    assert {name: outcome for name, outcome in found.items() if outcome != "passed"} == {}
    assert any("QueuePool" in name for name in found)
