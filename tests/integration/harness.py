"""Real servers under `stirbar run`, their API, and their traces in /proc.

Nothing here sleeps for a fixed time to let something happen: `eventually` asks again and again.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.prefix) / "bin"  # of the environment that runs the tests
APPS = Path(__file__).resolve().parent / "apps"
STIRBAR = str(BIN / "stirbar")
PYTHON = str(BIN / "python")

# Long enough for a start on a machine that compiles something meanwhile; never waited for in full
# when all is well.
PATIENCE = 30.0

T = TypeVar("T")
Json = dict[str, Any]


def eventually(condition: Callable[[], T | None], seconds: float = PATIENCE, what: str = "") -> T:
    """The first true result of `condition`; AssertionError when none came within `seconds`.

    What is raised because something is not there yet counts as "not yet".
    """
    until = time.monotonic() + seconds
    pause = 0.01
    while True:
        last: object
        try:
            result = condition()
            if result:
                return result
            last = result
        except (AssertionError, OSError, LookupError, StopIteration, HTTPException) as fault:
            last = fault
        if time.monotonic() > until:
            raise AssertionError(f"not within {seconds:g} s: {what or 'the condition'}: {last!r}")
        time.sleep(pause)
        pause = min(2 * pause, 0.1)


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """One HTTP server, a connection for each request."""

    def __init__(self, port: int, host: str = "127.0.0.1", timeout: float = PATIENCE) -> None:
        self.host, self.port, self.timeout = host, port, timeout

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """The answer of `path`. OSError or HTTPException when there is none."""
        connection = http.client.HTTPConnection(
            self.host, self.port, timeout=timeout or self.timeout
        )
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def answers(self, path: str = "/", **arguments: Any) -> bool:
        """Whether `path` is answered, with whatever status."""
        try:
            self.ask(path, **arguments)
        except (OSError, HTTPException):
            return False
        return True

    def ask_in_background(self, path: str, **arguments: Any) -> Background:
        """`ask` in a thread of its own."""
        return Background(lambda: self.ask(path, **arguments))


class Background:
    """One call in a thread; `result` waits for it."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._value: Any = None
        self._fault: BaseException | None = None

        def run() -> None:
            try:
                self._value = call()
            except BaseException as fault:
                self._fault = fault

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def result(self, seconds: float = PATIENCE) -> Any:
        """What the call returned; raises what it raised."""
        self._thread.join(seconds)
        assert not self._thread.is_alive(), f"no result within {seconds:g} s"
        if self._fault is not None:
            raise self._fault
        return self._value

    @property
    def done(self) -> bool:
        return not self._thread.is_alive()


class Api(Client):
    """The supervisor's port."""

    def snapshot(self) -> Json:
        """GET /api/v1/snapshot."""
        answer = self.ask("/api/v1/snapshot")
        assert answer.status == 200, answer.text
        snapshot: Json = answer.json
        return snapshot

    def totals(self) -> Json:
        totals: Json = self.snapshot()["totals"]
        return totals

    def workers(self) -> list[Json]:
        """Workers that are neither dead nor leaving."""
        rows: list[Json] = self.snapshot()["workers"]
        return [row for row in rows if row["state"] not in ("dead", "exiting")]

    def worker_pids(self) -> set[int]:
        return {row["pid"] for row in self.workers()}

    def routes(self) -> dict[str, Json]:
        return {row["route"]: row for row in self.snapshot()["routes"]}

    def events(self, kind: str) -> list[Json]:
        return [event for event in self.snapshot()["events"] if event["kind"] == kind]

    def wait_for_workers(self, count: int, seconds: float = PATIENCE) -> list[Json]:
        """Until `count` workers serve; returns them."""

        def serving() -> list[Json] | None:
            workers = self.workers()
            settled = len(workers) == count and all(w["state"] != "starting" for w in workers)
            return workers if settled else None

        return eventually(serving, seconds, f"{count} workers serve")

    def wait_for_requests(self, count: int, seconds: float = PATIENCE) -> Json:
        """Until `count` requests are in the totals; returns these."""

        def counted() -> Json | None:
            totals = self.totals()
            return totals if totals["requests"] >= count else None

        return eventually(counted, seconds, f"{count} requests counted")

    def stream(self, timeout: float = PATIENCE) -> Iterator[Json]:
        """Snapshots as the event stream brings them."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            connection.request("GET", "/api/v1/stream")
            response = connection.getresponse()
            assert response.status == 200
            assert response.headers["Content-Type"] == "text/event-stream"
            for line in response:
                if line.startswith(b"data:"):
                    yield json.loads(line[5:])
        finally:
            connection.close()


# --- processes ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Process:
    """A line of /proc/PID/stat and its command line."""

    pid: int
    parent: int
    state: str
    command: str


def process(pid: int) -> Process | None:
    """None when it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return None
    state, parent, *_ = stat.rpartition(")")[2].split()
    return Process(pid, int(parent), state, b" ".join(words).decode(errors="replace").strip())


