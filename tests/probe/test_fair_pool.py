"""The pool in one process, with a database that is only a counter."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy.exc
from sqlalchemy import create_engine, text
from sqlalchemy.pool import QueuePool
from stirbar import pool_options, pool_upkeep
from stirbar.pool import FairPool


class Connection:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.closed = False
        self.rollbacks = 0

    def rollback(self) -> None:
        self.rollbacks += 1

    def commit(self) -> None: ...

    def close(self) -> None:
        self.closed = True


class Database:
    """Also a dialect, as far as a pool needs one."""

    name = "fake"
    is_async = False
    has_terminate = False

    def __init__(self) -> None:
        self.opened: list[Connection] = []
        self.pings = 0
        self.down = False
        self.connect_seconds = 0.0

    def connect(self) -> Connection:
        time.sleep(self.connect_seconds)
        if self.down:
            raise ConnectionError("the database is down")
        self.opened.append(Connection(self))
        return self.opened[-1]

    def do_rollback(self, connection: Any) -> None:
        connection.rollback()

    def do_close(self, connection: Connection) -> None:
        connection.close()

    do_terminate = do_close

    def do_ping(self, connection: Connection) -> bool:
        self.pings += 1
        return not self.down

    @property
    def open(self) -> int:
        return sum(not connection.closed for connection in self.opened)


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture(autouse=True)
def no_upkeep_by_itself(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The rounds are the tests' own: `pool_upkeep.look_after(pool)`."""
    monkeypatch.setattr(pool_upkeep, "begin", lambda: None)
    yield


def make(database: Database, **options: Any) -> FairPool:
    options = {"pool_size": 1, "max_overflow": 0, "timeout": 5.0, **options}
    return FairPool(database.connect, dialect=database, **options)


SETTINGS = pool_upkeep.settings


@pytest.fixture(autouse=True)
def settings_of_their_own() -> Iterator[None]:
    yield
    pool_upkeep.settings = SETTINGS


def set_times(pool: FairPool, **changed: float) -> None:
    values = {**SETTINGS(), **changed}
    # The upkeep reads them once a second, and would set them back.
    pool_upkeep.settings = lambda: values
    pool_upkeep.apply_settings(pool, values)


def eventually(condition: Any, seconds: float = 15) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.002)


def waiting(pool: FairPool) -> int:
    return sum(pool._figures()[3:])


def start_waiter(pool: FairPool, got: list[Any], name: Any = 1) -> threading.Thread:
    """A thread that waits for a connection, and then notes `name`, or what was raised."""
    before = waiting(pool)

    def run() -> None:
        try:
            connection = pool.connect()
            got.append(name)
            connection.close()
        except BaseException as fault:
            got.append(fault)

    thread = threading.Thread(target=run)
    thread.start()
    eventually(lambda: waiting(pool) > before or not thread.is_alive())
    return thread


# R-POOL-4
def test_waiters_are_served_in_the_order_in_which_they_came(database: Database) -> None:
    pool = make(database)
    held = pool.connect()
    got: list[int] = []
    threads = [start_waiter(pool, got, number) for number in range(8)]
    held.close()
    for thread in threads:
        thread.join()
    assert got == list(range(8))
    assert pool._figures() == (1, 0, 0, 0, 0)
    assert len(database.opened) == 1


def test_who_returns_a_connection_does_not_get_it_before_who_waits(database: Database) -> None:
    """sqlalchemy #7679: five loops that return and take again at once starve everybody else."""
    pool = make(database, pool_size=5)
    stop = threading.Event()

    loops = [threading.Thread(target=back_to_back, args=(pool, stop)) for _ in range(5)]
    for thread in loops:
        thread.start()
    longest = 0.0
    for _ in range(50):
        began = time.monotonic()
        pool.connect().close()
        longest = max(longest, time.monotonic() - began)
    stop.set()
    for thread in loops:
        thread.join()
    assert longest < 2.5, "half of the time-out: it is starved"


def back_to_back(pool: FairPool, stop: threading.Event) -> None:
    while not stop.is_set():
        connection = pool.connect()
        time.sleep(0.0005)
        connection.close()


def test_a_failed_connect_lets_the_next_one_try(database: Database) -> None:
    pool = make(database, timeout=30.0)
    database.connect_seconds = 0.2
    database.down = True
    got: list[Any] = []
    began = time.monotonic()
    first = threading.Thread(target=lambda: got.append(connect_error(pool)))
    first.start()
    eventually(lambda: pool._figures()[2] == 1)
    threads = [first, *(start_waiter(pool, got) for _ in range(3))]
    for thread in threads:
        thread.join()
    assert time.monotonic() - began < 10, "stranded"
    assert [type(fault) for fault in got] == [ConnectionError] * 4, "the real error, for all"
    assert pool._figures() == (0, 0, 0, 0, 0)


