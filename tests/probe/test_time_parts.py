"""Where the time of a request goes, from Python's side; see parts.py."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from test_wsgi_probe import Run, run  # noqa: E402, F401  (the fixture)

SQL = """
    from parts import *
    import sqlalchemy as sa
    hook(); attach()
    engine = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool,
                              connect_args={"check_same_thread": False})
    @sa.event.listens_for(engine, "connect")
    def with_sleep(connection, record):
        connection.create_function("sleep", 1, lambda ms: time.sleep(ms / 1e3))
    rows = Parts()
    def execute(text, **values):
        with engine.connect() as connection:
            return connection.execute(sa.text(text), values).all()
"""
REDIS = """
    from parts import *
    import redis
    hook(); attach()
    rows = Parts()
    class Fake(redis.Connection):
        def __init__(self, **more): super().__init__(); self.sent = 0
        def connect(self): pass
        def send_command(self, *args, **more): self.sent += 1; time.sleep(0.03)
        def send_packed_command(self, *args, **more): self.sent += 1; time.sleep(0.03)
        def can_read(self, *args, **more): return False
        def disconnect(self, *args, **more): pass
        def read_response(self, *args, **more): return b"OK"
    client = redis.Redis(connection_pool=redis.ConnectionPool(connection_class=Fake))
