"""Fixtures of the integration tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fault_proxy import FaultProxy
from harness import Running, Sandbox
from mariadb import MariaDb, install


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


# --- MariaDB --------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def mariadb_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with accounts and an empty database, to be copied."""
    return install(tmp_path_factory.mktemp("mariadb"))


@pytest.fixture(scope="session")
def mariadb(mariadb_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    """A server for all tests: they leave it running and as they find it."""
    folder = tmp_path_factory.mktemp("mariadb-shared")
    server = MariaDb(Path(shutil.copytree(mariadb_data, folder / "data")), folder)
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture
def new_mariadb(mariadb_data: Path, tmp_path: Path) -> Iterator[Callable[..., MariaDb]]:
    """Starts servers of one test: `new_mariadb("--max-connections=10")`."""
    servers: list[MariaDb] = []

    def new(*options: str) -> MariaDb:
        folder = tmp_path / f"mariadb-{len(servers)}"
        data = Path(shutil.copytree(mariadb_data, folder / "data"))
        servers.append(MariaDb(data, folder, options))
        return servers[-1].start()

    yield new
    for server in servers:
        server.close()


@pytest.fixture
def own_mariadb(new_mariadb: Callable[..., MariaDb]) -> MariaDb:
    """A server of one test, which may kill it."""
    return new_mariadb()


@pytest.fixture
def proxy(mariadb: MariaDb) -> Iterator[FaultProxy]:
    """A proxy before the shared server."""
    with FaultProxy(mariadb.port) as made:
        yield made
