"""Resource figures against our own reading of /proc, the cgroup and the sockets."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from harness import Json, Running, Sandbox, children, eventually, free_port, kill
from memory_cgroup import MemoryCgroup, memory_cgroup


def status_kb(pid: int, name: str, file: str = "status") -> int:
    """A line of /proc/PID/status or smaps_rollup, in bytes."""
    text = Path(f"/proc/{pid}/{file}").read_text()
    return 1024 * sum(int(kb) for kb in re.findall(rf"^{name}:\s+(\d+) kB", text, re.M))


def close_to(value: float | None, expected: float, ratio: float = 0.1) -> bool:
    """Within `ratio`: the process goes on between the two readings."""
    return value is not None and abs(value - expected) <= ratio * expected


def worker_of(served: Running, pid: int) -> Json:
    found: Json = next(w for w in served.api.workers() if w["pid"] == pid)
    return found


# R-RES-1
def test_worker_figures_are_those_of_proc(shared: Running) -> None:
    app = shared.app
    pid = int(app.ask("/allocate/40").text and app.ask("/pid").text)
    app.ask("/open/25")
    app.ask("/threads/5")
    for pid in shared.api.worker_pids():

        def agrees(pid: int = pid) -> bool:
            row = worker_of(shared, pid)
            fds = len(os.listdir(f"/proc/{pid}/fd"))
            threads = len(os.listdir(f"/proc/{pid}/task"))
            private = status_kb(pid, "Private_(?:Clean|Dirty)", "smaps_rollup")
            return (
                close_to(row["rss_bytes"], status_kb(pid, "VmRSS"))
                and close_to(row["pss_bytes"], status_kb(pid, "Pss", "smaps_rollup"))
                and close_to(row["uss_bytes"], private)
                and abs((row["file_descriptors"] or 0) - fds) <= 1
                and abs((row["threads"] or 0) - threads) <= 1
            )

        eventually(agrees, 40, "the worker's figures are those of /proc")
    rows = shared.api.workers()
    assert max(row["file_descriptors"] for row in rows) >= 25
    assert max(row["threads"] for row in rows) >= 5
    assert max(row["rss_bytes"] for row in rows) >= 40 << 20


# R-RES-1
def test_cpu_and_switches(shared: Running) -> None:
    before = {w["pid"]: w["voluntary_switches"] for w in shared.api.workers()}
    spin = shared.app.ask_in_background("/spin/4")
    eventually(
        lambda: max(w["cpu_ratio"] or 0 for w in shared.api.workers()) > 0.4, 10, "a CPU is used"
    )
    spinning = max(shared.api.workers(), key=lambda w: w["cpu_ratio"] or 0)
    assert spinning["state"] == "busy"
    assert spinning["cpu_ratio"] <= 1.2
    resources = shared.api.snapshot()["resources"]
    assert resources["cpu_usage_percent"] >= 0.4 / (os.cpu_count() or 1) * 100 * 0.5
    assert spin.result().status == 200
    eventually(lambda: all((w["cpu_ratio"] or 0) < 0.3 for w in shared.api.workers()))
    assert all(w["voluntary_switches"] > before[w["pid"]] for w in shared.api.workers())


# R-RES-1
def test_app_figures_are_sums_over_its_processes(shared: Running) -> None:
    def agrees() -> bool:
        snapshot = shared.api.snapshot()
        pids = {row["pid"] for row in snapshot["processes"]}
        expected = {shared.server_pid, *children(shared.server_pid)}
        assert expected <= pids
        assert shared.pid not in pids and shared.supervisor_pid not in pids
        pss = sum(status_kb(pid, "Pss", "smaps_rollup") for pid in expected)
        threads = sum(len(os.listdir(f"/proc/{pid}/task")) for pid in expected)
        return (
            close_to(snapshot["resources"]["memory_usage_mb"] * 1e6, pss, 0.2)
            and abs(snapshot["resources"]["active_threads"] - threads) <= 2
        )

    eventually(agrees, 40, "memory and threads of the app")


# R-RES-1
def test_machine_figures(shared: Running) -> None:
    machine = shared.api.snapshot()["machine"]
    meminfo = Path("/proc/meminfo").read_text()
    total = 1024 * int(re.findall(r"MemTotal:\s+(\d+)", meminfo)[0])
    assert machine["memory_total_bytes"] == total
    assert machine["cpus"] == os.cpu_count()
    disk = os.statvfs("/")
    used = disk.f_blocks - disk.f_bfree
    # As `df` has it: what root has reserved counts for neither side.
    assert close_to(machine["disk_total_bytes"], (used + disk.f_bavail) * disk.f_frsize, 0.01)
    assert 0 < shared.api.snapshot()["resources"]["disk_usage_percent"] < 100
    supervisor = shared.api.snapshot()["supervisor"]
    assert close_to(supervisor["rss_bytes"], status_kb(shared.supervisor_pid, "VmRSS"), 0.3)
    assert supervisor["threads"] == len(os.listdir(f"/proc/{shared.supervisor_pid}/task"))


# --- cgroup ---------------------------------------------------------------------------------------


@pytest.fixture
def limited() -> Iterator[MemoryCgroup]:
    with memory_cgroup(256 << 20) as group:
        yield group


# R-RES-1: in a container, memory percent is against the cgroup's limit
def test_memory_percent_is_against_the_cgroup_limit(limited: MemoryCgroup, box: Sandbox) -> None:
    served = box.gunicorn("-w", "1", preexec_fn=limited.enter).ready(workers=1)
    eventually(
        lambda: served.api.snapshot()["machine"]["cgroup"]["memory_limit_bytes"] == 256 << 20
    )
    cgroup = served.api.snapshot()["machine"]["cgroup"]
    assert cgroup["version"] == 1
    assert limited.path.name in cgroup["path"]

    def used() -> int:
        stat = (limited.path / "memory.stat").read_text()
        inactive = int(re.findall(r"^total_inactive_file (\d+)", stat, re.M)[0])
        return int((limited.path / "memory.usage_in_bytes").read_text()) - inactive

    def agrees() -> bool:
        percent = served.api.snapshot()["resources"]["memory_usage_percent"]
        return close_to(percent, used() / (256 << 20) * 100, 0.15)

    eventually(agrees, what="percent of the limit")
    low = served.api.snapshot()["resources"]["memory_usage_percent"]
    served.app.ask("/allocate/130")
    eventually(agrees, what="percent of the limit after growing")
    high = served.api.snapshot()["resources"]["memory_usage_percent"]
    assert 40 <= high - low <= 60  # 130 of 256 MiB

    served.app.ask(f"/allocate/{(int(0.87 * (256 << 20)) - used()) >> 20}")
    eventually(lambda: served.api.snapshot()["status"] != "healthy", 20, "memory is judged")
    alert = next(a for a in served.api.snapshot()["health"]["alerts"] if a["component"] == "memory")
    assert alert["value"] >= 0.8
    assert served.stop() == 0


# --- accept queue ---------------------------------------------------------------------------------


def tcp_connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def unix_connect(path: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(5)
    connection.connect(path)
    return connection


# R-REQ-2
@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_accept_queue_of_a_saturated_sync_worker(box: Sandbox, kind: str) -> None:
    port = free_port()
    path = str(box.runtime / "app.sock")  # a short path
    address = f"127.0.0.1:{port}" if kind == "tcp" else f"unix:{path}"
    connect: Callable[[], socket.socket] = (
        (lambda: tcp_connect(port)) if kind == "tcp" else (lambda: unix_connect(path))
    )
    served = box.serve(
        [
            "gunicorn",
            "--no-control-socket",
            "-w",
            "1",
            "-b",
            address,
            "--backlog",
            "64",
            "plain_app:app",
        ],
        port,
    )
    served.api.wait_for_workers(1)

    def listener() -> Json:
        rows = served.api.snapshot()["listeners"]
        return next(row for row in rows if row["address"] == address and row["kind"] == kind)

    assert eventually(listener)["depth"] == 0
    assert listener()["backlog"] == 64
    (worker,) = served.api.worker_pids()
    kill(worker, signal.SIGSTOP)
    with contextlib.ExitStack() as stack:
        waiting = [stack.enter_context(connect()) for _ in range(23)]
        for connection in waiting:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        eventually(lambda: listener()["depth"] == 23, what="23 wait")
        assert served.api.snapshot()["resources"]["request_queue_size"] == 23
        eventually(
            lambda: any(
                a["rule"] == "accept_queue" for a in served.api.snapshot()["health"]["alerts"]
            ),
            what="it is an alert",
        )
        series = lambda: served.api.ask("/api/v1/history").json["series"]  # noqa: E731
        eventually(lambda: 23 in series()["accept_queue"], what="the charts show it")
        kill(worker, signal.SIGCONT)
        for connection in waiting:
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
            connection.close()  # gunicorn waits for it
    eventually(lambda: listener()["depth"] == 0, what="nobody waits")
    assert served.api.wait_for_requests(23)["requests"] == 23
    text = served.api.ask("/metrics").text
    assert re.search(rf"^stirbar_\S*accept_queue\S*{{[^}}]*{re.escape(address)}", text, re.M)
