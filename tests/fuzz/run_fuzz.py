"""Runs fuzz targets one after the other, each for some seconds, and says which held.

    tests/fuzz/run_fuzz.py BUILD_FOLDER SECONDS TARGET...

Begins with the seeds of tests/fuzz/corpus/, and keeps what it finds on the way in
BUILD_FOLDER/corpus/, so that the next run goes on from there. An input that crashes, hangs, eats
memory or breaks a promise is left as BUILD_FOLDER/TARGET-crash-...: once its cause is mended, it
becomes a seed. Prints `[fuzz] TARGET: passed` or `failed`; the exit status is 0 when all passed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIMITS = ["-timeout=10", "-rss_limit_mb=2048", "-max_len=4096", "-len_control=0"]
# For what stands still where libFuzzer's own limits do not hold, as in a system call.
GRACE_SECONDS = 120


def fuzz(build: Path, seconds: int, target: str) -> bool:
    name = target.removesuffix("_fuzz")
    found = build / "corpus" / name
    found.mkdir(parents=True, exist_ok=True)
    dictionary = HERE / f"{name}.dict"
    words = [f"-dict={dictionary}"] if dictionary.exists() else []
    program = [str(build / "tests" / "fuzz" / target), *LIMITS, *words, "-print_final_stats=1"]
    options = [f"-artifact_prefix={build / target}-", "-verbosity=0"]
    time = [f"-max_total_time={seconds}"]
    folders = [str(found), str(HERE / "corpus" / name)]
    try:
        command = [*program, *options, *time, *folders]
        return subprocess.run(command, timeout=seconds + GRACE_SECONDS, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def main() -> int:
    build, seconds, targets = Path(sys.argv[1]).resolve(), int(sys.argv[2]), sys.argv[3:]
    held = True
    for target in targets:
        passed = fuzz(build, seconds, target)
        print(f"[fuzz] {target}: {'passed' if passed else 'failed'}", flush=True)
        held = held and passed
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
