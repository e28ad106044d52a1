"""Who holds which connection, and what leaks, from Python's side; see connections.py."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from test_wsgi_probe import Run, run  # noqa: E402, F401  (the fixture)

# Files, so that each connection is one: an engine of ":memory:" has a single one for each thread.
BEGIN = """
    from connections import *
    import sqlalchemy as sa, tempfile, traceback, weakref
    hook(); attach_with({settings})
    book = Book()
    file = tempfile.mktemp(dir=os.environ["STIRBAR_RUNTIME_DIR"])
    url = "sqlite:///" + file
    from sqlalchemy.pool import *
    from stirbar.pool import FairPool
    any_thread = {{"check_same_thread": False}}
    engine = sa.create_engine(  # future: 1.4 is as 2.0 then
        url, poolclass={poolclass}, future=True, connect_args=any_thread {options}
    )
    kept = []
    def held(): return [row for row in book.connections() if row["state"] == "active"]
    exec(compile("def keep(): kept.append(engine.connect())", "/app/views.py", "exec"))
    def one():
        rows = held()
        assert len(rows) == 1, rows
        return rows[0]
"""


both = pytest.mark.parametrize("poolclass", ["QueuePool", "FairPool"])


def joined(
    program: str, poolclass: str = "QueuePool", options: str = "", settings: str = ""
) -> str:
    begin = BEGIN.format(poolclass=poolclass, options=options, settings=settings)
    return textwrap.dedent(begin) + textwrap.dedent(program)


# ------------------------------------------------------------------------------------------ stacks


@both
def test_the_stack_of_a_checkout_is_that_of_traceback(run: Run, poolclass: str) -> None:  # noqa: F811
    run(
        joined(
            """
        def expected(frames):
            return [(frame.filename, frame.lineno, frame.name) for frame in reversed(frames)]
        seen = []
        @sa.event.listens_for(engine, "checkout")
        def after_ours(connection, record, fairy):
            stack = expected(traceback.extract_stack())[1:]  # without this listener
            seen.append((probe.held_connections()[-1]["stack"], stack))
        def directly(): engine.connect().close()
        def generated():
            engine.connect().close()
            yield 1
        class Sorted:  # a call from C in between
            def __init__(self): pass
            def __lt__(self, other): engine.connect().close(); return True
        def deep(n): directly() if n == 0 else deep(n - 1)
        directly(); list(generated()); sorted([Sorted(), Sorted()]); deep(40); call(directly)
        exec("directly()")
        assert len(seen) == 6
        for captured, stack in seen:
            # Stirbar's tells of it before there is a proxy, SQLAlchemy's events tell after.
            if type(engine.pool) is FairPool:
                captured, stack = captured[2:], stack[2:]
            assert captured == stack[: len(captured)], (captured, stack)
            assert len(captured) >= min(30, len(stack)), (len(captured), len(stack))
        """,
            poolclass,
        )
    )


def test_code_objects_live_as_long_as_the_segment_names_them(run: Run) -> None:  # noqa: F811
    run(
        joined(
            """
        def made():
            space = {"engine": engine, "kept": kept}
            exec("def take(): kept.append(engine.connect())", space)
            return space["take"]
        take = made(); code = weakref.ref(take.__code__)
        call(take); del take; gc.collect()
        names = [frame[2] for frame in probe.held_connections()[0]["stack"]]
        assert code() is not None and "take" in names, names
        kept.pop().close(); gc.collect()
        assert code() is not None  # the ring of leaks has it
        for _ in range(16): call(keep)
        kept.clear()
        call(keep); gc.collect()
        assert code() is None
        """,
            options=", pool_size=30",
        )
    )


# ------------------------------------------------------------------------------------ who holds it


@both
def test_a_held_connection_has_its_request_and_thread(run: Run, poolclass: str) -> None:  # noqa: F811
    run(
        joined(
            """
        def work():
            with engine.connect():
                row = one()
                assert row["in_flight"] < 256 and row["lane"] == "request", row
                assert row["thread"] == threading.get_native_id() and row["pool"] == url, row
                assert row["leak"] == "" and row["state"] == "active", row
                assert book.now()["connection_since"] > 0
                with engine.connect(): assert len(held()) == 2
                assert book.now()["connection_since"] > 0
            assert book.now()["connection_since"] == 0
        call(work)
        with engine.connect():
            assert one()["in_flight"] == 256 and one()["lane"] == "task"
        assert held() == [] and probe.held_connections() == []
        stats = book.stats(url)
        assert (stats["checkouts"], stats["task_checkouts"]) == (2, 1), stats
        assert stats["fair"] == int(type(engine.pool) is FairPool), stats
        assert stats["active"] == 0 and stats["hold_ns"] > 0, stats
        assert not any(count for name, count in stats.items() if name.startswith("leaks"))
        """,
            poolclass,
        )
    )


def test_all_other_pools_are_seen(run: Run) -> None:  # noqa: F811
    run(
        joined("""
        for poolclass in (sa.pool.NullPool, sa.pool.StaticPool, sa.pool.SingletonThreadPool):
            other = sa.create_engine(url, poolclass=poolclass)
            for _ in range(3):
                with other.connect(): assert one()["pool"] == url
                assert held() == []
            other.dispose()
            with other.connect(): assert one()["pool"] == url  # of the pool that came after
            with other.connect() as connection:
                connection.detach()  # the app's own from now on
                assert held() == []
        assert not sa.pool.QueuePool(lambda: None).dispatch.checkout  # none on all pools
        """)
    )


def test_password_and_user_are_not_in_the_name(run: Run) -> None:  # noqa: F811
    run(
        joined("""
        from stirbar.pool_names import pool_name
        name = pool_name(sa.engine.make_url("mysql+pymysql://user:secret@db.example.org:3307/shop?a=b"))
        assert name == "mysql://db.example.org:3307/shop", name
        assert pool_name(sa.engine.make_url("sqlite://")) == "sqlite:///"
        """)
    )


@both
def test_statements_and_transactions(run: Run, poolclass: str) -> None:  # noqa: F811
    run(
        joined(
            """
        select = sa.text("select 1")
        def state(): return one()["statements"], one()["in_transaction"]
        def work():
            with engine.connect() as connection:
                assert state() == (0, False)
                connection.execute(select); connection.execute(select)
                assert state() == (2, True)
                connection.commit(); assert state() == (2, False)
                connection.execute(select); assert state() == (3, True)
                connection.rollback(); assert state() == (3, False)
                try: connection.execute(sa.text("nonsense"))
                except sa.exc.OperationalError: pass
                assert state() == (4, True)
            with engine.connect() as connection: assert state() == (0, False)
        call(work); work()
        """,
            poolclass,
        )
    )


@both
def test_each_of_several_connections_gets_its_own_statements(run: Run, poolclass: str) -> None:  # noqa: F811
    run(
        joined(
            """
        select = sa.text("select 1")
        def counted():
            rows = held()
            return sorted((row["statements"], row["in_transaction"]) for row in rows)
        def work():
            with engine.connect() as first, engine.connect() as second, engine.connect() as third:
                for _ in range(2): first.execute(select)
                for _ in range(5): second.execute(select)
                assert counted() == [(0, False), (2, True), (5, True)], counted()
                second.commit()
                assert counted() == [(0, False), (2, True), (5, False)], counted()
        call(work); work()
        """,
            poolclass,
        )
    )


@both
def test_holders_longest_first(run: Run, poolclass: str) -> None:  # noqa: F811
    run(
        joined(
            """
        assert probe.holders_text(url) == ""
        for _ in range(2): keep()
        call(keep)
        keep()
        text = probe.holders_text(url)
        holders = text.split("; ")
        assert len(holders) == 3, text
        thread = f"thread {threading.get_native_id()} for 0."
        assert holders[0].startswith(thread) and holders[1].startswith(thread), text
        assert holders[2].startswith("a request for 0."), text
        assert ", leaked (/app/views.py:1 in keep)" in holders[2], text
        assert probe.holders_text("mysql://db.example.org/other") == ""
        """,
            poolclass,
        )
    )


# ------------------------------------------------------------------------------------------- leaks


@both
def test_a_connection_still_held_when_its_request_has_ended(run: Run, poolclass: str) -> None:  # noqa: F811
    # R-POOL-3
    run(
        joined(
            """
        call(keep)
        assert one()["leak"] == "confirmed"
        (leak,) = book.leaks()
        assert leak["kind"] == "confirmed" and leak["pool"] == url and leak["code"] != 0, leak
        assert leak["holder"] == "connection" and leak["reclaimed"] == 0, leak
        call(lambda: None)
        assert len(book.leaks()) == 1  # once
        kept.pop().close()
        stats = book.stats(url)
        assert stats["leaks_confirmed"] == 1 and stats["leaks_returned"] == 1, stats
        assert stats["leaks_collected"] == 0 and stats["leaks_suspect"] == 0, stats
        assert [kind for kind, _ in book.events()] == ["leaked", "returned"], book.events()
        assert book.events()[0][1] == (
            f"{url}: would be taken back, taken at /app/views.py:1 in keep"
        ), book.events()
        """,
            poolclass,
        )
    )


def test_a_connection_given_to_a_thread_is_reported_too(run: Run) -> None:  # noqa: F811
    run(
        joined("""
        go = threading.Event()
        def work():
            connection = engine.connect()
            def later(): go.wait(); connection.execute(sa.text("select 1")); connection.close()
            kept.append(threading.Thread(target=later)); kept[0].start()
        call(work)
        assert one()["leak"] == "confirmed"
        go.set(); kept[0].join()
        assert held() == [] and book.stats(url)["leaks_returned"] == 1
        """)
    )


def test_a_streamed_body_holds_until_it_is_closed(run: Run) -> None:  # noqa: F811
    run(
        joined("""
        def chunks():
            with engine.connect():
                yield b"one"
                yield b"two"
        body = stream(chunks)
        assert next(iter(body)) == b"one" and one()["leak"] == ""
        body.close()
        assert book.leaks() == [] and held() == []
        def losing():
            keep()
            yield b"one"
        body = stream(losing); next(iter(body))
        assert one()["leak"] == ""
        body.close()
        assert one()["leak"] == "confirmed"
        """)
    )


@both
def test_held_for_long_is_suspect(run: Run, poolclass: str) -> None:  # noqa: F811
    run(
        joined(
            """
        def work():
            keep()
            wait_until(lambda: one()["leak"] == "suspect")
        call(work)
        (leak,) = book.leaks()
        assert leak["kind"] == "suspect" and leak["held_seconds"] > 0.2, leak
        assert one()["leak"] == "confirmed"
        stats = book.stats(url)
        assert stats["leaks_suspect"] == 1 and stats["leaks_confirmed"] == 1
        kept.pop().close()
        assert book.stats(url)["leaks_returned"] == 1 and len(book.leaks()) == 1
        keep()
        wait_until(lambda: one()["leak"] == "suspect")
        kept.pop().close()
        assert book.stats(url)["leaks_returned"] == 2
        """,
            settings="pool_leak_threshold=0.2",
        )
    )


@both
def test_given_back_by_the_garbage_collector(run: Run, poolclass: str) -> None:  # noqa: F811
    run(
        joined(
            """
        def lose(): engine.connect()
        def lose_in_a_circle():
            circle = [engine.connect()]; circle.append(circle)
        def lose_raw(): engine.raw_connection()
        from sqlalchemy.orm import Session
        def lose_session():
            Session(engine).execute(sa.text("select 1"))
            gc.collect()  # a session refers to itself
        for work, holder in ((lose, "connection"), (lose_raw, "raw"), (lose_session, "session")):
            call(work)
            leak = book.leaks()[-1]
            assert (leak["kind"], leak["holder"]) == ("collected", holder), leak
        lose_in_a_circle(); gc.collect()
        assert book.leaks()[-1]["kind"] == "collected" and len(book.leaks()) == 4
        assert held() == []
        stats = book.stats(url)
        assert stats["leaks_collected"] == 4 and stats["leaks_returned"] == 0, stats
        with engine.connect() as connection: connection.execute(sa.text("select 1"))
        engine.raw_connection().close()
        assert book.stats(url)["leaks_collected"] == 4
        """,
            poolclass,
        )
    )


def test_a_thread_that_has_ended_leaks_what_it_held(run: Run) -> None:  # noqa: F811
    run(
        joined("""
        def lose(): thread = threading.Thread(target=keep); thread.start(); thread.join()
        def leaks(): return sorted(row["leak"] for row in held())
        lose()
        wait_until(lambda: leaks() == ["confirmed"])
        assert book.leaks()[0]["kind"] == "confirmed" and book.leaks()[0]["route"] is None
        keep(); lose()  # this thread lives, and is looked at as well
        wait_until(lambda: leaks() == ["", "confirmed", "confirmed"])
        """)
    )


def test_the_same_leak_does_not_fill_the_events(run: Run) -> None:  # noqa: F811
    run(
        joined("""
        def lose(): engine.connect()
        for _ in range(100): call(lose)
        assert book.stats(url)["leaks_collected"] == 100 and len(book.events()) == 1
        """)
    )


# ----------------------------------------------------------------------------------------- reclaim

LEAKING_APP = """
    def leak():
        connection = engine.connect()
        text = "insert into t values (1)" if len(kept) % 100 == 0 else "select a from t"
        connection.execute(sa.text(text))
        kept.append(connection)
    for _ in range(CALLS): call(leak)
    stats = book.stats(url)
    assert stats["leaks_confirmed"] == CALLS == stats["leaks_reclaimed"], stats
    assert stats["leaks_returned"] == 0 and stats["leaks_collected"] == 0, stats
    assert held() == [] and engine.pool.checkedout() == 0
    assert {leak["reclaimed"] for leak in book.leaks()} == {ORDER}
    # Nobody's work was committed, and no late user gets what is another's by now.
    from stirbar.leaks import ConnectionReclaimed
    def check():
        with engine.connect() as fresh:
            assert fresh.execute(sa.text("select count(*) from t")).scalar() == 0
            for connection in kept[-20:]:
                for use in (lambda: connection.execute(sa.text("select 1")),
                            lambda: connection.connection.cursor(),
                            lambda: connection.connection.total_changes):
                    try: use()
                    except sa.exc.ResourceClosedError: pass
                    except sa.exc.PendingRollbackError: pass
                    else: raise AssertionError("it is usable")
            for connection in kept: connection.close()
            assert len(held()) == 1
            assert fresh.execute(sa.text("select 1")).scalar() == 1
    call(check)
    kept.clear(); gc.collect()
    assert held() == [] and engine.pool.checkedout() == 0
