"""Counts the instructions of a Python program by valgrind: exact where the clock of a busy machine
is not."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import mark
import processes

# A look-up that CPython's method cache did not have. The cache has 4,096 places, chosen by a name's
# address: which of the hundreds of look-ups of a request share a place, and push each other out at
# each request, differs from process to process, and is worth up to 90,000 instructions a request.
CACHE_MISS = "find_name_in_mro"


@dataclass(frozen=True)
class Count:
    """Instructions of the first thread: all but those of misses of the method cache, those of the
    misses, and those in the probe's own machine code (among the first). No misses are found where
    the interpreter has no symbols: they are among the first then."""

    total: int
    misses: int
    own: int


def count(command: Sequence[str], at: int, environment: Mapping[str, str]) -> Count:
    """Instructions of the first thread of `command[at:]` between its two calls of mark.mark(); what
    stands before `at` starts it."""
    with tempfile.TemporaryDirectory() as folder:
        valgrind = [
            "valgrind",
            "--quiet",
            "--tool=callgrind",
            "--separate-threads=yes",
            f"--dump-before={mark.FUNCTION}",
            f"--callgrind-out-file={folder}/out",
        ]
        processes.run([*command[:at], *valgrind, *command[at:]], environment)
        # The first file holds what ran up to the first mark, this one what ran from it to the next.
        between = Path(folder, "out.2-01")
        if not between.exists() or Path(folder, "out.3-01").exists():
            processes.give_up(f"{' '.join(command)} did not pass two marks")
        text = between.read_text()
    found = re.search(r"^(?:summary|totals): (\d+)", text, re.M)
    if found is None:
        processes.give_up("callgrind wrote no totals")
    misses = cost_of_calls(text, CACHE_MISS)
    return Count(int(found[1]) - misses, misses, own_code(text))


def cost_of_calls(text: str, function: str) -> int:
    """Inclusive cost of the calls of `function`, which must not call itself, in a file in
    "Callgrind Format" (valgrind's manual)."""
    names: dict[str, str] = {}
    called = after_call = ""
    total = 0
    for line in text.splitlines():
        if line.startswith(("fn=", "cfn=")):
            number, _, name = line.partition("=")[2].partition(" ")
            if name:
                names[number] = name
            if line.startswith("c"):
                called = names[number]
        elif line.startswith("calls="):
            after_call = called  # the next line is what the call cost
        elif after_call and line[:1] in "0123456789+-*" and line:
            if after_call == function:
                total += int(line.split()[1])
            after_call = ""
    return total


def own_code(text: str) -> int:
    """Self cost of the object _stirbar in a file in "Callgrind Format" (valgrind's manual)."""
    names: dict[str, str] = {}
    ours = after_call = False
    total = 0
    for line in text.splitlines():
        if line.startswith("ob="):
            number, _, name = line[3:].partition(" ")
            if name:
                names[number] = name
            ours = "/_stirbar." in names.get(number, "")
        elif line.startswith("cob="):
            number, _, name = line[4:].partition(" ")
            if name:
                names[number] = name
        elif line.startswith("calls="):
            after_call = True  # the next line is what the call cost, the callee's
        elif line[:1] in "0123456789+-*" and line:
            if ours and not after_call:
                total += int(line.split()[1])
            after_call = False
    return total
