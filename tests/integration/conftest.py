"""Fixtures of the integration tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Running, Sandbox


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Sandbox]:
    """Where a test starts its processes; whatever it leaves is ended and removed."""
    sandbox = Sandbox(tmp_path)
    yield sandbox
    sandbox.close()


@pytest.fixture
def served(box: Sandbox) -> Running:
    """An app that never heard of Stirbar, under `stirbar run -- gunicorn -w 2`, ready."""
    return box.gunicorn().ready(workers=2)


@pytest.fixture(scope="module")
def shared_box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """As `box`, for tests of one file that leave the server as they find it."""
    sandbox = Sandbox(tmp_path_factory.mktemp("shared"))
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="module")
def shared(shared_box: Sandbox) -> Running:
    """As `served`, for tests of one file that leave the server as they find it."""
    return shared_box.gunicorn().ready(workers=2)
