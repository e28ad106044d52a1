"""B4: how soon a hung request is visible outside with the Python stack it hangs in.

Measured: requests that hang in one of two gunicorn workers of examples/misbehaving_app.py, half of
them asleep (POST /trouble/hang) and half in a call that holds the interpreter lock (POST
/trouble/lock). /api/v1/stacks is asked from the moment at which the request has run for the
threshold (1 s, from which stacks are sampled) until it shows the request with its route, its
function and the line in it; the time is that from the threshold to this answer's last byte. A stack
is right when its innermost frame of the app is the line that hangs, and the holder of the lock is
the thread where there is one.

Unit: milliseconds of wall time; stacks of 100. Nobody shows these today: mod_wsgi gives URL and age.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import figure
import processes
from figure import Figure

LIMIT_MS = 1000.0
THRESHOLD_SECONDS = 1.0
APP = processes.ROOT / "examples" / "misbehaving_app.py"
KINDS = {  # trouble, its function, the text of the line that hangs
    "hang": ("Troubles.hang", "time.sleep(duration)"),
    "lock": ("Troubles.lock", "libc.pthread_mutex_timedlock("),
}
ROUTE = "POST /trouble/<kind>"


def line_of(text: str) -> int:
    """The only line of the app with `text`."""
    found = [n for n, line in enumerate(APP.read_text().splitlines(), 1) if text in line]
    assert len(found) == 1, (text, found)
    return found[0]


@contextlib.contextmanager
def shop() -> Iterator[tuple[int, int]]:
    """The misbehaving app under Stirbar; gives its port and the supervisor's."""
    port = processes.free_port()
    command = [processes.GUNICORN, "-w", "2", "-b", f"127.0.0.1:{port}", "-t", "600"]
    command += ["--chdir", str(APP.parent), "misbehaving_app:app"]
    with tempfile.TemporaryDirectory() as folder:
        environment = {"DATABASE_URL": f"sqlite:///{folder}/shop.db"}
        with processes.watched(command, workers=2, environment=environment) as app:
            processes.wait_until("the shop answers", lambda: processes.get(port, "/ping")[0] == 200)
            yield port, app.port


def hang(port: int, kind: str, seconds: float) -> threading.Thread:
    """Begins a request that hangs so long."""

    def ask() -> None:
        url = f"http://127.0.0.1:{port}/trouble/{kind}"
        with contextlib.suppress(OSError, http.client.HTTPException):
            urllib.request.urlopen(url, b"seconds=%.1f" % seconds, timeout=seconds + 5).read()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    return thread


def is_right(worker: dict[str, Any], thread: dict[str, Any], kind: str) -> bool:
    function, text = KINDS[kind]
    own = [frame for frame in thread["frames"] if frame["file"] == str(APP)]
    if not own or thread["quality"] != "exact":
        return False
    # 3.10 has no qualified names.
    named = own[0]["function"] in (function, function.rpartition(".")[2])
    holder = worker["lock_holder"] == thread["thread"] if kind == "lock" else True
    return named and own[0]["line"] == line_of(text) and holder


def time_until_visible(port: int, stirbar_port: int, kind: str) -> tuple[float, bool]:
    """Milliseconds from the threshold until the stack was there, and whether it was right."""
    began = time.perf_counter()
    request = hang(port, kind, THRESHOLD_SECONDS + 1.5)
    threshold = began + THRESHOLD_SECONDS
    time.sleep(THRESHOLD_SECONDS)
    try:
        while time.perf_counter() < threshold + 1.4:
            status, body = processes.get(stirbar_port, "/api/v1/stacks")
            answer = json.loads(body)
            for worker in answer["workers"] if status == 200 else []:
                for thread in worker["threads"]:
                    working_at = thread["request"]
                    if working_at and working_at["route"] == ROUTE and thread["frames"]:
                        passed = (time.perf_counter() - threshold) * 1e3
                        return passed, is_right(worker, thread, kind)
            time.sleep(0.02)
        return float("inf"), False
    finally:
        request.join()


def measure(quick: bool) -> list[Figure]:
    number = 5 if quick else 50  # of each kind
    times: list[float] = []
    right = 0
    with shop() as (port, stirbar_port):
        for turn in range(number):
            for kind in KINDS if turn % 2 else reversed(KINDS):
                passed, good = time_until_visible(port, stirbar_port, kind)
                times.append(passed)
                right += good
    return [
        Figure(
            "B4",
            "a hung request visible outside with its stack, after the threshold, p99",
            processes.quantile(times, 0.99),
            "ms",
            processes.quantile(times, 0.5),
            max(times),
            f"p50 … max; stack right in {right} of {len(times)}, lock held in half of them",
            LIMIT_MS,
        ),
        Figure("B4", "stacks that were right", float(right), f"of {len(times)}"),
    ]


if __name__ == "__main__":
    figure.main(__doc__, measure)