"""


def joined(*parts: str) -> str:
    return "".join(textwrap.dedent(part) for part in parts)


# -------------------------------------------------------------------------------------------- SQL


def test_statements_are_timed_and_counted(run: Run) -> None:  # noqa: F811
    run(
        joined(
            SQL,
            """
            def work():
                execute("select sleep(60)")
                execute("select 1")
                during = rows.now()
                assert during["activity"] == "" and during["ns"]["sql"] > 60e6, during
            call(work)
            parts = rows.counted_parts()
            assert parts["calls"]["sql"] == 2 and 60e6 < parts["ns"]["sql"] < 200e6, parts
            assert sum(parts["calls"].values()) - parts["calls"]["garbage"] == 2, parts
            execute("select sleep(10)")  # outside of a request
            assert rows.counted_parts() == parts
            """,
        )
    )


def test_the_page_sees_sql_while_it_runs(run: Run) -> None:  # noqa: F811
    run(
        joined(
            SQL,
            """
            execute("select 1")  # connecting is SQL time, too
            thread = threading.Thread(target=lambda: call(lambda: execute("select sleep(400)")))
            thread.start()
            wait_until(lambda: probe.state()["in_flight"] == 1 and rows.now()["activity"] == "sql")
            now = rows.now()
            assert 0 < time.monotonic_ns() - now["since"] < 400e6, now
            assert 0 < now["connection_since"] <= now["since"], now
            thread.join()
            """,
        )
    )


def test_a_failing_statement_passes_unchanged(run: Run) -> None:  # noqa: F811
    run(
        joined(
            SQL,
            """
            def work():
                try:
                    execute("select nothing from nowhere")
                except sa.exc.OperationalError as fault:
                    assert "nowhere" in str(fault)
                now = rows.now()
                assert now["activity"] == "" and now["calls"]["sql"] == 1, now
                with engine.begin() as connection:
                    connection.execute(sa.text("create table t (a int)"))
                    connection.execute(sa.text("insert into t values (:a)"), [{"a": 1}, {"a": 2}])
                return execute("select a from t")
            assert call(work) == [(1,), (2,)]
            assert rows.counted_parts()["calls"]["sql"] == 4
            """,
        )
    )


def test_methods_keep_their_signature_and_subclasses_work(run: Run) -> None:  # noqa: F811
    run(
        joined(
            SQL,
            """
            import inspect, pickle
            from sqlalchemy.engine.default import DefaultDialect
            from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
            assert list(inspect.signature(DefaultDialect.do_execute).parameters) == [
                "self", "cursor", "statement", "parameters", "context"]
            assert DefaultDialect.do_execute.__name__ == "do_execute"
            class Own(SQLiteDialect_pysqlite):
                def do_execute(self, cursor, statement, parameters, context=None):
                    cursor.execute(statement, parameters)
            from sqlalchemy.dialects import registry
            sys.modules["own_dialect"] = type(sys)("own_dialect")
            sys.modules["own_dialect"].Own = Own
            registry.register("own", "own_dialect", "Own")
            own = sa.create_engine("own://", poolclass=sa.pool.StaticPool)
            assert own.dialect.do_execute.__name__ == "do_execute"
            def work():
                with own.connect() as connection:
                    connection.execute(sa.text("select 1"))
            call(work)
            assert rows.counted_parts()["calls"]["sql"] >= 1
            again = DefaultDialect.do_execute
            hook()
            assert DefaultDialect.do_execute is again
            """,
        )
    )


def test_connections_held_are_counted_with_nested_ones(run: Run) -> None:  # noqa: F811
    run(
        joined(
            SQL,
            """
            engine = sa.create_engine("sqlite://", poolclass=sa.pool.QueuePool)
            def work():
                held = lambda: rows.now()["connection_since"]
                assert held() == 0
                first = engine.connect(); since = held()
                assert since > 0
                second = engine.connect()
                assert held() == since
                first.close()
                assert held() > since  # of the second
                second.close()
                assert held() == 0
                third = engine.connect()
                third.detach()
                assert held() == 0
                fourth = engine.connect()
                fourth.invalidate()
                assert held() == 0
                fourth.close()
                kept.append(engine.connect())
            kept = []
            call(work)
            def next_one():
                assert rows.now()["connection_since"] == 0
                kept.pop().close()  # what the request before had left
                assert rows.now()["connection_since"] == 0
            call(next_one)
            """,
        )
    )


# ----------------------------------------------------------------------------------- slow requests


def test_a_slow_request_is_recorded_with_its_statements(run: Run) -> None:  # noqa: F811
    run(
        joined(
            SQL,
            """
            probe.configure(os.environ["PROBE_SEGMENT"], "probe-test", [],
                            {"slow_request_threshold": 0.3})
            time.sleep(1.2)  # the beat thread looks once a second
            def work():
                execute("select 1")
                for _ in range(3): execute("select sleep(60) -- for alice")
                execute("select 'secret', sleep(:ms), 42", ms=150)
                time.sleep(0.05)
            call(work)
            (record,) = rows.slow()
            assert record["slow"] == 1 and record["status"] == 200, record
            assert record["duration_ns"] > 380e6 and record["ns"]["sql"] > 330e6
            assert record["calls"]["sql"] == 5
            texts = [(text, calls) for text, calls, _ in record["statements"]]
            assert texts == [("select sleep(?)", 3), ("select ?, sleep(?), ?", 1),
                             ("select ?", 1)], texts
            assert [ns for _, _, ns in record["statements"]] == sorted(
                (ns for _, _, ns in record["statements"]), reverse=True)
            call(lambda: None)
            assert len(rows.slow()) == 1
            """,
        )
    )


def test_the_ring_keeps_the_newest(run: Run) -> None:  # noqa: F811
    run(
        joined(
            SQL,
            """
            probe.configure(os.environ["PROBE_SEGMENT"], "probe-test", [],
                            {"slow_request_threshold": 0.01})
            time.sleep(1.2)
            for i in range(20): call(lambda: time.sleep(0.011 + i * 1e-3))
            slow = rows.slow()
            assert len(slow) == 16 and slow[-1]["duration_ns"] > 29e6
            """,
        )
    )


def test_statements_of_any_kind_do_no_harm(run: Run) -> None:  # noqa: F811
    run(
        joined(
            SQL,
            r"""
            probe.configure(os.environ["PROBE_SEGMENT"], "probe-test", [],
                            {"slow_request_threshold": 0.01})
            time.sleep(1.2)
            dialect = engine.dialect
            class Text(str): pass
            class Cursor:
                def execute(self, *args): time.sleep(0.002)
            def work():
                for text in ("\ud800 lone", "ä" * 500, Text("sub"), "", b"bytes", None):
                    dialect.do_execute(Cursor(), text, ())
                for i in range(100):
                    dialect.do_execute(Cursor(), "select " + "x" * i, ())
                dialect.do_execute(Cursor(), statement="by name", parameters=())
            references = sys.getrefcount(None)
            call(work)
            (record,) = rows.slow()
            assert record["calls"]["sql"] == 107, record
            assert len(record["statements"]) <= 3
            """,
        )
    )


# ------------------------------------------------------------------------------------------- Redis


def test_redis_commands_are_timed(run: Run) -> None:  # noqa: F811
    run(
        joined(
            REDIS,
            """
            def work():
                client.set("a", 1)
                assert rows.now()["activity"] == ""
                pipeline = client.pipeline(transaction=False)
                pipeline.get("a"); pipeline.get("b")
                assert rows.now()["calls"]["redis"] == 1
                pipeline.execute()
            call(work)
            parts = rows.counted_parts()
            assert parts["calls"]["redis"] == 2 and parts["ns"]["redis"] > 55e6, parts
            """,
        )
    )


def test_a_redis_that_is_down_raises_as_ever(run: Run) -> None:  # noqa: F811
    run("""
        from parts import *
        import redis
        hook(); attach()
        rows = Parts()
        def work():
            try:
                redis.Redis(port=1).get("a")
            except redis.ConnectionError:
                return rows.now()
        now = call(work)
        assert now["activity"] == "" and now["calls"]["redis"] == 1, now
        assert redis.Redis.execute_command.__name__ == "execute_command"
    """)


# ------------------------------------------------------------------------------------ outgoing HTTP


def test_a_wrong_argument_is_no_failure_of_the_host(run: Run) -> None:  # noqa: F811
    run("""
        from parts import *
        import http.client, socket
        hook(); attach()
        rows = Parts()
        listener = socket.create_server(("127.0.0.1", 0))
        def answer():
            peer, _ = listener.accept()
            peer.recv(65536)
            peer.sendall(b"HTTP/1.1 204 No Content\\r\\n\\r\\n")
        threading.Thread(target=answer).start()
        port = listener.getsockname()[1]
        def work():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/")
            try:
                connection.getresponse(buffering=True)  # what urllib3 1.26 tries first
            except TypeError:
                pass
            assert connection.getresponse().status == 204
            return rows.now()
        assert call(work)["calls"]["http"] == 1
        host = rows.hosts()[f"127.0.0.1:{port}"]
        assert (host["calls"], host["failures"]) == (1, 0), host
        assert probe.state()["in_flight"] == 0 and rows.get("probe_faults") == 0
    """)


# ------------------------------------------------------------------- garbage, interpreter lock


def test_pauses_of_the_collector_go_to_the_request(run: Run) -> None:  # noqa: F811
    run("""
        from parts import *
        hook(); attach()
        rows = Parts()
        gc.disable()
        kept = [[i] for i in range(300_000)]
        gc.collect()
        assert rows.counted_parts()["calls"]["garbage"] == 0
        call(gc.collect)
        parts = rows.counted_parts()
        assert parts["calls"]["garbage"] == 1 and parts["ns"]["garbage"] > 1e6, parts
    """)


@pytest.mark.skipif(sys.version_info < (3, 10), reason="not supported")
def test_waits_for_the_interpreter_lock_are_sampled(run: Run) -> None:  # noqa: F811
    run("""
        from parts import *
        import ctypes
        attach()
        rows = Parts()
        usleep = ctypes.PyDLL(None).usleep  # keeps the interpreter lock
        started, ended = threading.Event(), threading.Event()
        def wait():
            started.set()
            while not ended.is_set(): pass
        requests_ = [threading.Thread(target=call, args=(wait,))]
        for thread in requests_: thread.start()
        started.wait()
        usleep(1_000_000)
        ended.set()
        for thread in requests_: thread.join()
        parts = rows.counted_parts()
        assert 0.5e9 < parts["ns"]["lock"] < 1.6e9, parts
        assert parts["calls"]["lock"] >= 5, parts
        before = parts["calls"]["lock"]
        call(lambda: time.sleep(0.5))
        call(lambda: threading.Event().wait(0.5))
        assert rows.counted_parts()["calls"]["lock"] == before
    """)


# ------------------------------------------------------------------------- without, and in disorder


def test_nothing_is_hooked_when_disabled() -> None:
    program = """
        import gc, http.client
        import redis, sqlalchemy, stirbar
        from stirbar import libraries
        libraries.hook_loaded_libraries()
        assert gc.callbacks == []
        for method in (sqlalchemy.engine.default.DefaultDialect.do_execute,
                       redis.Redis.execute_command, http.client.HTTPConnection.connect):
            assert type(method).__name__ == "function" and not hasattr(method, "__wrapped__")
        stirbar.protect("127.0.0.1:80")
    """
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env={**os.environ, "STIRBAR_DISABLED": "1"},
        check=True,
        timeout=60,
    )


def test_a_library_of_another_shape_is_left_alone_with_one_warning(run: Run) -> None:  # noqa: F811
    done = run("""
        from parts import *
        import logging, redis
        logging.basicConfig()
        before = redis.Redis.execute_command
        del redis.client.Pipeline.execute
        hook(); hook()
        assert redis.Redis.execute_command is before
    """)
    assert done.stderr.count("redis") == 2 and "not measured" in done.stderr, done.stderr


def test_without_a_segment_everything_is_called_on(run: Run) -> None:  # noqa: F811
    run("""
        from parts import *
        import sqlalchemy as sa, redis, http.client
        hook()
        with sa.create_engine("sqlite://").connect() as connection:
            assert connection.execute(sa.text("select 1")).scalar() == 1
        assert probe.outgoing_timeouts()[0] == 0
        try:
            http.client.HTTPConnection("127.0.0.1", 1).request("GET", "/")
        except ConnectionRefusedError:
            pass
    """)


def test_greenlets_that_take_turns_keep_their_own_accounts(run: Run) -> None:  # noqa: F811
    run(
        joined(
            "from gevent import monkey; monkey.patch_all()\n",
            SQL,
            """
            import gevent, flask
            from stirbar.instrument import instrument
            app = flask.Flask("shop")
            instrument(app)
            turns = []
            def statements(count):
                for number in range(count):
                    execute("select 1")
                    turns.append(flask.request.path)
                    gevent.sleep(0)
                return "done"
            app.add_url_rule("/one", view_func=lambda: statements(1), endpoint="one")
            app.add_url_rule("/four", view_func=lambda: statements(4), endpoint="four")
            paths = ["/one", "/four"] * 5
            threads = [gevent.spawn(lambda p=p: app.test_client().get(p).text) for p in paths]
            assert all(thread.get() == "done" for thread in threads)
            assert turns[:10] == paths, "they did not take turns"
            routes = rows.routes()
            assert routes["/one"]["part_calls"][0] == 5, routes
            assert routes["/four"]["part_calls"][0] == 20, routes
            """,
        )
    )


def test_an_asynchronous_engine_is_left_alone(run: Run) -> None:  # noqa: F811
    run(
        joined(
            SQL,
            """
            class Asynchronous(type(engine.dialect)):
                is_async = True
            class Cursor:
                def execute(self, *args): pass
            dialect = Asynchronous()
            def work():
                dialect.do_execute(Cursor(), "select 1", ())
                return rows.now()
            now = call(work)
            assert now["calls"]["sql"] == 0, now
            """,
        )
    )


def test_a_thread_that_the_end_of_the_interpreter_meets_in_a_statement(run: Run) -> None:  # noqa: F811
    run(
        joined(
            SQL,
            """
            thread = threading.Thread(
                target=lambda: call(lambda: execute("select sleep(5000)")), daemon=True)
            thread.start()
            wait_until(lambda: probe.state()["in_flight"] == 1 and rows.now()["activity"] == "sql")
            """,
        )
    )