def is_running(pid: int) -> bool:
    """Whether it exists and is no zombie."""
    found = process(pid)
    return found is not None and found.state not in "ZX"


def all_pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def children(pid: int) -> list[int]:
    """Direct children, by pid."""
    found = (process(other) for other in all_pids())
    return sorted(p.pid for p in found if p is not None and p.parent == pid)


def comm(pid: int) -> str:
    """The kernel's name of the process; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    """As os.kill; nothing when it is gone already."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


# --- the sandbox of a test ------------------------------------------------------------------------


@dataclass
class Running:
    """A process that a test started, with what it prints."""

    popen: subprocess.Popen[bytes]
    output: Path
    api: Api = field(default_factory=lambda: Api(0))
    app: Client = field(default_factory=lambda: Client(0))

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def log(self) -> str:
        """What it and its children have printed so far."""
        return self.output.read_text(errors="replace")

    def send(self, number: int) -> None:
        self.popen.send_signal(number)

    def wait(self, seconds: float = PATIENCE) -> int:
        """Its exit status (negative: the signal)."""
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still runs after {seconds:g} s:\n{self.log}") from None

    def stop(self, number: int = signal.SIGTERM, seconds: float = PATIENCE) -> int:
        self.send(number)
        return self.wait(seconds)

    @property
    def supervisor_pid(self) -> int:
        """The launcher's child that is the supervisor now."""
        found = [pid for pid in children(self.pid) if comm(pid) == "stirbar-super"]
        assert len(found) == 1, found
        return found[0]

    @property
    def server_pid(self) -> int:
        """The launcher's child that is the app's server."""
        found = [pid for pid in children(self.pid) if comm(pid) != "stirbar-super"]
        assert len(found) == 1, found
        return found[0]

    def ready(self, workers: int = 0, path: str = "/") -> Running:
        """Waits until app and API answer and `workers` workers serve (0: do not ask)."""

        def up() -> bool:
            assert self.popen.poll() is None, f"ended with {self.popen.returncode}:\n{self.log}"
            return self.api.ask("/api/v1/snapshot").status == 200

        until_up(self, up)
        until_up(self, lambda: self.app.answers(path))
        if workers:
            self.api.wait_for_workers(workers)
            self.api.wait_for_requests(1)  # the one above: the figures are published once a second
        return self


def until_up(running: Running, condition: Callable[[], bool]) -> None:
    """As eventually; at once over when the process has ended, and its log is shown."""
    until = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(OSError, HTTPException):
            if condition():
                return
        if running.popen.poll() is not None or time.monotonic() > until:
            raise AssertionError(f"did not come up ({running.popen.poll()}):\n{running.log}")
        time.sleep(0.02)


