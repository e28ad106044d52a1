"""Pools whose servers go and come back: SQLite files in folders that are taken away."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask
import pytest
import sqlalchemy as sa
import stirbar
from sqlalchemy.engine import make_url
from stirbar import driver_errors, target_urls
from stirbar.database_errors import DatabaseUnavailable, PoolFull, PoolThrottled, PoolTimeout
from stirbar.instrument import instrument

FAILURES = 5  # that open a breaker


class Server:
    """An SQLite file. Where its folder is gone, connecting fails."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.url = f"sqlite:///{folder}/shop.db"

    def go(self) -> None:
        self.folder.rename(self.folder.with_suffix(".gone"))

    def come_back(self) -> None:
        self.folder.with_suffix(".gone").rename(self.folder)


@pytest.fixture
def servers(tmp_path: Path) -> Callable[[str], Server]:
    return lambda name: Server(tmp_path / name)


def engine_of(server: Server, **options: Any) -> sa.Engine:
    return sa.create_engine(server.url, **stirbar.pool_options(**options))


def served_by(engine: sa.Engine) -> str:
    with engine.connect() as connection:
        row = connection.exec_driver_sql("pragma database_list").fetchone()
        assert row is not None
        return Path(row[2]).parent.name


def fail(engine: sa.Engine, times: int = FAILURES) -> None:
    for _ in range(times):
        with pytest.raises(sa.exc.OperationalError) as raised:
            served_by(engine)
        assert not isinstance(raised.value, DatabaseUnavailable)


def until_served(engine: sa.Engine, seconds: float = 10) -> str:
    until = time.monotonic() + seconds
    while True:
        try:
            return served_by(engine)
        except sa.exc.OperationalError:
            assert time.monotonic() < until
            time.sleep(0.01)


# --- standbys -------------------------------------------------------------------------------------


def test_a_dead_server_is_left_alone(servers: Callable[[str], Server]) -> None:  # R-POOL-7
    own = servers("own")
    engine = engine_of(own)
    own.go()
    fail(engine)
    with pytest.raises(DatabaseUnavailable, match="is unavailable since") as raised:
        served_by(engine)
    assert type(raised.value.__cause__).__name__ == "OperationalError"
    assert raised.value.orig is raised.value.__cause__
    assert raised.value.__cause__ is not None and raised.value.__cause__.__traceback__ is None
    assert 0 <= raised.value.retry_after <= 0.5
    own.come_back()
    assert until_served(engine) == "own"
    assert engine.pool.checkedout() == 0


def test_a_standby_serves_and_gives_back_to_its_own(servers: Callable[[str], Server]) -> None:
    own, first, second = servers("own"), servers("first"), servers("second")
    engine = engine_of(own, fallback=[first.url, second.url])
    assert served_by(engine) == "own"
    engine.dispose()
    own.go()
    fail(engine, FAILURES - 1)
    assert served_by(engine) == "first"
    assert served_by(engine) == "first"


def test_the_second_standby_serves_when_the_first_is_gone(
    servers: Callable[[str], Server],
) -> None:
    own, first, second = servers("own"), servers("first"), servers("second")
    engine = engine_of(own, fallback=[first.url, second.url])
    own.go()
    first.go()
    fail(engine, FAILURES - 1)  # its own; the fifth tries the first standby, too
    for _ in range(FAILURES - 1):
        with pytest.raises(sa.exc.OperationalError):
            served_by(engine)
    assert served_by(engine) == "second"


def test_what_the_application_does_wrong_says_nothing_of_the_server() -> None:
    def creator() -> Any:
        raise TypeError("connect() got an unexpected keyword argument")

    engine = sa.create_engine("sqlite:///x.db", creator=creator, **stirbar.pool_options())
    for _ in range(3 * FAILURES):
        with pytest.raises(TypeError):
            engine.connect()


def test_connections_that_break_in_use_count(servers: Callable[[str], Server]) -> None:
    own = servers("own")
    engine = engine_of(own)

    @sa.event.listens_for(engine, "handle_error")
    def is_disconnect(context: Any) -> None:
        context.is_disconnect = True

    connections = [engine.connect() for _ in range(FAILURES)]
    for connection in connections:
        with pytest.raises(sa.exc.OperationalError):
            connection.exec_driver_sql("select * from nothing")
        connection.close()
    with pytest.raises(DatabaseUnavailable):
        served_by(engine)
    assert until_served(engine) == "own"
    assert engine.pool.checkedout() == 0


