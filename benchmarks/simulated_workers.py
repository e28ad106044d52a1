"""Many workers for little memory: processes that attach and serve requests without a server.

    stirbar run -- python simulated_workers.py WORKERS ROUTES [--rate R] [--restarts]
    python simulated_workers.py 1 ROUTES --serve REQUESTS [--plain]

Each is forked, attaches through stirbar._stirbar and calls its middleware and its route hook as
Flask would; a request costs microseconds, so that 64 of them leave a small machine idle. Each
serves every route once and then `--rate` requests a second, over all routes in turn.

--restarts: for each line on standard input, a number n, n further workers attach, serve one request
to each route, and end: every other one by kill -9.

--serve N: this process attaches, serves every route once and then N requests, and ends; with
--plain, without Stirbar. For counting instructions: the N stand between two marks.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import importlib.util
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from mark import mark

AT_ONCE = 40  # of the segment's 128 slots; a dead one is free again after 250 ms


@dataclass
class Rule:
    """What the probe reads of a werkzeug Rule."""

    rule: str


@dataclass
class Request:
    """What the probe reads of a werkzeug Request."""

    environ: dict[str, Any]
    url_rule: Rule


@dataclass
class Context:
    """What the probe reads of Flask's context."""

    request: Request


@dataclass
class StandInApp:
    """Takes the place of Flask: one rule for each route, and an answer."""

    routes: int
    preprocess: Callable[[Context], None] = lambda context: None
    rules: list[Rule] = field(init=False)

    def __post_init__(self) -> None:
        self.rules = [Rule(f"/r{i}") for i in range(self.routes)]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ, self.rules[environ["route"]])
        environ["werkzeug.request"] = request
        self.preprocess(Context(request))
        start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", "5")])
        return [b"hello"]


def load_native() -> ModuleType:
    """The probe without the package around it: a worker without Flask is small and starts soon."""
    package = importlib.util.find_spec("stirbar")
    assert package is not None and package.origin is not None, "stirbar is not installed"
    file = next(Path(package.origin).parent.glob("_stirbar.*.so"))
    spec = importlib.util.spec_from_file_location("_stirbar", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    atexit.register(module.shutdown)
    return module


def instrumented(app: StandInApp) -> Any:
    """`app` with what instrument() puts around a Flask application."""
    native.configure(os.environ["STIRBAR_SEGMENT"], "", [], {})
    app.preprocess = native.route_hook(app.preprocess, ContextVar("unused"))
    return native.middleware(app)


def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
    pass


def serve(middleware: Any, route: int) -> None:
    for _chunk in middleware({"REQUEST_METHOD": "GET", "route": route}, start_response):
        pass


def work(middleware: Any, routes: int, rate: float) -> None:
    native.start("gunicorn")
    for route in range(routes):
        serve(middleware, route)
    route = os.getpid()
    while os.getppid() == PARENT:
        if rate <= 0:
            time.sleep(1)
            continue
        time.sleep(1 / rate)
        serve(middleware, route % routes)
        route += 1


def restart(middleware: Any, routes: int, number: int) -> None:
    """`number` short lives, some at once."""
    for first in range(0, number, AT_ONCE):
        children = []
        for i in range(first, min(first + AT_ONCE, number)):
            child = os.fork()
            if child == 0:
                live_shortly(middleware, routes, dies=i % 2 == 0)
            children.append(child)
        for child in children:
            os.waitpid(child, 0)
        time.sleep(0.6)  # until the supervisor has buried them


def live_shortly(middleware: Any, routes: int, *, dies: bool) -> None:
    native.start("gunicorn")
    for route in range(routes):
        serve(middleware, route)
    if dies:
        os.kill(os.getpid(), signal.SIGKILL)
    native.shutdown()
    os._exit(0)


def serve_and_end(app: StandInApp, requests: int, *, plain: bool) -> None:
    middleware = app if plain else instrumented(app)
    if not plain:
        # Without the thread that knocks: under callgrind it would knock too often per request.
        assert native.start("gunicorn", False), native.trouble()
    gc.disable()
    for route in range(app.routes):
        serve(middleware, route)
    mark()
    for request in range(requests):
        serve(middleware, request % app.routes)
    mark()
    if not plain:
        counted = native.state()["requests"]
        assert counted == app.routes + requests, f"counted {counted} of {app.routes + requests}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workers", type=int)
    parser.add_argument("routes", type=int)
    parser.add_argument("--rate", type=float, default=1.0, help="requests per second and worker")
    parser.add_argument("--restarts", action="store_true")
    parser.add_argument("--serve", type=int, metavar="REQUESTS")
    parser.add_argument("--plain", action="store_true")
    options = parser.parse_args()
    app = StandInApp(options.routes)
    if options.serve is not None:
        serve_and_end(app, options.serve, plain=options.plain)
        return
    middleware = instrumented(app)
    for _ in range(options.workers):
        if os.fork() == 0:
            work(middleware, options.routes, options.rate)
            os._exit(0)
    if options.restarts:
        for line in sys.stdin:
            restart(middleware, options.routes, int(line))
    signal.pause()


PARENT = os.getpid()
native: Any = load_native()

if __name__ == "__main__":
    main()