"""


@both
def test_an_app_that_leaks_at_each_call_goes_on(run: Run, poolclass: str) -> None:  # noqa: F811
    # R-POOL-3
    for close, calls in ((0, 10_000), (1, 1_000)):
        run(
            joined(
                "    with engine.begin() as c: c.execute(sa.text('create table t (a)'))"
                + LEAKING_APP.replace("ORDER", str(1 + close)).replace("CALLS", str(calls)),
                poolclass=poolclass,
                options=", pool_size=5, max_overflow=10, pool_timeout=1",
                settings=f"pool_leak_reclaim=2, pool_leak_close={close}",
            )
        )


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("", True),
        ("pool_leak_reclaim=1", True),
        ("pool_leak_reclaim=2, observe_only=1", True),
        ("pool_leak_reclaim=0", False),
    ],
)
def test_nothing_is_reclaimed_while_that_is_off_or_observed(
    run: Run,  # noqa: F811
    settings: str,
    told: bool,
) -> None:
    run(
        joined(
            f"""
            for _ in range(3): call(keep)
            assert len(held()) == 3
            assert kept[0].execute(sa.text("select 1")).scalar() == 1
            assert book.stats(url)["leaks_reclaimed"] == 0
            [(kind, text)] = book.events()
            assert kind == "leaked" and ("would be taken back" in text) is {told}, text
                """,
            settings=settings,
        )
    )


@both
def test_what_is_in_somebodys_hands_is_closed(run: Run, poolclass: str) -> None:  # noqa: F811
    run(
        joined(
            """
        def with_cursor():
            fairy = engine.raw_connection(); kept.append(fairy)
            cursor = fairy.cursor(); cursor.execute("select 1"); kept.append(cursor)
        call(with_cursor)
        assert book.stats(url)["leaks_reclaimed"] == 1 and engine.pool.checkedout() == 0
        import sqlite3
        try: kept[1].execute("select 1")
        except sqlite3.ProgrammingError: pass
        else: raise AssertionError("its connection is in the pool")
        with engine.connect() as connection: connection.execute(sa.text("select 1"))
        """,
            settings="pool_leak_reclaim=2",
        )
    )


def test_a_connection_that_runs_a_statement_is_left_alone(run: Run) -> None:  # noqa: F811
    run(
        joined(
            """
        @sa.event.listens_for(engine, "connect")
        def with_wait(connection, record):
            connection.create_function("wait", 0, lambda: go.wait(20))
        go = threading.Event(); results = []
        def work():
            connection = engine.connect()
            def later(): results.append(connection.execute(sa.text("select wait()")).scalar())
            kept.append(threading.Thread(target=later)); kept[0].start()
            wait_until(lambda: one()["statements"] == 1)
        call(work)
        assert one()["leak"] == "confirmed"
        go.set(); kept[0].join()
        assert results == [1], results
        # Looked at again by a later request.
        wait_until(lambda: call(lambda: None) or book.stats(url)["leaks_reclaimed"] == 1)
        """,
            settings="pool_leak_reclaim=2",
        )
    )


def test_an_exception_of_the_app_survives_the_reclaim(run: Run) -> None:  # noqa: F811
    run(
        joined(
            """
        def fail(): keep(); raise KeyError("mine")
        try: call(fail)
        except KeyError as fault: assert fault.args == ("mine",)
        else: raise AssertionError
        assert book.stats(url)["leaks_reclaimed"] == 1
        """,
            settings="pool_leak_reclaim=2",
        )
    )


# ----------------------------------------------------------------------------------------- the rest


def test_slow_queries_are_kept_without_their_values(run: Run) -> None:  # noqa: F811
    # R-POOL-9
    run(
        joined(
            """
        @sa.event.listens_for(engine, "connect")
        def with_sleep(connection, record):
            def sleep(ms): time.sleep(ms / 1e3)
            connection.create_function("sleep", 1, sleep)
            connection.create_function("fail", 1, lambda ms: sleep(ms) or 1 / 0)
        def work():
            with engine.connect() as connection:
                connection.execute(sa.text("select sleep(60), 'secret'"))
                connection.execute(sa.text("select sleep(1)"))
                try: connection.execute(sa.text("select fail(61)"))
                except sa.exc.OperationalError: pass
        call(work)
        texts = [row[:3] for row in book.slow_queries()]
        assert texts == [("select sleep(?), ?", url, None), ("select fail(?)", url, None)], texts
        assert all(0.05 < row[3] < 5 for row in book.slow_queries())
        assert [kind for kind, _ in book.events()] == ["slow query"]  # one a second
        work()  # of a task
        assert len(book.slow_queries()) == 4
        """,
            settings="slow_query_threshold=0.05",
        )
    )


@both
def test_a_childs_book_is_its_own(run: Run, poolclass: str) -> None:  # noqa: F811
    run(
        joined(
            """
        call(keep)
        number = one()["number"]
        child = os.fork()
        if child == 0:
            try:
                assert probe.held_connections() == []
                kept.clear(); gc.collect()  # the parent's: it must not disturb
                attach_with()
                engine.dispose(close=False)
                call(keep)
                assert one()["leak"] == "confirmed" and len(probe.held_connections()) == 1
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert one()["number"] == number and len(book.leaks()) == 1
        kept.pop().close()
        assert held() == [] and book.stats(url)["leaks_returned"] == 1
        """,
            poolclass,
        )
    )


def test_another_segment_begins_anew(run: Run) -> None:  # noqa: F811
    run(
        joined(
            """
        from child import SEGMENT
        keep(); call(keep)
        os.rename(SEGMENT, SEGMENT + ".old")
        book.bytes[2048:2048] = b""
        import mmap, struct
        wait_until(lambda: os.path.exists(SEGMENT))
        wait_until(lambda: Book().pools_at() and probe.trouble() == "")
        book = Book()
        wait_until(lambda: probe.held_connections() == [])
        kept.pop().close()  # of the old one: ignored
        keep()
        assert one()["statements"] == 0 and len(probe.held_connections()) == 1
        kept.pop().close(); kept.pop().close()
        assert held() == [] and book.stats(url)["task_checkouts"] == 1
        """,
        )
    )


def test_more_connections_than_there_is_room_for(run: Run) -> None:  # noqa: F811
    run(
        joined(
            """
        for _ in range(300): keep()
        assert len(held()) == 256
        for connection in kept: connection.close()
        assert held() == []
        keep(); assert one()
        """,
            options=", pool_size=300",
        )
    )


def test_without_a_segment_the_app_runs(run: Run) -> None:  # noqa: F811
    run("""
        from parts import hook
        import sqlalchemy as sa
        hook()
        engine = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool)
        with engine.connect() as connection: connection.execute(sa.text("select 1"))
        assert probe.held_connections() == [] and probe.holders_text("x") == ""
        assert probe.book_connecting(1) == 0xFFFFFFFF
        probe.book_opened(0, 0); probe.book_closed(0)
        attach()
        with engine.connect() as connection:
            connection.execute(sa.text("select 1"))
            assert probe.held_connections()[0]["statements"] == 1
    """)