def connect_error(pool: FairPool) -> BaseException | None:
    try:
        pool.connect()
    except Exception as fault:
        return fault
    return None


def test_an_invalidated_connection_is_room_for_a_waiter(database: Database) -> None:
    pool = make(database)
    held = pool.connect()
    got: list[Any] = []
    thread = start_waiter(pool, got)
    held.invalidate()
    held.close()
    thread.join()
    assert got == [1]
    assert (len(database.opened), database.open) == (2, 1)


def test_a_timeout_says_what_queuepool_says(database: Database) -> None:
    pool = make(database, timeout=0.05)
    held = pool.connect()
    began = time.monotonic()
    with pytest.raises(
        sqlalchemy.exc.TimeoutError, match="QueuePool limit of size 1 overflow 0"
    ) as e:
        pool.connect()
    assert 0.05 <= time.monotonic() - began < 2
    assert e.value.code == "3o7r"
    assert waiting(pool) == 0
    held.close()
    pool.connect().close()


def test_the_time_out_and_the_overflow_can_be_changed(database: Database) -> None:
    pool = make(database, timeout=30)
    held = [pool.connect()]
    pool._timeout = 0.01
    with pytest.raises(sqlalchemy.exc.TimeoutError):
        pool.connect()
    pool._timeout = 30
    got: list[Any] = []
    thread = start_waiter(pool, got)
    pool._max_overflow = 1
    thread.join(10)
    assert got == [1], "more capacity is for those who wait"
    assert (pool._max_overflow, pool._timeout, pool.timeout()) == (1, 30, 30)
    del held


def test_too_many_waiters_are_refused(database: Database) -> None:
    pool = make(database, timeout=30)
    held = pool.connect()
    got: list[Any] = []
    threads = [start_waiter(pool, got) for _ in range(16)]
    began = time.monotonic()
    with pytest.raises(sqlalchemy.exc.TimeoutError, match="too many wait"):
        pool.connect()
    assert time.monotonic() - began < 5
    held.close()
    for thread in threads:
        thread.join()
    assert got == [1] * 16


@pytest.mark.parametrize("options", [{"pool_size": 0}, {"max_overflow": -1}])
def test_unlimited_pools(database: Database, options: dict[str, int]) -> None:
    pool = make(database, **options)
    held = [pool.connect() for _ in range(40)]
    assert (pool.checkedout(), pool._max_overflow) == (40, -1)
    for connection in held:
        connection.close()
    assert pool.checkedin() == 40


# ------------------------------------------------------------------------- interrupted waits


def test_ctrl_c_ends_a_wait_of_the_main_thread(database: Database) -> None:
    pool = make(database, timeout=60)
    held = pool.connect()
    began = 0.0

    def interrupt() -> None:
        nonlocal began
        eventually(lambda: waiting(pool) == 1)
        began = time.monotonic()
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        pool.connect()
    assert time.monotonic() - began < 2
    thread.join()
    assert waiting(pool) == 0
    held.close()
    pool.connect().close()


class Interrupted(BaseException):
    pass


def test_an_asynchronous_exception_ends_a_wait(database: Database) -> None:
    pool = make(database, timeout=60)
    held = pool.connect()
    got: list[Any] = []
    thread = start_waiter(pool, got)
    assert ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident or 0), ctypes.py_object(Interrupted)
    )
    thread.join(10)
    assert [type(fault) for fault in got] == [Interrupted]
    held.close()
    assert pool._figures() == (1, 0, 0, 0, 0)


def test_an_exception_with_the_hand_off_gives_the_connection_to_the_next(
    database: Database,
) -> None:
    """sqlalchemy #8965. At each of many moments around the hand-off, a place is never lost."""
    pool = make(database, timeout=30)
    for turn in range(60):
        held = pool.connect()
        got: list[Any] = []
        first = start_waiter(pool, got)
        second = start_waiter(pool, got, 2)
        if turn % 2:
            held.close()  # the hand-off: the waiter has it, and has not run yet
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(first.ident or 0), ctypes.py_object(Interrupted)
        )
        if not turn % 2:
            held.close()
        first.join(20)
        second.join(20)
        assert not first.is_alive() and not second.is_alive(), "the place was lost"
        assert 2 in got
        eventually(lambda: gc.collect() is None or sum(pool._figures()[1:]) == 0)


def test_a_record_that_nobody_has_any_more_frees_its_place(database: Database) -> None:
    pool = make(database)
    record = pool._do_get()
    got: list[Any] = []
    thread = start_waiter(pool, got)
    del record  # an exception has hit right behind _do_get()
    thread.join(10)
    assert got == [1]
    assert pool._figures() == (1, 0, 0, 0, 0)


