"""The servers that goodput.py overloads: one worker on one core, plain or under Stirbar."""

from __future__ import annotations

import contextlib
import http.client
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import open_loop
import processes

DEADLINE_SECONDS = 1.0
THREADS = 8
UWSGI = [str(processes.BIN / "uwsgi"), "--http-socket", "127.0.0.1:{port}", "--master"]
UWSGI += ["--need-app", "--die-on-term", "--virtualenv", sys.prefix, "--module", "cpu_app:app"]
GUNICORN = [processes.GUNICORN, "-w", "1", "-b", "127.0.0.1:{port}", "--graceful-timeout", "1"]
GTHREAD = ["-k", "gthread", "--threads", str(THREADS)]
WAITRESS = [str(processes.BIN / "waitress-serve"), "--listen=127.0.0.1:{port}"]


@dataclass(frozen=True)
class Server:
    """A way to serve the app."""

    name: str
    command: list[str]
    threads: int = 1


SYNC = Server("gunicorn sync", [*GUNICORN, "cpu_app:app"])
THREADED = Server(f"gunicorn gthread × {THREADS}", [*GUNICORN, *GTHREAD, "cpu_app:app"], THREADS)
OTHERS = [
    Server("uWSGI", [*UWSGI, "-p", "1", "--enable-threads"]),
    Server(f"waitress × {THREADS}", [*WAITRESS, f"--threads={THREADS}", "cpu_app:app"], THREADS),
]


@dataclass(frozen=True)
class Serving:
    """A server that runs."""

    port: int
    stirbar_port: int  # of the supervisor's pages; 0 where there is none


@contextlib.contextmanager
def serving(server: Server, core: list[str], *, watched: bool) -> Iterator[Serving]:
    """Runs `server`, on the core that the command prefix `core` names, under Stirbar if asked."""
    port = processes.free_port()
    command = core + [word.format(port=port) for word in server.command]
    with contextlib.ExitStack() as stack:
        stirbar_port = 0
        if watched:
            environment = {"STIRBAR_REQUEST_DEADLINE": f"{DEADLINE_SECONDS:g}"}
            app = processes.watched(command, workers=1, environment=environment)
            stirbar_port = stack.enter_context(app).port
        else:
            stack.enter_context(processes.running(command))
        processes.wait_until(
            f"{server.name} answers", lambda: processes.get(port, "/alive", 1)[0] == 200
        )
        yield Serving(port, stirbar_port)


def plain_capacity(server: Server, core: list[str], seconds: float) -> float:
    """Requests per second of the plain server: what each figure is set beside."""
    with serving(server, core, watched=False) as running:
        clients = server.threads + 1  # so that one always waits, and no slot is ever idle
        open_loop.capacity(running.port, "/work", clients=clients, seconds=0.5)
        return open_loop.capacity(running.port, "/work", clients=clients, seconds=seconds)


@dataclass
class Watch:
    """Asks, while the load is on, what must always be answered; notes what Stirbar says."""

    serving: Serving
    alive: list[bool] = field(default_factory=list)  # the app's own critical route, twice a second
    health: list[bool] = field(default_factory=list)  # the supervisor's page, four times a second
    traffic: list[dict[str, Any]] = field(default_factory=list)  # its snapshot's, with "at"

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        stopped = threading.Event()
        threads = [threading.Thread(target=self._ask_app, args=(stopped,))]
        if self.serving.stirbar_port:
            threads.append(threading.Thread(target=self._ask_supervisor, args=(stopped,)))
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stopped.set()
            for thread in threads:
                thread.join()

    def _ask_app(self, stopped: threading.Event) -> None:
        while not stopped.wait(0.5):
            self.alive.append(answers(self.serving.port, "/alive", DEADLINE_SECONDS))

    def _ask_supervisor(self, stopped: threading.Event) -> None:
        port = self.serving.stirbar_port
        while not stopped.wait(0.25):
            self.health.append(answers(port, "/health/live", 0.25))
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError, KeyError):
                traffic = processes.snapshot(port)["traffic"]
                self.traffic.append({**traffic, "at": time.monotonic()})

    def level_changes(self, begins: float, ends: float) -> int:
        """How often the shed level changed between two times, in seconds since the first look."""
        first = self.traffic[0]["at"] if self.traffic else 0.0
        seen = [(point["at"] - first, point["shed_level"]) for point in self.traffic]
        levels = [level for at, level in seen if begins <= at <= ends]
        return sum(a != b for a, b in zip(levels, levels[1:], strict=False))

    def highest_level(self) -> int:
        return max((point["shed_level"] for point in self.traffic), default=0)


def answers(port: int, path: str, timeout: float) -> bool:
    try:
        return processes.get(port, path, timeout)[0] == 200
    except (OSError, http.client.HTTPException):
        return False
