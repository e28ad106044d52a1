"""Runs clang-tidy (.clang-tidy) over src/, on every core; a file that passed is not looked at again
until it, a header or the settings change.

    run_clang_tidy.py BUILD    a folder with compile_commands.json

Left out: tests (GoogleTest's macros take longer than all the rest, and the sanitizers run them),
and files that include Boost.Asio or Beast, which clang-tidy 14 cannot read: its C++20 coroutines
are not those of GCC's library.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src"
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.M)
UNREADABLE = re.compile(r"boost/(asio|beast)\b|coroutine$")
# Warnings are GCC's business here; it knows options that clang does not.
ARGUMENTS = ("--quiet", "--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-error")


def is_readable(source: Path, seen: set[Path]) -> bool:
    """Whether `source`, with the headers of ours that it includes, is free of the unreadable."""
    seen.add(source)
    for ours, system in INCLUDE.findall(source.read_text(errors="replace")):
        if UNREADABLE.search(system):
            return False
        header = SRC / ours if (SRC / ours).is_file() else source.parent / ours
        if ours and header.is_file() and header not in seen and not is_readable(header, seen):
            return False
    return True


def tidy(source: Path, build: Path) -> tuple[Path, float, str]:
    began = time.monotonic()
    command = ["clang-tidy", "-p", str(build), *ARGUMENTS, str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    # What it says on stderr ("12 warnings generated") is of use only when it failed.
    text = "" if done.returncode == 0 else done.stdout + done.stderr
    return source, time.monotonic() - began, text


def main() -> int:
    build = Path(sys.argv[1]).resolve()
    entries = json.loads((build / "compile_commands.json").read_text())
    sources = sorted({Path(e["file"]).resolve() for e in entries})
    sources = [s for s in sources if s.is_relative_to(SRC) and s.suffix == ".cc"]
    code = [s for s in sources if not s.name.endswith("_test.cc")]
    readable = [s for s in code if is_readable(s, set())]

    shared = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
    for header in sorted(SRC.rglob("*.h")):
        shared.update(header.read_bytes())
    passed_file = build / "clang-tidy-passed.json"
    passed: dict[str, str] = json.loads(passed_file.read_text()) if passed_file.exists() else {}
    state = {s: hashlib.sha256(shared.digest() + s.read_bytes()).hexdigest() for s in readable}
    todo = [s for s in readable if passed.get(str(s)) != state[s]]

    faulty = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, (source, seconds, text) in enumerate(
            pool.map(lambda s: tidy(s, build), todo), 1
        ):
            name = source.relative_to(ROOT)
            print(f"  [{number}/{len(todo)}] {name} {seconds:.1f} s", flush=True)
            if text:
                faulty += 1
                print(text, flush=True)
            else:
                passed[str(source)] = state[source]
    passed_file.write_text(json.dumps(passed, indent=1))
    print(
        f"{len(readable)} files, {len(todo)} of them looked at now, {faulty} with faults; "
        f"{len(sources) - len(readable)} left out"
    )
    return 1 if faulty else 0


if __name__ == "__main__":
    sys.exit(main())
