"""The native probe from Python's side: each test runs a program in a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run() -> Iterator[Run]:
    """Runs a program that begins with `from child import *`; it must end with status 0."""
    # Shared memory, as in production: the segment's holes cost nothing there.
    folder = tempfile.mkdtemp(prefix="stirbar-probe-", dir="/dev/shm")

    def run_program(
        program: str, *options: str, status: int = 0, **more: str
    ) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "STIRBAR_RUNTIME_DIR": folder,
            "PROBE_SEGMENT": f"{folder}/probe.segment",
            "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]),
            **more,
        }
        for name in ("STIRBAR_SEGMENT", "STIRBAR_DISABLED"):
            environment.pop(name, None)
        done = subprocess.run(
            [sys.executable, *options, "-c", "from child import *\n" + textwrap.dedent(program)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == status, f"status {done.returncode}\n{done.stdout}{done.stderr}"
        assert "Fatal Python error" not in done.stderr, done.stderr
        return done

    yield run_program
    shutil.rmtree(folder, ignore_errors=True)


# ------------------------------------------------------------------------------ what is counted


def test_counts_by_status_class(run: Run) -> None:
    run("""
        attach()
        def app(environ, start_response):
            start_response(environ["PATH_INFO"][1:] + " Said So", [])
            return []
        served = probe.middleware(app)
        for status in ("200", "201", "302", "404", "404", "500", "101", "nonsense", ""):
            served(environ(path="/" + status), start_response)
        assert Rows().counted()["status"] == [1, 2, 1, 2, 3], Rows().counted()
        assert probe.state()["in_flight"] == 0
    """)


def test_an_exception_passes_unchanged_and_counts(run: Run) -> None:
    run("""
        import traceback
        attach()
        raised = ValueError("mine")
        def app(environ, start_response):
            raise raised from KeyError("cause")
        served = probe.middleware(app)
        references = sys.getrefcount(raised)
        for _ in range(2):
            try:
                served(environ(), start_response)
            except ValueError as caught:
                assert caught is raised and isinstance(caught.__cause__, KeyError)
                names = [frame.name for frame in traceback.extract_tb(caught.__traceback__)]
                assert names == ["<module>", "app"], names
                caught.__traceback__ = None
            else:
                assert False
        assert Rows().counted()["status"] == [0, 0, 0, 0, 2]
        assert Rows().counted()["exceptions"] == 2
        assert sys.getrefcount(raised) == references
        for exit in (SystemExit(3), KeyboardInterrupt(), GeneratorExit()):
            def ending(environ, start_response, exit=exit):
                start_response("200 OK", [])
                raise exit
            try:
                probe.middleware(ending)(environ(), start_response)
            except BaseException as caught:
                assert caught is exit
        assert Rows().counted()["exceptions"] == 5
    """)


def test_a_stream_ends_when_it_is_closed(run: Run) -> None:
    run("""
        attach()
        closed = []
        def app(environ, start_response):
            start_response("200 OK", [])
            try:
                yield b"one"
                yield b"two"
            finally:
                closed.append(True)
        def eager(environ, start_response):
            result = app(environ, start_response)
            return result
        served = probe.middleware(eager)
        body = served(environ(), start_response)
        assert next(body) == b"one"
        assert requests() == 0 and Rows().in_flight() == [(None, 2)]
        assert b"".join(body) == b"two"
        assert requests() == 0
        body.close()
        body.close()
        assert requests() == 1 and Rows().in_flight() == [] and closed == [True]
        early = served(environ(), start_response)  # closed before its end
        next(early); early.close()
        assert len(closed) == 2 and requests() == 2
        unread = served(environ(), start_response)  # a HEAD request: closed unread
        unread.close()
        assert requests() == 3
        never = served(environ(), start_response)  # a server that forgets to close
        next(never); del never
        assert requests() == 4 and len(closed) == 3
        assert Rows().counted()["status"] == [0, 3, 0, 0, 1], Rows().counted()  # one never started
    """)


def test_start_response_may_be_called_late(run: Run) -> None:
    run("""
        attach()
        said = []
        def app(environ, start_response):
            start_response("404 Not Found", [("Content-Length", "3")])
            yield b"abc"
        def server(status, headers, exc_info=None):
            said.append((status, headers))
        served = probe.middleware(app)
        for _ in range(3):
            assert body_of(served(environ(), server)) == b"abc"
        assert said == [("404 Not Found", [("Content-Length", "3")])] * 3
        assert Rows().counted()["status"] == [0, 0, 0, 3, 0]
    """)


def test_a_stream_that_fails_counts_as_an_exception(run: Run) -> None:
    run("""
        attach()
        raised = OSError("broken")
        class Bad:
            def __iter__(self): return self
            def __next__(self): raise raised
            def close(self): pass
        class BadClose(Bad):
            def __next__(self): raise StopIteration
            def close(self): raise raised
        class NoIterator:
            pass
        for body in (Bad(), BadClose(), NoIterator()):
            def app(environ, start_response):
                start_response("200 OK", [])
                return body
            result = probe.middleware(app)(environ(), start_response)
            try:
                body_of(result)
            except (OSError, TypeError) as caught:
                assert caught is raised or "not iterable" in str(caught), caught
            else:
                assert False, body
            del result
        assert Rows().counted()["exceptions"] >= 2
        assert requests() == 3 and probe.state()["in_flight"] == 0
    """)


def test_what_has_a_known_end_is_not_wrapped(run: Run) -> None:
    run("""
        from wsgiref.util import FileWrapper
        import io
        attach()
        def send(body, headers=(), **more):
            def app(environ, start_response):
                start_response("200 OK", list(headers))
                return body
            return probe.middleware(app)(environ(**more), start_response)
        for body in ([b"x"], (b"x",), []):
            assert send(body) is body
        stream = iter([b"x"])
        assert send(stream, [("content-LENGTH", "1")]) is stream
        assert requests() == 4
        wrapped = FileWrapper(io.BytesIO(b"x"))
        assert send(wrapped, **{"wsgi.file_wrapper": FileWrapper}) is wrapped
        def like_uwsgi(file, size=0): return file
        file = io.BytesIO(b"x")
        assert send(file, **{"wsgi.file_wrapper": like_uwsgi}) is file
        assert requests() == 6
        assert send(stream, **{"wsgi.file_wrapper": FileWrapper}) is not stream
        assert send(stream, **{"wsgi.file_wrapper": like_uwsgi}) is not stream
        name = "Content-Length"
        for odd in ([(name,)], [(name, "1", "2")], [None], [(5, 5)], None, ()):
            def app(environ, start_response):
                start_response("200 OK", odd)
                return stream
            body_of(probe.middleware(app)(environ(), start_response))
    """)


def test_start_response_is_the_servers_own(run: Run) -> None:
    run("""
        attach()
        calls = []
        written = []
        def server(*arguments, **keywords):
            calls.append((arguments, keywords))
            return written.append
        def app(environ, start_response):
            write = start_response("200 OK", [])
            write(b"by hand")
            try:
                raise ValueError("late")
            except ValueError:
                info = sys.exc_info()
            start_response("500 Oops", [], info)
            start_response("503 Oops", [], exc_info=info)
            return []
        probe.middleware(app)(environ(), server)
        assert written == [b"by hand"]
        assert calls[0] == (("200 OK", []), {})
        assert calls[1][0][:2] == ("500 Oops", []) and calls[1][0][2][0] is ValueError
        assert calls[2][1]["exc_info"][0] is ValueError
        assert Rows().counted()["status"] == [0, 0, 0, 0, 1]
        def refusing(status, headers, exc_info=None):
            raise AssertionError("headers already set")
        try:
            probe.middleware(plain)(environ(), refusing)
        except AssertionError:
            pass
        else:
            assert False
        for wrong in ((), ("200 OK",), (1, 2, 3, 4, 5)):
            def bad(environ, start_response):
                start_response(*wrong)
            try:
                probe.middleware(bad)(environ(), lambda status, headers, exc_info=None: None)
            except TypeError:
                pass
            else:
                assert False
    """)


def test_start_response_after_the_end_is_an_error(run: Run) -> None:
    run("""
        attach()
        kept = []
        def app(environ, start_response):
            kept.append(start_response)
            start_response("200 OK", [])
            return []
        served = probe.middleware(app)
        for _ in range(3):
            served(environ(), start_response)
        assert len(set(map(id, kept))) == 3  # one that the app keeps is not used again
        for late in kept:
            try:
                late("200 OK", [])
            except RuntimeError as caught:
                assert "after the end" in str(caught)
            else:
                assert False
        served(environ(), start_response)
        assert requests() == 4
    """)


def test_the_servers_objects_go_with_the_request(run: Run) -> None:
    run("""
        import weakref
        attach()
        class Server:
            def __call__(self, status, headers, exc_info=None): pass
        def failing(environ, start_response): raise ValueError
        def silent(environ, start_response): return []
        def stream(environ, start_response): yield b""
        for app in (plain, failing, silent, stream):
            server = Server()
            gone = weakref.ref(server)
            try:
                body_of(probe.middleware(app)(environ(), server))
            except ValueError:
                pass
            del server
            assert gone() is None, app
    """)


def test_odd_calls_fail_as_they_would_without(run: Run) -> None:
    run("""
        attach()
        served = probe.middleware(plain)
        for call in (lambda: served(), lambda: served({}), lambda: served({}, 1, 2),
                     lambda: served({}, start_response, x=1), lambda: served({}, None),
                     lambda: served(1, None)):
            try:
                call()
            except TypeError:
                continue
            assert False
        assert served([("REQUEST_METHOD", "GET")], start_response) == [b"ok"]
        assert served({}, start_response) == [b"ok"]
        assert served({"REQUEST_METHOD": 5}, start_response) == [b"ok"]
        assert served(environ=environ(), start_response=start_response) == [b"ok"]
        try:
            probe.middleware(5)({}, None)
        except TypeError:
            pass
        else:
            assert False
    """)


def test_middleware_looks_like_what_it_wraps(run: Run) -> None:
    run("""
        import inspect, weakref
        plain.colour = "blue"
        served = probe.middleware(plain)
        assert served.__wrapped__ is plain and served.__name__ == "plain"
        assert served.colour == "blue" and callable(served)
        assert list(inspect.signature(served).parameters) == ["environ", "start_response"]
        assert not hasattr(served, "nothing")
        try:
            type(served)()
        except TypeError:
            pass
        else:
            assert False
        class App:
            def __call__(self, environ, start_response): return []
        app = App()
        app.wsgi = probe.middleware(app)
        app.hook = probe.route_hook(app, None)
        gone = weakref.ref(app)
        del app
        gc.collect()
        assert gone() is None
    """)


# --------------------------------------------------------------------------------------- Flask

FLASK = """
    import flask
    from stirbar.instrument import instrument
    attach()
    app = flask.Flask("shop")
    instrument(app)
    client = app.test_client()
    rows = Rows()
