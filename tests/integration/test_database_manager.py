"""DatabaseManager: sessions, checks and figures, without and with a supervisor (R-POOL-1)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import flask
import pytest
from fault_proxy import FaultProxy
from flask_sqlalchemy import SQLAlchemy
from harness import PYTHON, Background, Sandbox, eventually
from mariadb import Account, MariaDb
from sqlalchemy import Integer, String, create_engine, func, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import NullPool
from stirbar import DatabaseManager


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    text: Mapped[str] = mapped_column(String(40))


@pytest.fixture
def engine(mariadb: MariaDb) -> Iterator[Engine]:
    made = create_engine(mariadb.url(), pool_size=2, max_overflow=0, pool_timeout=5)
    Base.metadata.create_all(made)
    yield made
    Base.metadata.drop_all(made)
    made.dispose()
    eventually(lambda: mariadb.connections() == 0, what="no connection is left")


@pytest.fixture
def manager(engine: Engine) -> DatabaseManager:
    return DatabaseManager(engine)


def notes(manager: DatabaseManager) -> int:
    with manager.get_session() as session:
        return int(session.scalar(select(func.count()).select_from(Note)))


def test_session_commits_at_the_end(manager: DatabaseManager) -> None:
    with manager.get_session() as session:
        session.add(Note(id=1, text="kept"))
    assert notes(manager) == 1
    assert manager.engine().pool.checkedout() == 0


def test_session_rolls_back_what_raises(manager: DatabaseManager) -> None:
    with pytest.raises(RuntimeError, match="mine"), manager.get_session() as session:
        session.add(Note(id=1, text="lost"))
        session.flush()
        raise RuntimeError("mine")
    assert notes(manager) == 0
    assert manager.engine().pool.checkedout() == 0


def test_session_is_closed_when_its_commit_fails(manager: DatabaseManager) -> None:
    with manager.get_session() as session:
        session.add(Note(id=1, text="first"))
    with pytest.raises(Exception, match="Duplicate"), manager.get_session() as session:
        session.add(Note(id=1, text="second"))
    assert manager.engine().pool.checkedout() == 0


def test_session_without_a_block(
    manager: DatabaseManager, caplog: pytest.LogCaptureFixture
) -> None:
    session = manager.get_session()
    session.add(Note(id=1, text="kept"))
    session.commit()
    assert manager.close_session(session) is True
    session = manager.get_session()
    session.add(Note(id=2, text="a secret"))
    assert manager.close_session(session) is False
    assert "1 changes that were never flushed" in caplog.text
    assert "secret" not in caplog.text
    assert manager.close_session(session) is True
    assert notes(manager) == 1


def test_open_sessions_are_told_with_their_place(manager: DatabaseManager) -> None:
    idle, session = manager.get_session(), manager.get_session()  # one never asks anything
    session.execute(select(1))
    seen = manager.monitor_connection_health()["databases"]["default"]["sessions"]
    assert seen["open"] == 1
    assert seen["oldest_seconds"] >= 0
    assert Path(__file__).name in seen["oldest_taken_at"]
    manager.close_session(session)
    manager.close_session(idle)
    seen = manager.monitor_connection_health()["databases"]["default"]["sessions"]
    assert seen == {"open": 0, "oldest_seconds": None, "oldest_taken_at": None}


def test_check_takes_no_connection_of_the_pool(mariadb: MariaDb, manager: DatabaseManager) -> None:
    held = [manager.engine().connect() for _ in range(2)]  # all there are
    found = manager.test_mysql_connection()
    assert found["ok"] and found["error"] is None
    assert found["database"] == mariadb.name
    assert "MariaDB" in found["version"]
    assert found["seconds"] < 2
    assert found["pool"] == {
        "class": type(manager.engine().pool).__name__,
        "size": 2,
        "idle": 0,
        "active": 2,
        "capacity": 2,
        "utilisation": 1.0,
    }
    for connection in held:
        connection.close()


def test_check_says_why_without_secrets(mariadb: MariaDb) -> None:
    wrong = Account("shop", "not its password")
    found = DatabaseManager(mariadb.url(wrong)).test_mysql_connection()
    assert found["ok"] is False
    assert found["error"] == "OperationalError 1045"
    assert "password" not in str(found)


def test_check_keeps_its_deadline(mariadb: MariaDb, proxy: FaultProxy) -> None:
    manager = DatabaseManager(mariadb.url(port=proxy.port), timeout=0.5)
    assert manager.test_mysql_connection()["ok"]
    proxy.half_open()
    began = time.monotonic()
    found = manager.test_mysql_connection()
    assert found["error"] == "no answer within 0.5 s"
    found = manager.test_mysql_connection()  # and not one thread more for each call
    assert found["error"] == "an earlier check still waits for an answer"
    assert time.monotonic() - began < 5
    proxy.pass_all()
    proxy.cut()
    eventually(lambda: manager.test_mysql_connection()["ok"], what="it is back")


def test_figures_are_asked_for_without_a_supervisor(
    mariadb: MariaDb, manager: DatabaseManager
) -> None:
    figures = manager.get_mysql_performance_stats()
    assert figures["source"] == "server"
    assert figures["available"] is True
    assert figures["connections"] >= 1
    assert figures["max_connections"] == mariadb.variable("max_connections")
    assert figures["queries_per_second"] > 0
    assert 0 <= figures["buffer_pool_hit_ratio"] <= 1
    assert figures["read_only"] is False
    assert figures["pool"]["size"] == 2
    assert figures["database_query_time"] is None


def test_figures_of_a_server_that_is_gone(own_mariadb: MariaDb) -> None:
    manager = DatabaseManager(own_mariadb.url())
    own_mariadb.kill()
    figures = manager.get_mysql_performance_stats()
    assert figures["available"] is False
    assert figures["error"] == "OperationalError 2003"
    assert figures["connections"] is None
    health = manager.monitor_connection_health()
    assert health["status"] == "critical"
    assert health["reasons"] == [
        f"default: {own_mariadb.name} does not answer: OperationalError 2003"
    ]


def test_health_warns_of_a_full_pool(manager: DatabaseManager) -> None:
    assert manager.monitor_connection_health()["status"] == "healthy"
    held = [manager.engine().connect() for _ in range(2)]
    health = manager.monitor_connection_health()
    assert health["status"] == "warning"
    assert health["reasons"] == ["default: 100% of the pool's connections are in use"]
    for connection in held:
        connection.close()


def test_several_databases(mariadb: MariaDb, engine: Engine, tmp_path: Path) -> None:
    manager = DatabaseManager(
        {"shop": engine, "reports": f"sqlite:///{tmp_path / 'reports.db'}"},
        engine_options={"poolclass": NullPool},
    )
    assert manager.databases == ("shop", "reports")
    assert manager.engine() is engine
    with manager.get_session("reports") as session:
        assert session.get_bind().dialect.name == "sqlite"
    found = manager.test_mysql_connection("reports")
    assert found["ok"] and found["version"] is None
    assert found["pool"]["capacity"] is None
    health = manager.monitor_connection_health()["databases"]
    assert list(health) == ["shop", "reports"]
    assert health["shop"]["server"] == mariadb.name
    with pytest.raises(KeyError, match="no database 'other'; there are: shop, reports"):
        manager.get_session("other")


def test_flask_sqlalchemy(mariadb: MariaDb, tmp_path: Path) -> None:
    app = flask.Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = mariadb.url()
    app.config["SQLALCHEMY_BINDS"] = {"reports": f"sqlite:///{tmp_path / 'reports.db'}"}
    db = SQLAlchemy(app)
    manager = DatabaseManager(db, app=app)
    assert manager.databases == ("default", "reports")
    assert manager.test_mysql_connection()["ok"]
    with app.app_context():
        of_the_current_app = DatabaseManager()
        assert of_the_current_app.engine() is db.engine
        with of_the_current_app.get_session() as session:
            assert session.scalar(select(1)) == 1
        db.engine.dispose()
    with pytest.raises(RuntimeError, match="application context"):
        DatabaseManager().get_session()


def test_refuses_what_is_none() -> None:
    with pytest.raises(TypeError, match="int is not allowed; it takes an Engine, a URL"):
        DatabaseManager(5)
    with pytest.raises(TypeError, match="empty dict"):
        DatabaseManager({})
    with pytest.raises(ValueError, match="dialect") as refused:
        DatabaseManager("user:secret@localhost")
    assert "secret" not in str(refused.value)


def test_importing_stirbar_imports_no_sqlalchemy(box: Sandbox) -> None:
    code = "import sys, stirbar; assert 'sqlalchemy' not in sys.modules; stirbar.DatabaseManager"
    python = box.start([PYTHON, "-c", code])
    assert python.wait() == 0, python.log


def test_checks_do_not_pile_up_threads(mariadb: MariaDb, proxy: FaultProxy) -> None:
    manager = DatabaseManager(mariadb.url(port=proxy.port), timeout=0.2)
    proxy.half_open()
    calls = [Background(manager.test_mysql_connection) for _ in range(5)]
    assert not any(call.result()["ok"] for call in calls)
    eventually(lambda: proxy.accepted, what="the first of them connects")
    assert proxy.accepted == 1
