"""The processes that are measured: starting an app under `stirbar run`, and reading /proc."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[1]
BENCHMARKS = ROOT / "benchmarks"
BIN = Path(sys.executable).parent
STIRBAR = str(BIN / "stirbar")
GUNICORN = str(BIN / "gunicorn")
PEER_VENV = ROOT / "build" / "bench-venv"
START_SECONDS = 60.0


def give_up(reason: str) -> NoReturn:
    sys.exit(f"benchmark: {reason}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def get(port: int, path: str, timeout: float = 30.0) -> tuple[int, bytes]:
    """Status and body of one GET on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def snapshot(port: int) -> dict[str, Any]:
    """GET /api/v1/snapshot of the supervisor."""
    found: dict[str, Any] = json.loads(get(port, "/api/v1/snapshot")[1])
    return found


def wait_until(what: str, holds: Any, seconds: float = START_SECONDS) -> None:
    """Asks `holds()` until it is true; an answer that does not come yet is no answer."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError, http.client.HTTPException, KeyError, ValueError):
            if holds():
                return
        time.sleep(0.1)
    give_up(f"waited {seconds:g} s in vain until {what}")


@dataclass(frozen=True)
class Watched:
    """An app under `stirbar run`."""

    process: subprocess.Popen[bytes]
    port: int  # of the supervisor's pages

    def supervisor_pid(self) -> int:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        for pid in map(int, children.split()):
            if Path(f"/proc/{pid}/comm").read_text().strip() == "stirbar-super":
                return pid
        give_up("the supervisor has ended")


@contextlib.contextmanager
def watched(
    command: Sequence[str], *, workers: int, environment: Mapping[str, str] | None = None
) -> Iterator[Watched]:
    """Runs `command` under `stirbar run` until `workers` of it are attached; ends all of it."""
    port = free_port()
    full = [STIRBAR, "run", "--listen", f"127.0.0.1:{port}", "--", *command]
    with running(full, environment) as process:
        app = Watched(process, port)
        wait_until(f"{workers} workers serve", lambda: len(snapshot(port)["workers"]) >= workers)
        yield app


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """What `command` prints; gives up when it fails."""
    done = subprocess.run(
        command,
        env={**os.environ, **(environment or {})},
        cwd=BENCHMARKS,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        give_up(f"{' '.join(command)}: {done.stderr[-2000:]}")
    return done.stdout


@contextlib.contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs `command` in a session of its own, its output thrown away, and ends the session."""
    process = subprocess.Popen(
        command,
        env={**os.environ, **(environment or {})},
        cwd=BENCHMARKS,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(8)
        with contextlib.suppress(ProcessLookupError):  # workers that hang do not hear SIGTERM
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def cpu_seconds(pid: int) -> float:
    """CPU time of all threads so far, to the nanosecond; to a clock tick on kernels that do not
    keep schedstat."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except (OSError, IndexError):
            break
    if total > 0:
        return total * 1e-9
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / float(os.sysconf("SC_CLK_TCK"))


def memory_bytes(pid: int) -> dict[str, int]:
    """VmRSS, RssAnon, RssFile, RssShmem and Pss."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    lines += Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    wanted = ("VmRSS", "RssAnon", "RssFile", "RssShmem", "Pss")
    return {
        name: int(rest.split()[0]) * 1024
        for name, _, rest in (line.partition(":") for line in lines)
        if name in wanted
    }


def peer_python() -> str | None:
    """The interpreter that has the peers of requirements/bench.txt, beside this one's packages.

    Made on first use in build/bench-venv; None, with the reason on standard error, where PyPI
    cannot be reached.
    """
    python = PEER_VENV / "bin" / "python"
    ready = PEER_VENV / "ready"
    if ready.exists():
        return str(python)
    requirements = str(ROOT / "requirements" / "bench.txt")
    print(f"benchmark: making {PEER_VENV}", file=sys.stderr)
    # No dependencies: Flask is this interpreter's own, so that both sides run the same one.
    for step in (
        [sys.executable, "-m", "venv", "--clear", str(PEER_VENV)],
        [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "-r", requirements],
    ):
        if subprocess.run(step, stdout=sys.stderr).returncode != 0:
            print("benchmark: no peers: " + " ".join(step) + " failed", file=sys.stderr)
            return None
    own = "\n".join(path for path in sys.path if path.endswith("site-packages"))
    theirs = subprocess.check_output(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
    ).strip()
    Path(theirs, "stirbar_bench.pth").write_text(own + "\n")
    ready.touch()
    return str(python)


@dataclass(frozen=True)
class Scrapes:
    """Some GETs of /metrics."""

    milliseconds: list[float]
    size_bytes: int


def scrape(port: int, number: int) -> Scrapes:
    times = []
    body = b""
    for _ in range(number):
        began = time.perf_counter()
        status, body = get(port, "/metrics")
        times.append((time.perf_counter() - began) * 1e3)
        if status != 200:
            give_up(f"/metrics answered {status}")
    return Scrapes(times, len(body))


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0..1) of `values` lie: the nearest one, not in between."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


class StreamClient:
    """Reads the supervisor's event stream on a thread, as a page in a browser does."""

    def __init__(self, port: int) -> None:
        self.bytes_read = 0
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._connection.request("GET", "/api/v1/stream")
        self._answer = self._connection.getresponse()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            while chunk := self._answer.read1(65536):
                self.bytes_read += len(chunk)

    def close(self) -> None:
        if self._connection.sock is not None:
            self._connection.sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._connection.close()


class LightTraffic:
    """Steady requests to `paths` in turn, on a thread, each on a connection of its own."""

    def __init__(self, port: int, paths: Sequence[str], rate: float) -> None:
        self._stopped = threading.Event()
        work = (port, paths, 1 / rate)
        self._thread = threading.Thread(target=self._ask, args=work, daemon=True)
        self._thread.start()

    def _ask(self, port: int, paths: Sequence[str], pause: float) -> None:
        turn = 0
        while not self._stopped.wait(pause):
            with contextlib.suppress(OSError, http.client.HTTPException):
                get(port, paths[turn % len(paths)])
            turn += 1

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(30)
