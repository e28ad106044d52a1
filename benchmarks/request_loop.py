"""Serves requests to a Flask route without a server: what request_cost.py counts.

    python benchmarks/request_loop.py trivial plain REQUESTS
    stirbar run -- python benchmarks/request_loop.py sql stirbar REQUESTS
    build/bench-venv/bin/python benchmarks/request_loop.py trivial exporter REQUESTS

trivial: a route that says hello. sql: /sql of examples/misbehaving_app.py, five selects by
SQLAlchemy on SQLite. Each request is what gunicorn does around the app: bytes that have come in on
a TCP connection, an environ of its own, start_response, the body iterated and closed. The REQUESTS
stand between two marks (mark.py).

--pairs N: batches of REQUESTS to the subject and to the plain app in turn, in this process. Writes
the CPU time per request of each pair, nanoseconds, as JSON to --output: [[plain, subject], ...].

--batches: a batch of REQUESTS for each line of standard input; answers each with a line, the CPU
time per request in nanoseconds.
"""

from __future__ import annotations

import argparse
import functools
import gc
import io
import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask
from mark import mark

WARM_UP = 60
EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def trivial_app() -> flask.Flask:
    app = flask.Flask("trivial")

    @app.get("/hello/<name>")
    def hello(name: str) -> str:
        return "hello"

    return app


def sql_app() -> flask.Flask:
    sys.path.insert(0, str(EXAMPLES))
    import misbehaving_app

    app: flask.Flask = misbehaving_app.app
    return app


def with_stirbar(app: flask.Flask, *, knock: bool = True) -> flask.Flask:
    """`stirbar run` has put everything around it: tracking, route hook, the native threads."""
    from stirbar import engine

    assert engine.native is not None, engine.missing_reason
    assert engine.native.start("gunicorn", knock), (
        engine.native.trouble() or "not under `stirbar run`"
    )
    return app


def without_knock(app: flask.Flask) -> flask.Flask:
    """As `with_stirbar`, without the thread that knocks at the interpreter lock."""
    return with_stirbar(app, knock=False)


def with_exporter(app: flask.Flask) -> flask.Flask:
    """The named peer: prometheus-flask-exporter, its histogram labelled by url_rule."""
    import prometheus_client
    from prometheus_flask_exporter import PrometheusMetrics

    registry = prometheus_client.CollectorRegistry()
    PrometheusMetrics(app, group_by="url_rule", registry=registry)
    return app


ROUTES: dict[str, tuple[str, Callable[[], flask.Flask]]] = {
    "trivial": ("/hello/world", trivial_app),
    "sql": ("/sql", sql_app),
}
SUBJECTS: dict[str, Callable[[flask.Flask], flask.Flask]] = {
    "plain": lambda app: app,
    "stirbar": with_stirbar,
    "stirbar-without-knock": without_knock,
    "exporter": with_exporter,
}


class Connection:
    """A client that keeps its connection alive: the probe asks the kernel how long the newest bytes
    of it have waited."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.client = socket.create_connection(listener.getsockname())
            self.server, _ = listener.accept()

    def receive(self) -> socket.socket:
        """The server's end, after a request has come in."""
        self.client.send(b"GET")
        self.server.recv(8)
        return self.server


@functools.cache
def the_connection() -> Connection:
    return Connection()


def environ(path: str, connection: socket.socket) -> dict[str, Any]:
    """What gunicorn's sync worker passes for a request of a browser behind no proxy."""
    return {
        "gunicorn.socket": connection,
        "wsgi.errors": sys.stderr,
        "wsgi.version": (1, 0),
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": io.BytesIO,
        "wsgi.input_terminated": True,
        "wsgi.input": io.BytesIO(b""),
        "wsgi.url_scheme": "http",
        "SERVER_SOFTWARE": "gunicorn",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "REQUEST_METHOD": "GET",
        "QUERY_STRING": "",
        "RAW_URI": path,
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "51234",
        "HTTP_HOST": "127.0.0.1:8000",
        "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "HTTP_ACCEPT": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "HTTP_ACCEPT_LANGUAGE": "en-GB,en;q=0.5",
        "HTTP_ACCEPT_ENCODING": "gzip, deflate",
        "HTTP_CONNECTION": "keep-alive",
    }


def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
    return None


def serve(app: flask.Flask, path: str, requests: int) -> None:
    connection = the_connection()
    for _ in range(requests):
        body = app(environ(path, connection.receive()), start_response)
        for _chunk in body:
            pass
        if hasattr(body, "close"):
            body.close()


def must_have_counted(requests: int) -> None:
    """Without this, a probe that is not there would be the cheapest of all."""
    from stirbar import engine

    state = engine.native.state()
    for what in ("requests", "queue_times"):
        if state[what] != requests:
            sys.exit(f"the probe has counted {state[what]} {what} of {requests} requests")


def without_stirbar(app: flask.Flask) -> flask.Flask:
    """`app` as Flask made it, where `stirbar run` has put something around it."""
    for name in ("wsgi_app", "preprocess_request"):
        # Looked at first, because that is when an app is instrumented; set and not deleted,
        # because the next look would do it again.
        present = getattr(app, name)
        setattr(app, name, getattr(present, "__wrapped__", present))
    return app


def timed(app: flask.Flask, path: str, requests: int) -> float:
    # The thread's own time: what else runs on the machine is not the subject.
    began = time.thread_time_ns()
    serve(app, path, requests)
    return (time.thread_time_ns() - began) / requests


def alternate(app: flask.Flask, path: str, requests: int, number: int) -> list[list[float]]:
    """Pairs of batches, [plain, `app`], each first in turn."""
    plain = without_stirbar(trivial_app())
    serve(plain, path, WARM_UP)
    pairs = []
    for turn in range(number):
        if turn % 2 == 0:
            first = timed(plain, path, requests)
            pairs.append([first, timed(app, path, requests)])
        else:
            first = timed(app, path, requests)
            pairs.append([timed(plain, path, requests), first])
    return pairs


def measure(app: flask.Flask, path: str, options: argparse.Namespace) -> int:
    """Does what the options ask for; how many requests went to `app`."""
    requests: int = options.requests
    if options.pairs:
        pairs = alternate(app, path, requests, options.pairs)
        options.output.write_text(json.dumps(pairs))
        return len(pairs) * requests
    if options.batches:
        batches = 0
        for _line in sys.stdin:
            print(timed(app, path, requests), flush=True)
            batches += 1
        return batches * requests
    mark()
    serve(app, path, requests)
    mark()
    return requests


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("route", choices=ROUTES)
    parser.add_argument("subject", choices=SUBJECTS)
    parser.add_argument("requests", type=int)
    parser.add_argument("--pairs", type=int, default=0, help="only of the trivial route")
    parser.add_argument("--batches", action="store_true")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    path, make_app = ROUTES[options.route]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DATABASE_URL"] = f"sqlite:///{folder}/shop.db"
        app = SUBJECTS[options.subject](make_app())
        serve(app, path, WARM_UP)
        # What start-up left is out of the collector's sight: a full collection walks the modules,
        # and whether one falls into a run would weigh more than what is counted.
        gc.collect()
        gc.freeze()
        served = measure(app, path, options)
        if options.subject.startswith("stirbar"):
            must_have_counted(WARM_UP + served)


if __name__ == "__main__":
    main()