class Sandbox:
    """A runtime folder, an environment and the processes of one test; `close` leaves nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mark = f"stirbar-test-{uuid.uuid4().hex}"
        # As in production in memory; short enough for a unix socket's path.
        self.runtime = Path(tempfile.mkdtemp(prefix="stirbar-test-", dir="/dev/shm"))
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("STIRBAR_")
        }
        for name in ("PYTHONPATH", "COV_CORE_SOURCE"):
            self.environment.pop(name, None)
        self.environment |= {
            "STIRBAR_RUNTIME_DIR": str(self.runtime),
            "STIRBAR_TOKEN_FILE": str(folder / "state" / "token"),
            "STIRBAR_TEST_MARK": self.mark,
            "PATH": f"{BIN}:{os.environ.get('PATH', '/usr/bin:/bin')}",
            "HOME": str(folder),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "SECRET_KEY": "for tests",
            "DATABASE_URL": f"sqlite:///{folder / 'shop.db'}",
        }
        self._started = 0
        self._popens: list[subprocess.Popen[bytes]] = []

    def start(
        self,
        command: Sequence[str],
        cwd: Path = APPS,
        environment: Mapping[str, str] | None = None,
        **arguments: Any,
    ) -> Running:
        """Starts `command` with its output in a file."""
        self._started += 1
        output = self.folder / f"output-{self._started}.txt"
        with output.open("wb") as file:
            popen = subprocess.Popen(
                list(command),
                cwd=cwd,
                env={**self.environment, **(environment or {})},
                stdin=arguments.pop("stdin", subprocess.DEVNULL),
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=arguments.pop("start_new_session", True),
                **arguments,
            )
        self._popens.append(popen)
        return Running(popen, output)

    def serve(
        self,
        command: Sequence[str],
        app_port: int,
        options: Sequence[str] = (),
        **arguments: Any,
    ) -> Running:
        """`stirbar run` with `command` on free ports; not yet ready."""
        port = free_port()
        listen = f"{arguments.pop('host', '127.0.0.1')}:{port}"
        running = self.start(
            [STIRBAR, "run", "--listen", listen, *options, "--", *command], **arguments
        )
        running.api = Api(port)
        running.app = Client(app_port)
        return running

    def gunicorn(self, *options: str, app: str = "plain_app:app", **arguments: Any) -> Running:
        """`stirbar run -- gunicorn`, two sync workers unless told otherwise; not yet ready."""
        port = free_port()
        bind = [] if "-b" in options else ["-b", f"127.0.0.1:{port}"]
        workers = [] if "-w" in options else ["-w", "2"]
        command = ["gunicorn", *workers, *bind, "--no-control-socket", *options, app]
        return self.serve(command, port, arguments.pop("run_options", ()), **arguments)

    def extension(self, *options: str, app: str = "extension_app:app", **arguments: Any) -> Running:
        """gunicorn by itself, with an app that says `Stirbar(app)`; not yet ready."""
        app_port, port = free_port(), free_port()
        environment = {"STIRBAR_LISTEN": f"127.0.0.1:{port}", **arguments.pop("environment", {})}
        workers = [] if "-w" in options else ["-w", "2"]
        running = self.start(
            [
                *("gunicorn", *workers, "-b", f"127.0.0.1:{app_port}", "--no-control-socket"),
                *(*options, app),
            ],
            environment=environment,
            **arguments,
        )
        running.api, running.app = Api(port), Client(app_port)
        return running

    def cli(self, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """`stirbar ...` to its end."""
        environment = {**self.environment, **more.pop("environment", {})}
        return subprocess.run(
            [STIRBAR, *arguments],
            env=environment,
            cwd=more.pop("cwd", APPS),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            **more,
        )

    def processes(self) -> list[Process]:
        """All that were started from here, children of children and daemons included."""
        wanted = f"STIRBAR_TEST_MARK={self.mark}".encode()
        found = []
        for pid in all_pids():
            try:
                environment = Path(f"/proc/{pid}/environ").read_bytes()
            except OSError:
                continue
            seen = process(pid)
            if wanted in environment.split(b"\0") and seen is not None and seen.state not in "ZX":
                found.append(seen)
        return found

    def files(self) -> list[str]:
        """Names in the runtime folder."""
        return sorted(os.listdir(self.runtime))

    def segment(self) -> Path:
        """The one segment file."""
        found = list(self.runtime.glob("*.segment"))
        assert len(found) == 1, found
        return found[0]

    def assert_nothing_left(self, seconds: float = 10.0) -> None:
        eventually(lambda: not self.processes(), seconds, "every process has ended")
        assert self.files() == []

    def close(self) -> None:
        for _ in range(20):
            left = self.processes()
            if not left:
                break
            for one in left:
                kill(one.pid, signal.SIGCONT)
                kill(one.pid, signal.SIGKILL)
            time.sleep(0.02)
        for popen in self._popens:
            with contextlib.suppress(subprocess.TimeoutExpired):
                popen.wait(5)
        shutil.rmtree(self.runtime, ignore_errors=True)


# --- load -----------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What clients saw. `sent` = ok + failed + refused."""

    sent: int = 0
    ok: int = 0
    failed: int = 0  # no whole answer
    wrong: int = 0  # an answer that is not 200
    slowest: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.sent + other.sent,
            self.ok + other.ok,
            self.failed + other.failed,
            self.wrong + other.wrong,
            max(self.slowest, other.slowest),
        )


class Load:
    """Clients in processes of their own, so that the test's own threads stay free.

    `requests`: for all together; None: until `stop`.
    """

    def __init__(
        self, box: Sandbox, port: int, path: str = "/", clients: int = 4, requests: int = 0
    ) -> None:
        self._clients = []
        for i in range(clients):
            count = requests // clients + (1 if i < requests % clients else 0)
            self._clients.append(
                subprocess.Popen(
                    [sys.executable, str(APPS / "hammer.py"), str(port), path, str(count)],
                    env=box.environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )

    @property
    def running(self) -> bool:
        return any(client.poll() is None for client in self._clients)

    def stop(self) -> Tally:
        """Lets the clients end after the request that they are in."""
        for client in self._clients:
            assert client.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                client.stdin.write("stop\n")
                client.stdin.flush()
        return self.result()

    def result(self, seconds: float = 300) -> Tally:
        """Waits for their end."""
        total = Tally()
        for client in self._clients:
            output, _ = client.communicate(timeout=seconds)
            total += Tally(**json.loads(output))
        return total