def test_the_collector_returns_a_connection_within_a_checkout(database: Database) -> None:
    """Garbage that holds a connection is found by the collector while a checkout allocates."""
    pool = make(database, pool_size=2, timeout=5)
    threshold = gc.get_threshold()
    try:
        gc.set_threshold(1)
        for _ in range(300):
            cycle: list[Any] = [pool.connect()]
            cycle.append(cycle)
            del cycle
            pool.connect().close()
    finally:
        gc.set_threshold(*threshold)
    gc.collect()
    idle, active, connecting, *_ = pool._figures()
    assert (active, connecting) == (0, 0)
    assert idle == database.open <= 2


# ------------------------------------------------------------------------------------ upkeep


# R-POOL-6
def test_a_connection_is_replaced_at_the_end_of_its_life(database: Database) -> None:
    pool = make(database)
    set_times(pool, pool_lifetime=0.02)
    pool.connect().close()
    eventually(lambda: pool_upkeep.look_after(pool) or database.open == 0)
    assert pool._figures() == (0, 0, 0, 0, 0)
    # Also one that is held until then: closed when it comes back.
    held = pool.connect()
    time.sleep(0.05)
    held.close()
    assert database.open == 0
    assert pool._figures() == (0, 0, 0, 0, 0)


def test_a_users_recycle_is_his(database: Database) -> None:
    pool = make(database, recycle=3600)
    set_times(pool, pool_lifetime=0.01)
    pool.connect().close()
    time.sleep(0.05)
    pool_upkeep.look_after(pool)
    pool.connect().close()
    assert len(database.opened) == 1


def test_nobodys_connections_are_closed(database: Database) -> None:
    pool = make(database)
    set_times(pool, pool_idle_timeout=0.01)
    pool.connect().close()
    eventually(lambda: pool_upkeep.look_after(pool) or database.open == 0)


def test_overflow_lingers(database: Database) -> None:
    pool = make(database, max_overflow=3)
    set_times(pool, pool_overflow_linger=0.2)
    began = time.monotonic()
    for connection in [pool.connect() for _ in range(4)]:
        connection.close()
    pool_upkeep.look_after(pool)
    assert pool.checkedin() == 4
    eventually(lambda: pool_upkeep.look_after(pool) or pool.checkedin() == 1)
    assert time.monotonic() - began >= 0.2
    assert database.open == 1
    set_times(pool, pool_overflow_linger=0.0)
    for connection in [pool.connect() for _ in range(4)]:
        connection.close()
    assert pool.checkedin() == 1, "closed at once, as QueuePool does"


def test_idle_connections_are_kept_alive(database: Database) -> None:
    pool = make(database)
    set_times(pool, pool_keep_alive=0.01)
    pool.connect().close()
    eventually(lambda: pool_upkeep.look_after(pool) or database.pings >= 3)
    assert database.opened[0].rollbacks >= 3, "a ping may have begun a transaction"
    assert (len(database.opened), pool.checkedin()) == (1, 1)
    database.down = True
    eventually(lambda: pool_upkeep.look_after(pool) or database.open == 0)
    assert pool._figures() == (0, 0, 0, 0, 0)


def test_a_ping_before_a_connection_is_given_out_after_it_has_idled(database: Database) -> None:
    pool = make(database)
    set_times(pool, pool_ping_after=0.05)
    pool.connect().close()
    pool.connect().close()
    assert database.pings == 0
    time.sleep(0.1)
    pool.connect().close()
    assert (database.pings, len(database.opened)) == (1, 1)
    time.sleep(0.1)
    database.do_ping = lambda connection: False  # type: ignore[method-assign]
    connection = pool.connect()
    assert (len(database.opened), database.open) == (2, 1), "a dead one is replaced"
    connection.close()


def test_who_asks_for_pre_ping_gets_pre_ping(database: Database) -> None:
    pinged = []
    database._do_ping_w_event = lambda connection: pinged.append(connection) or True  # type: ignore[attr-defined]
    pool = make(database, pre_ping=True)
    set_times(pool, pool_ping_after=0.0)
    for _ in range(3):
        pool.connect().close()
    assert len(pinged) == 2, "each checkout but the first, by SQLAlchemy, and once"


def test_one_thread_for_all_pools_and_none_before_a_connection() -> None:
    run(
        """
        import threading
        from test_fair_pool import Database, make
        def threads():
            return sum(t.name == "stirbar-pools" for t in threading.enumerate())
        pools = [make(Database()) for _ in range(3)]
        assert threads() == 0
        for pool in pools:
            pool.connect().close()
        assert threads() == 1
        import os
        pid = os.fork()
        if pid == 0:
            os._exit(threads())
        assert os.waitpid(pid, 0)[1] == 0
        assert threads() == 1, "again"
        """
    )