"""


def run_flask(run: Run, program: str) -> None:
    run(textwrap.dedent(FLASK) + textwrap.dedent(program))


def test_learns_the_rule_before_the_view_runs(run: Run) -> None:
    run_flask(
        run,
        """
        seen = []
        @app.before_request
        def before():
            seen.append(rows.in_flight())
        @app.route("/item/<int:number>", methods=["GET", "POST"])
        def item(number):
            seen.append(rows.in_flight())
            return {"number": number}
        assert client.get("/item/5").status_code == 200
        assert seen == [[("/item/<int:number>", 1)]] * 2, seen
        client.post("/item/6"); client.head("/item/6"); client.options("/item/6")
        client.get("/none"); client.delete("/item/5"); client.get("/wp-admin")
        found = rows.routes()
        assert set(found) == {"/item/<int:number>", ""}, found
        assert found[""]["status"] == [0, 0, 0, 3, 0]
        assert rows.in_flight() == []
        """,
    )


def test_requests_inside_requests(run: Run) -> None:
    run_flask(
        run,
        """
        @app.route("/deep/<int:left>")
        def deep(left):
            if left:
                assert app.test_client().get(f"/deep/{left - 1}").status_code == 200
            else:
                assert len(rows.in_flight()) == 31
                assert set(rows.in_flight()) == {("/deep/<int:left>", 1)}
            return flask.request.path
        assert client.get("/deep/30").text == "/deep/30"
        assert rows.routes()["/deep/<int:left>"]["status"] == [0, 31, 0, 0, 0]
        assert rows.in_flight() == []
        """,
    )


def test_an_error_in_the_view(run: Run) -> None:
    run_flask(
        run,
        """
        @app.route("/bad")
        def bad():
            raise ZeroDivisionError
        assert client.get("/bad").status_code == 500
        app.testing = True
        try:
            client.get("/bad")
        except ZeroDivisionError:
            pass
        else:
            assert False
        assert rows.routes()["/bad"]["status"] == [0, 0, 0, 0, 2]
        assert rows.routes()["/bad"]["exceptions"] == 1
        """,
    )


def test_streams_of_flask(run: Run) -> None:
    run_flask(
        run,
        """
        @app.route("/stream")
        def stream():
            return flask.Response(flask.stream_with_context(str(i) for i in range(3)))
        assert client.get("/stream").text == "012"
        with client.get("/stream", buffered=False) as response:
            assert rows.in_flight() == [("/stream", 2)]
        assert rows.in_flight() == []
        assert rows.routes()["/stream"]["status"] == [0, 2, 0, 0, 0]
        """,
    )


def test_many_greenlets_overflow_the_table_and_are_counted(run: Run) -> None:
    pytest.importorskip("gevent")
    run("""
        from gevent import monkey; monkey.patch_all()
        import gevent, gevent.event, flask
        from stirbar.instrument import instrument
        attach("gevent")
        app = flask.Flask("shop")
        instrument(app)
        go = gevent.event.Event()
        @app.route("/wait")
        def wait():
            go.wait()
            gevent.sleep(0)
            return "done"
        @app.route("/stream")
        def stream():
            def parts():
                yield "a"
                gevent.sleep(0)
                yield "b"
            return app.response_class(parts())
        greenlets = [gevent.spawn(lambda: app.test_client().get("/wait").text) for _ in range(1000)]
        gevent.sleep(0)
        rows = Rows()
        wait_until(lambda: rows.get("in_flight_overflow") == 1000 - 256)
        assert rows.in_flight() == [("/wait", 1)] * 256
        killed = greenlets[:10]
        gevent.killall(killed)
        go.set()
        gevent.joinall(greenlets)
        assert all(g.value == "done" for g in greenlets[10:])
        assert rows.routes()["/wait"]["status"] == [0, 990, 0, 0, 10], rows.routes()
        streams = [gevent.spawn(lambda: app.test_client().get("/stream").text) for _ in range(300)]
        gevent.joinall(streams)
        assert {g.value for g in streams} == {"ab"}
        assert rows.routes()["/stream"]["status"] == [0, 300, 0, 0, 0]
        assert probe.state()["in_flight"] == 0
        assert rows.get("lock_waits") > 0
    """)


# -------------------------------------------------------------------------- memory and references


def test_references_and_memory_stay_flat(run: Run) -> None:
    run("""
        attach()
        fixed = environ()
        body = [b"x"]
        part = b"chunk"
        raised = ValueError()
        def server(status, headers, exc_info=None): return None
        def listed(environ, start_response):
            start_response("200 OK", [])
            return body
        def streamed(environ, start_response):
            start_response("200 OK", [])
            return iter((part, part))
        def failing(environ, start_response):
            raise raised
        def silent(environ, start_response):
            return body
        apps = [listed, streamed, failing, silent]
        served = [probe.middleware(app) for app in apps]
        def round(times):
            for _ in range(times):
                for one in served:
                    try:
                        body_of(one(fixed, server))
                    except ValueError:
                        raised.__traceback__ = None
        def figures():
            gc.collect()
            with open("/proc/self/statm") as statm:
                pages = int(statm.read().split()[1])
            objects = (fixed, body, part, raised, server, *apps, *served)
            counts = [sys.getrefcount(each) for each in objects]
            return counts, len(gc.get_objects()), pages
        round(2000)
        before = figures()
        round(10_000)
        after = figures()
        assert after[0] == before[0], (before[0], after[0])
        assert after[1] - before[1] < 20, (before[1], after[1])
        assert after[2] - before[2] < 300, (before[2], after[2])
        assert requests() == 48_000
    """)


# -------------------------------------------------------------------------------- fork and exit


def test_a_request_begun_before_a_fork_counts_in_the_parent_only(run: Run) -> None:
    run("""
        attach()
        def app(environ, start_response):
            start_response("200 OK", [])
            app.child = os.fork()
            if environ["PATH_INFO"] == "/list":
                return [b"x"]
            return iter([b"x"])
        served = probe.middleware(app)
        for path in ("/list", "/stream"):
            body = served(environ(path=path), start_response)
            if app.child == 0:
                assert body_of(body) == b"x"
                assert probe.state() == {}
                for _ in range(5):
                    probe.middleware(plain)(environ(), start_response)
                state = probe.state()
                assert state["slot"] != 0 and state["requests"] == 5, state
                assert state["in_flight"] == 0, state
                os._exit(0 if state["pid"] == os.getpid() else 9)
            assert os.waitpid(app.child, 0)[1] == 0
            if path == "/stream":
                assert Rows().in_flight() == [(None, 2)]  # the child has not ended it
            body_of(body)
        assert probe.state()["requests"] == 2 and probe.state()["in_flight"] == 0
    """)


def test_children_of_a_fork_beat_for_themselves(run: Run) -> None:
    run("""
        attach()
        served = probe.middleware(plain)
        served(environ(), start_response)
        rows = Rows()
        children = []
        for _ in range(4):
            child = os.fork()
            if child == 0:
                served(environ(), start_response)
                slot = probe.state()["slot"]
                first = rows.get("heartbeat_ns", slot)
                wait_until(lambda: rows.get("heartbeat_ns", slot) > first)
                wait_until(lambda: rows.get("lock_waits", slot) > 1)
                sys.exit(0)  # in good order, atexit and all
            children.append(child)
        for child in children:
            assert os.waitpid(child, 0)[1] == 0
        assert requests() == 1
        for slot in range(1, 5):
            assert rows.get("state", slot) == 3, "said goodbye"
        assert rows.get("state", 0) == 2
    """)


def test_fork_while_threads_serve(run: Run) -> None:
    run("""
        attach()
        served = probe.middleware(plain)
        stop = False
        def work():
            while not stop:
                served(environ(), start_response)
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads: thread.start()
        for _ in range(30):
            child = os.fork()
            if child == 0:
                served(environ(), start_response)
                os._exit(0 if requests() == 1 else 9)
            assert os.waitpid(child, 0)[1] == 0
        stop = True
        for thread in threads: thread.join()
        assert probe.state()["in_flight"] == 0
    """)


@pytest.mark.parametrize("shutdown", ["registered", "missing"])
def test_exit_with_daemon_threads_serving(run: Run, shutdown: str) -> None:
    for _ in range(3):
        run(f"""
            import atexit
            attach()
            if {shutdown!r} == "missing":
                atexit.unregister(probe.shutdown)
            served = probe.middleware(plain)
            def stream(environ, start_response):
                start_response("200 OK", [])
                yield b"x"
            streaming = probe.middleware(stream)
            def work():
                while True:
                    served(environ(), start_response)
                    body_of(streaming(environ(), start_response))
            for _ in range(4):
                threading.Thread(target=work, daemon=True).start()
            wait_until(lambda: requests() > 200)
            sys.exit(0)
        """)


@pytest.mark.parametrize("shutdown", ["registered", "missing"])
def test_exit_while_a_thread_holds_the_lock(run: Run, shutdown: str) -> None:
    run(f"""
        import atexit
        attach()
        if {shutdown!r} == "missing":
            atexit.unregister(probe.shutdown)
        hold = lambda: [sum(range(2 * 10**7)) for _ in range(99)]
        threading.Thread(target=hold, daemon=True).start()
        time.sleep(0.3)
        sys.exit(0)
    """)


def test_exit_right_after_the_start(run: Run) -> None:
    for _ in range(5):
        run("attach(); sys.exit(0)")
        run("import atexit; attach(); atexit.unregister(probe.shutdown)")
        run("attach(); os._exit(0)")
        run("attach(); sys.exit(3)", status=3)


def test_atexit_of_the_app_may_still_be_served(run: Run) -> None:
    run("""
        import atexit
        def last():
            probe.middleware(plain)(environ(), start_response)
            assert requests() == 2
            probe.shutdown(); probe.shutdown()
            probe.middleware(plain)(environ(), start_response)
            os.write(1, b"served to the end")
        atexit.register(last)
        attach()
        probe.middleware(plain)(environ(), start_response)
    """)


# ------------------------------------------------------------------------------- native threads


def test_a_wait_for_the_lock_is_published_while_it_lasts(run: Run) -> None:
    run("""
        attach()
        rows = Rows()
        wait_until(lambda: rows.get("lock_waits") > 0)
        reader = os.fork()
        if reader == 0:  # from outside, as the supervisor
            wait_until(lambda: rows.get("lock_wait_since_ns", 0) != 0
                       and time.monotonic_ns() - rows.get("lock_wait_since_ns", 0) > 300_000_000)
            os._exit(0)
        while os.waitpid(reader, os.WNOHANG)[0] == 0:
            sum(range(3 * 10**7))  # holds the lock all the time
        wait_until(lambda: rows.get("lock_wait_max_ns") > 200_000_000)
    """)


def test_native_threads_leave_signals_to_the_app(run: Run) -> None:
    run("""
        import signal
        attach()
        def blocked(name):
            for task in os.listdir("/proc/self/task"):
                text = open(f"/proc/self/task/{task}/status").read()
                if f"Name:\\t{name}\\n" in text:
                    return int(text.split("SigBlk:")[1].split()[0], 16)
        for name in ("stirbar-beat", "stirbar-knock"):
            wait_until(lambda: blocked(name) is not None)
            mask = blocked(name)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
                assert mask >> (number - 1) & 1, number
            # A fault that is blocked ends the process, whatever handler there is.
            for number in (signal.SIGBUS, signal.SIGSEGV):
                assert not mask >> (number - 1) & 1, number
    """)


CLEANUP = """
    attach()
    rows = Rows()
    def order_cleanup(step=5):  # all garbage
        rows.put("directive_kind", 1)
        rows.put("directive_step", step)
        rows.put("directive_budget_ns", 10**9)
        rows.put("directive_ordered", rows.get("directive_ordered") + 1)
        wait_until(lambda: rows.get("directive_done") == rows.get("directive_ordered"))