def test_one_that_kills_its_connections_harms_nobody_else(
    servers: Callable[[str], Server],
) -> None:
    engine = engine_of(servers("own"))

    @sa.event.listens_for(engine, "handle_error")
    def is_disconnect(context: Any) -> None:
        context.is_disconnect = True

    for _ in range(4 * FAILURES):
        with engine.connect() as connection, pytest.raises(sa.exc.OperationalError):
            connection.exec_driver_sql("select * from nothing")
    assert served_by(engine) == "own"


def test_dispose_keeps_what_is_known(servers: Callable[[str], Server]) -> None:
    own = servers("own")
    engine = engine_of(own)
    own.go()
    fail(engine)
    engine.dispose()
    with pytest.raises(DatabaseUnavailable):
        served_by(engine)
    own.come_back()
    assert until_served(engine) == "own"


# --- replicas -------------------------------------------------------------------------------------


def test_only_readonly_work_gets_a_replica(servers: Callable[[str], Server]) -> None:
    own, replica = servers("own"), servers("replica")
    engine = engine_of(own, replicas=[replica.url], pool_size=1, max_overflow=0)

    @stirbar.readonly()
    def report() -> str:
        return served_by(engine)

    for _ in range(3):
        assert served_by(engine) == "own"
        assert report() == "replica"
        with stirbar.readonly():
            assert served_by(engine) == "replica"
            with stirbar.readonly():
                assert served_by(engine) == "replica"
            assert served_by(engine) == "replica"
    with engine.connect() as connection, stirbar.readonly():
        assert served_by(engine) == "replica"
        row = connection.exec_driver_sql("pragma database_list").fetchone()
        assert row is not None and "own" in row[2]


def test_readonly_work_is_served_when_the_replica_is_gone(
    servers: Callable[[str], Server],
) -> None:
    own, replica = servers("own"), servers("replica")
    engine = engine_of(own, replicas=[replica.url])
    replica.go()
    with stirbar.readonly():
        for _ in range(2 * FAILURES):
            assert served_by(engine) == "own"
    replica.come_back()
    until = time.monotonic() + 10
    with stirbar.readonly():
        while served_by(engine) != "replica":
            assert time.monotonic() < until
            time.sleep(0.01)


def test_replicas_have_the_same_listeners(servers: Callable[[str], Server]) -> None:
    own, replica = servers("own"), servers("replica")
    engine = engine_of(own, replicas=[replica.url])
    seen = []
    sa.event.listen(engine, "connect", lambda *_: seen.append("before"))
    with stirbar.readonly():
        served_by(engine)
    sa.event.listen(engine, "checkout", lambda *_: seen.append("after"))
    with stirbar.readonly():
        served_by(engine)
    assert seen == ["before", "after"]


def test_no_replica_is_lost_by_dispose(servers: Callable[[str], Server]) -> None:
    own, replica = servers("own"), servers("replica")
    engine = engine_of(own, replicas=[replica.url])
    for _ in range(2):
        with stirbar.readonly():
            assert served_by(engine) == "replica"
        assert served_by(engine) == "own"
        engine.dispose()


# --- what is given and what is said ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fallback": "sqlite:///x.db"}, "fallback: takes a list of URLs, not one"),
        ({"replicas": ["user:secret"]}, "replicas: number 1 is no database URL"),
        ({"fallback": ["mysql://h/x"]}, "h:3306: is of mysql, the engine of sqlite"),
        ({"fallback": ["sqlite:///x.db"] * 4}, "1 to 4 servers of a kind; these are 5"),
    ],
)
def test_bad_servers_are_refused(
    servers: Callable[[str], Server], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        engine_of(servers("own"), **options)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("mysql+pymysql://user:secret@db.example.org/shop?x=1", "db.example.org:3306"),
        ("postgresql://user:secret@[::1]:5433/shop", "[::1]:5433"),
        ("mysql:///shop?unix_socket=/run/db.sock", "/run/db.sock"),
        ("sqlite:////srv/shop.db", "/srv/shop.db"),
    ],
)
def test_names_show_no_secret(url: str, name: str) -> None:
    assert target_urls.name_of(make_url(url)) == name


class OperationalError(Exception):
    """As a driver's."""


class Error(Exception):
    """DB-API's base class."""


