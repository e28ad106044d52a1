"""Stacks read as fast as possible from an app that allocates, forks and ends at full speed.

The app's functions are named after who may call them, so each stack can be judged by itself.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter
from pathlib import Path

from harness import APPS, PYTHON, ROOT, Sandbox, eventually, is_running

STACKS = 20_000
SECONDS = 300.0  # at most; a machine that does nothing else needs a third of it
BUILD = ROOT / "build" / "reads"
APP = APPS / "torture_app.py"


def built_reader() -> Path:
    """The program that reads; without sanitizers, which would make it ten times slower."""
    options = ["-DSTIRBAR_PYTHON=OFF", "-DSTIRBAR_TESTS=ON", "-DCMAKE_BUILD_TYPE=RelWithDebInfo"]
    if shutil.which("ccache"):
        options.append("-DCMAKE_CXX_COMPILER_LAUNCHER=ccache")
    configure = ["cmake", "-S", str(ROOT), "-B", str(BUILD), "-G", "Ninja", *options]
    for command in (configure, ["cmake", "--build", str(BUILD), "--target", "stack_reads"]):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return BUILD / "tests" / "stack_reads" / "stack_reads"


class Judge:
    """Says of a stack whether the app can have been in it."""

    ROOTS = (
        "busy", "renewing", "allocating", "starting_threads", "short_lived", "sleeper", "waiter",
        "reader", "child", "<module>", "_bootstrap",
    )  # fmt: skip

    def __init__(self, call_lines: dict[str, int]) -> None:
        self.call_lines = call_lines

    def fault(self, frames: list[tuple[str, int]]) -> str:
        """What is impossible about it; empty: nothing."""
        if not frames:
            return ""
        outermost = frames[-1][0].rpartition(".")[2]
        if outermost not in self.ROOTS:
            return f"nothing begins with {outermost}"
        for (callee, _), (caller, line) in zip(frames, frames[1:], strict=False):
            if not callee.startswith("g_"):
                continue
            parent = callee.rpartition("_")[0]
            if caller != parent:
                return f"{callee} called by {caller}"
            if line != self.call_lines[callee]:
                return f"{callee} called from line {line} of {caller}"
        return ""


def parse(line: str) -> tuple[int, int, str, str, list[tuple[str, int]]]:
    """PID, THREAD, STATE, QUALITY and the frames of a line of stack_reads."""
    pid, thread, state, quality, _, _, *frames = line.split()
    split = [frame.rpartition("@") for frame in frames]
    return int(pid), int(thread), state, quality, [(name, int(at)) for name, _, at in split]


# R-REQ-4
def test_reads_right_or_says_that_it_does_not_know(box: Sandbox) -> None:
    reader = built_reader()
    segment = box.runtime / "torture.segment"
    app = box.start([PYTHON, str(APP), str(segment)])
    said = json.loads(eventually(lambda: app.log.partition("\n")[0] or None))
    judge = Judge(json.loads(said["call_lines"]))
    done = subprocess.run(
        [str(reader), str(segment), str(STACKS), str(SECONDS)],
        capture_output=True,
        text=True,
        timeout=SECONDS + 30,
    )
    assert done.returncode == 0, done.stderr
    *lines, summary = done.stdout.splitlines()

    # The app has not noticed: it lives, and goes on.
    assert is_running(app.pid), app.log
    words = app.log.count("alive")
    eventually(lambda: app.log.count("alive") > words + 1, 10, "the app goes on")

    qualities: Counter[str] = Counter()
    wrong: list[str] = []
    hanging_wrong: list[str] = []
    hanging_seen: Counter[str] = Counter()
    unavailable: Counter[str] = Counter()
    hanging = {int(thread): function for thread, function in said["hanging"].items()}
    for line in lines:
        if " unavailable " in line:
            unavailable[line.partition(" unavailable ")[2].replace(line.split()[0], "PID")] += 1
            continue
        pid, thread, _, quality, frames = parse(line)
        qualities[quality] += 1
        fault = judge.fault(frames)
        if quality == "exact" and fault:
            wrong.append(f"{fault}: {line}")
        if pid == said["pid"] and (function := hanging.get(thread)) is not None:
            expected = said["stacks"][function]
            hanging_seen[quality] += 1
            shown = [list(frame) for frame in frames[: len(expected)]]
            if quality != "unreadable" and shown != expected:
                hanging_wrong.append(f"{function}: {line}")
    total = sum(qualities.values())
    # For the log of the run.
    print(
        summary, dict(qualities), dict(unavailable), f"{len(wrong)} exact ones wrong", *wrong[:20]
    )

    assert total >= STACKS, summary
    assert not hanging_wrong, hanging_wrong[:5]
    # The others: the machine had more to do than the reader may wait for.
    assert hanging_seen["exact"] >= 0.9 * sum(hanging_seen.values()), hanging_seen
    assert qualities["unreadable"] <= 0.01 * total
    assert len(wrong) <= 0.005 * qualities["exact"], wrong[:10]
    # A worker that forks and ends within 100 ms may be gone when it is looked at.
    gone = sum(n for reason, n in unavailable.items() if reason.endswith("has ended"))
    assert sum(unavailable.values()) - gone <= 0.01 * total, unavailable
