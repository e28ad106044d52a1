"""The load generator (load_generator/), built on first use, and the cores that it and what it loads
run on."""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import processes

BUILD = processes.ROOT / "build" / "bench"
PROGRAM = BUILD / "benchmarks" / "load_generator" / "load_generator"


def build(target: str = "load_generator") -> Path:
    """Builds a program of this folder; quick when it is built already. Returns its path."""
    configure = ["cmake", "-S", str(processes.ROOT), "-B", str(BUILD), "-G", "Ninja"]
    configure += ["-DSTIRBAR_PYTHON=OFF", "-DSTIRBAR_BENCHMARKS=ON"]
    if shutil.which("ccache"):
        configure.append("-DCMAKE_CXX_COMPILER_LAUNCHER=ccache")
    if not (BUILD / "build.ninja").exists():
        processes.run(configure)
    processes.run(["cmake", "--build", str(BUILD), "--target", target])
    return PROGRAM if target == PROGRAM.name else BUILD / "benchmarks" / target


def share_cores() -> list[str]:
    """Moves this process, with what it will start, away from the first core.

    Returns what a command must begin with to run on that core instead. The server's capacity is
    then that of one core, and what loads and watches it takes nothing from it.
    """
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2 or not shutil.which("taskset"):
        print("benchmark: one core for server and load: expect less", file=sys.stderr)
        return []
    os.sched_setaffinity(0, cores[1:])
    return ["taskset", "-c", str(cores[0])]


def offer(
    port: int,
    phases: str,
    *,
    capacity: float,
    deadline: float,
    routes: Sequence[str] = ("/work",),
) -> dict[str, Any]:
    """Offers `phases` ("3x@10s,...") of requests to `routes` ("/path=WEIGHT") on connections of
    their own, by clients that give up after `deadline` seconds; report.h has what is returned."""
    command = [str(PROGRAM), f"127.0.0.1:{port}", "--phases", phases]
    command += ["--capacity", f"{capacity:.3f}", "--deadline", f"{deadline:g}"]
    for route in routes:
        command += ["--route", route]
    found: dict[str, Any] = json.loads(processes.run(command))
    # An open loop that is late itself is none.
    lag = found["generator"]["lag_p99_seconds"] or 0.0
    if lag > 0.05:
        print(f"benchmark: the load generator was {lag:.2f} s late itself", file=sys.stderr)
    return found


def capacity(port: int, path: str, *, clients: int, seconds: float) -> float:
    """Requests per second that the server answers when `clients` ask again at once."""
    answered = [0] * clients
    began = time.monotonic()

    def ask(client: int) -> None:
        while time.monotonic() < began + seconds:
            if processes.get(port, path)[0] == 200:
                answered[client] += 1

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(answered) / (time.monotonic() - began)