class DriverError(Error):
    def __init__(self, message: str, sqlstate: str | None = None) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (OperationalError(1045, "denied"), driver_errors.REJECTED),
        (OperationalError(1049, "no such database"), driver_errors.REJECTED),
        (OperationalError(1040, "too many"), driver_errors.FAILED),
        (OperationalError(2003, "refused"), driver_errors.FAILED),
        (DriverError("", "28P01"), driver_errors.REJECTED),
        (DriverError("", "3D000"), driver_errors.REJECTED),
        (DriverError("", "53300"), driver_errors.FAILED),
        (DriverError('FATAL:  role "x" does not exist'), driver_errors.REJECTED),
        (DriverError("FATAL:  password authentication failed for"), driver_errors.REJECTED),
        (DriverError("could not connect to server"), driver_errors.FAILED),
        (ConnectionRefusedError(111, "refused"), driver_errors.FAILED),
        (TypeError("unexpected keyword"), driver_errors.UNKNOWN),
        (KeyboardInterrupt(), driver_errors.UNKNOWN),
    ],
)
def test_what_drivers_say(fault: BaseException, outcome: int) -> None:
    assert driver_errors.outcome_of(fault) == outcome


def test_the_number_counts_for_more_than_the_sqlstate() -> None:
    fault = OperationalError(1049, "no such database")
    fault.sqlstate = "42000"  # type: ignore[attr-defined]
    assert driver_errors.outcome_of(fault) == driver_errors.REJECTED


def test_labels_hold_no_text() -> None:
    assert driver_errors.label_of(OperationalError(2003, "db.example.org")) == (
        "OperationalError 2003"
    )
    assert driver_errors.label_of(DriverError("db.example.org")) == "DriverError"


def test_errors_are_sqlalchemys_and_can_be_pickled() -> None:
    for kind in (PoolTimeout, PoolFull, PoolThrottled):
        fault = kind("QueuePool limit of size 5 reached", 2.5)
        assert isinstance(fault, sa.exc.TimeoutError) and fault.code == "3o7r"
        assert pickle.loads(pickle.dumps(fault)).retry_after == 2.5
    gone = DatabaseUnavailable("gone", 1.5, ValueError("x"))
    assert isinstance(gone, sa.exc.OperationalError) and "gone" in str(gone)
    again = pickle.loads(pickle.dumps(gone))
    assert (again.retry_after, str(again.orig)) == (1.5, "x")


# --- the answer -----------------------------------------------------------------------------------


def app_that_raises(fault: Exception) -> flask.Flask:
    app = flask.Flask("app")

    @app.get("/")
    def view() -> str:
        raise fault

    instrument(app)
    return app


def wrapped(fault: Exception) -> Exception:
    return sa.exc.StatementError("wrapped", "select 1", None, fault)


@pytest.mark.parametrize("kind", [PoolTimeout, PoolFull, PoolThrottled, DatabaseUnavailable])
def test_views_without_a_connection_answer_503(kind: Any, caplog: pytest.LogCaptureFixture) -> None:
    for fault in (kind("no connection", 2.2), wrapped(kind("no connection", 2.2))):
        answer = app_that_raises(fault).test_client().get("/")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
        assert answer.text == "The database is not available. Please try again later.\n"
    assert caplog.records == []


def test_the_applications_handlers_have_the_first_word() -> None:
    fault = DatabaseUnavailable("gone", 2)
    app = app_that_raises(fault)
    app.register_error_handler(sa.exc.OperationalError, lambda _: ("mine", 418))
    assert app.test_client().get("/").status_code == 418

    app = app_that_raises(fault)
    app.register_error_handler(503, lambda error: (f"mine: {error.code}", 503))
    answer = app.test_client().get("/")
    assert (answer.text, answer.status_code, answer.headers["Retry-After"]) == (
        "mine: 503",
        503,
        "2",
    )

    app = app_that_raises(fault)
    app.register_error_handler(500, lambda error: (f"mine: {error.original_exception}", 500))
    answer = app.test_client().get("/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert answer.text.startswith("mine: gone")


def test_other_errors_are_what_they_were() -> None:
    assert app_that_raises(ValueError("x")).test_client().get("/").status_code == 500
    app = app_that_raises(DatabaseUnavailable("gone", 2))
    app.testing = True
    with pytest.raises(DatabaseUnavailable):
        app.test_client().get("/")