"""


def test_a_cleanup_collects_garbage(run: Run) -> None:
    run(
        textwrap.dedent(CLEANUP)
        + textwrap.dedent("""
        import weakref
        gc.set_threshold(0)
        class Node: pass
        node = Node(); node.me = node
        gone = weakref.ref(node)
        del node
        order_cleanup()
        assert gone() is None
        order_cleanup()
        """)
    )


@pytest.mark.parametrize("step", [0, 7, 2**31])  # none, and what is no step
def test_an_order_to_clean_nothing_is_answered(run: Run, step: int) -> None:
    run(
        textwrap.dedent(CLEANUP)
        + textwrap.dedent(f"""
        probe.set_python_steps(0xFFFFFFFF)
        rows.put("directive_outcome", 0)
        order_cleanup({step})
        assert rows.get("directive_outcome") == 1  # nothing
        order_cleanup()
        assert rows.get("directive_outcome") == 0  # done
        """)
    )


def test_a_finalizer_may_ask_for_the_lock_again(run: Run) -> None:
    """As extensions do: PyGILState_Ensure on the thread that collects must not wait for itself."""
    run(
        textwrap.dedent(CLEANUP)
        + textwrap.dedent("""
        import ctypes
        gc.set_threshold(0)
        called = []
        callback = ctypes.CFUNCTYPE(None)(lambda: called.append(threading.get_ident()))
        library = ctypes.CDLL(None)
        class Node:
            def __del__(self):
                callback()  # gives the lock up, and takes it again by PyGILState_Ensure
                ctypes.pythonapi.PyGILState_Ensure.restype = ctypes.c_int
                state = ctypes.pythonapi.PyGILState_Ensure()
                ctypes.pythonapi.PyGILState_Release(ctypes.c_int(state))
        node = Node(); node.me = node
        del node
        order_cleanup()
        assert len(called) == 1 and called[0] != threading.get_ident()
        """)
    )


def test_a_finalizer_may_recurse_deeply(run: Run) -> None:
    run(
        textwrap.dedent(CLEANUP)
        + textwrap.dedent("""
        gc.set_threshold(0)
        sys.setrecursionlimit(3000)
        class Deep:
            def __repr__(self): return repr([self])[1:]
        class Node:
            def __del__(self):
                try:
                    repr(Deep())
                except RecursionError:
                    reached.append(True)
        reached = []
        node = Node(); node.me = node
        del node
        order_cleanup()
        assert reached == [True]
        """)
    )


# --------------------------------------------------------------------------- when the segment goes


@pytest.mark.parametrize("options", [(), ("-X", "faulthandler")])
@pytest.mark.parametrize("first", ["beat", "request"])
def test_the_app_survives_a_truncated_segment_and_moves_on(
    run: Run, options: tuple[str, ...], first: str
) -> None:
    run(
        f"""
        first = {first!r}
        attach()
        served = probe.middleware(plain)
        segment = os.environ["PROBE_SEGMENT"]
        for _ in range(100): served(environ(), start_response)
        os.truncate(segment, 0)
        if first == "beat":  # a native thread is the first to touch it
            wait_until(lambda: "truncated" in probe.trouble())
        wait_until(lambda: served(environ(), start_response) and "truncated" in probe.trouble())
        os.unlink(segment)
        wait_until(lambda: served(environ(), start_response) and probe.trouble() == "")
        before = requests()
        for _ in range(100): served(environ(), start_response)
        assert requests() == before + 100
        """,
        *options,
    )


def test_requests_that_outlive_their_segment(run: Run) -> None:
    run("""
        attach()
        def stream(environ, start_response):
            start_response("200 OK", [])
            yield b"x"
        served = probe.middleware(stream)
        old = [served(environ(), start_response) for _ in range(5)]
        os.unlink(os.environ["PROBE_SEGMENT"])
        wait_until(lambda: requests() == 0 and os.path.exists(os.environ["PROBE_SEGMENT"])
                   and probe.state()["in_flight"] == 0)
        new = [served(environ(), start_response) for _ in range(5)]
        for body in old: body_of(body)
        assert probe.state()["in_flight"] == 5
        for body in new: body_of(body)
        assert probe.state()["in_flight"] == 0 and requests() == 5
    """)


def test_a_full_segment_is_waited_for_without_leaks(run: Run) -> None:
    run("""
        probe.configure(os.environ["PROBE_SEGMENT"], "x", ["/bin/true"], {})
        if os.fork() == 0:
            attach()
            os._exit(0)
        os.wait()
        rows = Rows()
        for slot in range(128):
            rows.put("owner", 12345, slot)
        assert not probe.start("other") and "128 worker slots" in probe.trouble()
        served = probe.middleware(plain)
        assert served(environ(), start_response) == [b"ok"]
        descriptors = len(os.listdir("/proc/self/fd"))
        end = time.monotonic() + 3
        wait_until(lambda: time.monotonic() > end)
        assert len(os.listdir("/proc/self/fd")) <= descriptors + 1
        rows.put("owner", 0, 77)
        wait_until(lambda: probe.state().get("slot") == 77)
        served(environ(), start_response)
        assert requests() == 1 and probe.trouble() == ""
    """)


def test_a_slot_that_was_given_away_is_left(run: Run) -> None:
    """A supervisor that took this worker for dead has buried it alive."""
    run("""
        attach()
        rows = Rows()
        rows.put("owner", 12345)
        wait_until(lambda: probe.state()["slot"] == 1)
        probe.middleware(plain)(environ(), start_response)
        assert requests() == 1 and rows.get("owner", 0) == 12345
    """)


def test_an_unusable_segment_leaves_the_app_alone(run: Run) -> None:
    run("""
        segment = os.environ["PROBE_SEGMENT"]
        with open(segment, "wb") as file:
            file.write(os.urandom(10_000))
        os.chmod(segment, 0o600)
        assert probe.configure(segment, "x", [], {})
        served = probe.middleware(plain)
        assert served(environ(), start_response) == [b"ok"]
        assert "noise" in probe.trouble() and probe.state() == {}
        assert probe.supervisor() == {} and probe.snapshot() is None and probe.history(10) == {}
        assert not probe.configure("/elsewhere", "x", [], {})
    """)
