"""Changes its stacks as fast as it can, and can say of each one whether it is possible.

    python torture_app.py SEGMENT [SECONDS]

Functions are named after who may call them: `g_0_2` is called by `g_0` alone, from the line that
`CALL_LINES` has for it, and so on down to `busy`. A reader who takes frames of one moment for those
of another shows a caller that is none. Prints a line of JSON when it runs: the native ids of the
threads that hang, with their stacks, innermost frame first; and "alive N" each half a second.
"""

from __future__ import annotations

import gc
import json
import os
import random
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

DEPTH, BRANCHES = 5, 3
HERE = os.path.abspath(__file__)


def source_of_the_tree() -> str:
    """All functions as text: each calls one of its children, by a number that goes round."""
    lines = []

    def add(name: str, depth: int) -> None:
        lines.append(f"def {name}(n):")
        if depth == DEPTH:
            lines.append("    return n + 1")
            return
        for branch in range(BRANCHES):
            lines.append(f"    if n % {BRANCHES} == {branch}:")
            lines.append(f"        return {name}_{branch}(n // {BRANCHES}) + 1")
        lines.append("    return 0")
        for branch in range(BRANCHES):
            add(f"{name}_{branch}", depth + 1)

    add("g", 0)
    return "\n".join(lines) + "\n"


SOURCE = source_of_the_tree()


def call_lines() -> dict[str, int]:
    """Line of the call of each function in its one caller."""
    found = {}
    for number, line in enumerate(SOURCE.splitlines(), 1):
        if "(n //" in line:
            found[line.split()[1].partition("(")[0]] = number
    return found


def tree() -> Callable[[int], int]:
    """The tree's root, freshly compiled: its code objects are its own."""
    space: dict[str, Any] = {}
    exec(compile(SOURCE, "<tree>", "exec"), space)
    root: Callable[[int], int] = space["g"]
    return root


STOP = threading.Event()


def busy() -> None:
    """Goes round the tree."""
    root = tree()
    n = random.randrange(BRANCHES**DEPTH)
    while not STOP.is_set():
        for _ in range(50):
            n = (n * 1103515245 + 12345) % 2147483648
            root(n >> 8)


def renewing() -> None:
    """Goes round trees that are thrown away: their addresses are used again."""
    while not STOP.is_set():
        root = tree()
        for n in range(300):
            root(n)
        del root
        gc.collect(0)


def allocating() -> None:
    """Makes and drops objects of all sizes."""
    kept: list[Any] = []
    while not STOP.is_set():
        kept.append(bytearray(random.randrange(1, 200_000)))
        kept.append({i: [i] for i in range(50)})
        if len(kept) > 100:
            kept.clear()


def short_lived() -> None:
    """What a thread of a moment does."""
    tree_root(random.randrange(1000))


tree_root = tree()


def starting_threads() -> None:
    """Threads that begin and end all the time."""
    while not STOP.is_set():
        threads = [threading.Thread(target=short_lived) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def sleeper() -> None:
    """Hangs."""
    deeper_sleep(20)


def deeper_sleep(depth: int) -> None:
    if depth > 0:
        deeper_sleep(depth - 1)
    else:
        time.sleep(3600)


LOCK = threading.Lock()


def waiter() -> None:
    """Hangs, in a lock that nobody gives back."""
    LOCK.acquire()


def reader() -> None:
    """Hangs, in a generator."""
    for _ in endless():
        pass


def endless() -> Any:
    read_end, _ = os.pipe()
    os.read(read_end, 1)
    yield 1


def child(attach: Callable[[], object]) -> None:
    """What a fork does: becomes a worker, runs for a moment, is gone."""
    attach()
    root = tree()
    end = time.monotonic() + random.random() * 0.1
    n = 0
    while time.monotonic() < end:
        n += 1
        root(n)
    os._exit(0)


def stack_of(thread: threading.Thread) -> list[tuple[str, int]]:
    """As the app itself sees it: function and line, innermost first."""
    assert thread.ident is not None
    frames = traceback.extract_stack(sys._current_frames()[thread.ident])
    return [(frame.name, frame.lineno or 0) for frame in reversed(frames) if frame.filename == HERE]


def main() -> None:
    from stirbar import _stirbar as probe

    segment = sys.argv[1]
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 3600.0
    probe.configure(segment, "torture", ["/bin/true"], {})
    assert probe.start("other"), probe.trouble()
    LOCK.acquire()
    hanging = [
        threading.Thread(target=f, name=f.__name__, daemon=True) for f in (sleeper, waiter, reader)
    ]
    running = [
        threading.Thread(target=f, daemon=True)
        for f in (busy, busy, renewing, allocating, starting_threads)
    ]
    for thread in hanging + running:
        thread.start()
    time.sleep(0.3)
    said = {
        "pid": os.getpid(),
        "hanging": {thread.native_id: thread.name for thread in hanging},
        "stacks": {thread.name: stack_of(thread) for thread in hanging},
        "call_lines": json.dumps(call_lines()),
    }
    print(json.dumps(said), flush=True)
    end = time.monotonic() + seconds
    forks, children, next_word = 0, [], 0.0
    while time.monotonic() < end:
        if len(children) < 3:
            pid = os.fork()
            if pid == 0:
                child(lambda: probe.start("other"))
            children.append(pid)
            forks += 1
        else:
            os.waitpid(children.pop(0), 0)
        if time.monotonic() >= next_word:
            next_word = time.monotonic() + 0.5
            print(f"alive {forks}", flush=True)
    for pid in children:
        os.waitpid(pid, 0)
    os._exit(0)


if __name__ == "__main__":
    main()