# -------------------------------------------------------------------------------- the class


def test_recreate_carries_all_options(database: Database) -> None:
    pool = make(database, pool_size=7, max_overflow=3, timeout=11, use_lifo=True, recycle=99,
                logging_name="shop", reset_on_return="commit", pre_ping=True)  # fmt: skip
    other = pool.recreate()
    assert type(other) is FairPool
    assert other._name == pool._name
    for name in ("_max_overflow", "_timeout", "_recycle", "_pre_ping", "_reset_on_return",
                 "_orig_logging_name", "_dialect", "_creator", "_use_lifo"):  # fmt: skip
        assert getattr(other, name) == getattr(pool, name), name
    assert other.size() == 7
    assert database.opened == [], "it never connects"


def test_an_engine_by_options_is_named_by_its_url_without_secrets(tmp_path: Any) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/shop.db?timeout=9", **pool_options(pool_size=3))
    assert type(engine.pool) is FairPool
    assert engine.pool.size() == 3
    assert engine.pool._name == f"sqlite:///{tmp_path}/shop.db"
    twin = create_engine(f"sqlite:///{tmp_path}/shop.db", **pool_options())
    assert twin.pool._name == f"sqlite:///{tmp_path}/shop.db #2"
    with engine.connect() as connection:
        assert connection.execute(text("select 42")).scalar() == 42
    engine.dispose()
    assert engine.pool._name == f"sqlite:///{tmp_path}/shop.db"
    other = create_engine("sqlite://", **pool_options(poolclass=QueuePool))
    assert type(other.pool) is QueuePool


def test_a_pool_that_nobody_has_closes_nothing_and_leaves_nothing(database: Database) -> None:
    pool = make(database)
    pool.connect().close()
    held = pool.connect()
    del pool
    gc.collect()
    held.close()
    del held
    gc.collect()
    assert not any(isinstance(each, FairPool) for each in gc.get_objects())


def run(code: str) -> None:
    """In a process of its own."""
    here = os.path.dirname(os.path.abspath(__file__))
    process = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "PYTHONPATH": here},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert process.returncode == 0, process.stdout + process.stderr


def test_a_child_begins_empty_and_leaves_the_parents_connections_alone() -> None:
    run(
        """
        import gc, os
        from test_fair_pool import Database, make
        database = Database()
        pool = make(database, pool_size=3)
        held = pool.connect()
        pool.connect().close()
        pid = os.fork()
        if pid == 0:
            try:
                assert pool._figures() == (0, 0, 0, 0, 0), pool._figures()
                own = pool.connect()
                assert len(database.opened) == 3
                held.close()  # the parent's
                own.close()
                del own, held
                gc.collect()
                assert not database.opened[0].closed and not database.opened[1].closed
                assert pool._figures() == (1, 0, 0, 0, 0), pool._figures()
                pool.dispose()
                assert [c.closed for c in database.opened] == [False, False, True]
            except BaseException:
                import traceback
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        held.close()
        assert pool._figures() == (2, 0, 0, 0, 0)
        """
    )


def test_greenlets_wait_without_stopping_their_thread() -> None:
    pytest.importorskip("gevent")
    run(
        """
        from gevent import monkey
        monkey.patch_all()
        import gevent, time
        from test_fair_pool import Database, make
        pool = make(Database(), pool_size=2, timeout=20)
        order = []
        ticks = []
        def work(number):
            connection = pool.connect()
            order.append(number)
            gevent.sleep(0.01)
            connection.close()
        def tick():
            while True:
                ticks.append(1)
                gevent.sleep(0.005)
        ticker = gevent.spawn(tick)
        gevent.joinall([gevent.spawn(work, n) for n in range(10)], raise_error=True)
        assert order == list(range(10)), order
        assert len(ticks) > 5
        held = [pool.connect(), pool.connect()]
        with gevent.Timeout(0.1, False):
            pool.connect()
            raise AssertionError("there was one")
        assert sum(pool._figures()[3:]) == 0
        for connection in held:
            connection.close()
        assert pool._figures()[:3] == (2, 0, 0)
        """
    )


def test_the_book_does_not_keep_a_record_that_is_lost(tmp_path: Any) -> None:
    run(
        f"""
        import gc
        from stirbar.engine import native
        from test_fair_pool import Database, make
        native.configure({str(tmp_path / "segment")!r}, "pool-test", ["/bin/true"], {{}})
        assert native.start("other"), native.trouble()
        pool = make(Database())
        record = pool._do_get()
        assert len(native.held_connections()) == 1
        del record
        gc.collect()
        assert pool._figures() == (0, 0, 0, 0, 0), pool._figures()
        assert native.held_connections() == []
        pool._do_get()
        """
    )
