"""Runs the test suites one after the other, goes on after one that fails, and sums them up.

    .venv/bin/python scripts/run_tests.py [cpp] [tsan] [fuzz] [web] [python] [playwright]

Ends with a line `N passed, N failed`; the exit status is 0 only when nothing failed and each suite
ran at least one test. Every suite's output is kept in build/test-logs/. FUZZ_SECONDS says how long
each fuzz target runs; the default is 20.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / "build" / "test-logs"
PYTHON = str(ROOT / ".venv" / "bin" / "python")
SUITE_LIMIT_SECONDS = 3000.0
FUZZ_SECONDS = int(os.environ.get("FUZZ_SECONDS", "20"))
FUZZ_TARGETS = ("segment_fuzz", "http_fuzz", "toml_fuzz")
# What the suites print is read by this program and by people's logs: no colours.
ENVIRONMENT = {
    **os.environ,
    "NO_COLOR": "1",
    "FORCE_COLOR": "0",
    "PYTHONUNBUFFERED": "1",
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=0:second_deadlock_stack=1",
}

Command = list[str]


@dataclass(frozen=True)
class Counts:
    """What a runner says at its end. `None` stands for a runner that said nothing."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0


@dataclass(frozen=True)
class Suite:
    """Commands run in order; the last one runs the tests, and `count` reads its output."""

    name: str
    title: str
    commands: Callable[[], list[Command]]
    count: Callable[[str], Counts | None]
    folder: Path = ROOT


def number_before(word: str, line: str) -> int:
    found = re.search(rf"(\d+) {word}", line)
    return int(found[1]) if found else 0


def count_gtest(output: str) -> Counts | None:
    """`[  PASSED  ] 12 tests.`, `[  FAILED  ] 1 test, listed below:`."""
    passed = re.findall(r"^\[  PASSED  \] (\d+) tests?\.", output, re.M)
    failed = re.findall(r"^\[  FAILED  \] (\d+) tests?, listed below", output, re.M)
    skipped = re.findall(r"^\[  SKIPPED \] (\d+) tests?, listed below", output, re.M)
    if not passed:
        return None
    return Counts(int(passed[-1]), int((failed or [0])[-1]), int((skipped or [0])[-1]))


def count_pytest(output: str) -> Counts | None:
    """`3 failed, 40 passed, 1 skipped, 2 errors in 1.20s`, with or without `=` around it."""
    lines = [line for line in output.splitlines() if re.search(r"\d \w+ in [\d.]+s", line)]
    if not lines:
        return None
    failed = number_before("failed", lines[-1]) + number_before("error", lines[-1])
    return Counts(number_before("passed", lines[-1]), failed, number_before("skipped", lines[-1]))


def count_vitest(output: str) -> Counts | None:
    """`Tests  1 failed | 4 passed (5)`."""
    lines = re.findall(r"^\s*Tests\s+(.*\(\d+\))", output, re.M)
    if not lines:
        return None
    words = ("passed", "failed", "skipped")
    return Counts(*(number_before(word, lines[-1]) for word in words))


def count_playwright(output: str) -> Counts | None:
    """Lines such as `  3 passed (5.1s)` and `  1 failed`, one for each kind."""
    sums = {word: 0 for word in ("passed", "failed", "skipped", "flaky", "did not run")}
    for number, word in re.findall(rf"^\s+(\d+) ({'|'.join(sums)})\b", output, re.M):
        sums[word] += int(number)
    if not any(sums.values()):
        return None
    failed = sums["failed"] + sums["flaky"] + sums["did not run"]
    return Counts(sums["passed"], failed, sums["skipped"])


def count_fuzz(output: str) -> Counts | None:
    """`[fuzz] segment_fuzz: passed` or `failed`, one line for each target (run_fuzz.py)."""
    verdicts = re.findall(r"^\[fuzz\] \w+: (passed|failed)\b", output, re.M)
    if not verdicts:
        return None
    return Counts(verdicts.count("passed"), verdicts.count("failed"))


def cmake(folder: str, build_type: str, options: list[str], target: str) -> list[Command]:
    launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    configure = ["cmake", "-S", ".", "-B", folder, "-G", "Ninja", "-DSTIRBAR_PYTHON=OFF"]
    return [
        [*configure, f"-DCMAKE_BUILD_TYPE={build_type}", *options, *launcher],
        ["cmake", "--build", folder, "--target", target],
    ]


def build_unit_tests(folder: str, sanitizers: str, target: str) -> list[Command]:
    # Debug: the sanitizers see every access, and it compiles in half the time.
    options = ["-DSTIRBAR_TESTS=ON", f"-DSTIRBAR_SANITIZE={sanitizers}"]
    return cmake(folder, "Debug", options, target)


def address_sanitizer() -> list[Command]:
    run = ["build/asan/stirbar_unit_tests", "--gtest_brief=1"]
    return [*build_unit_tests("build/asan", "address,undefined", "stirbar_unit_tests"), run]


def thread_sanitizer() -> list[Command]:
    """Only the tests of base and segment: what several processes and threads share."""
    run = ["build/tsan/stirbar_segment_tests", "--gtest_brief=1"]
    # GCC 12's runtime cannot place its shadow memory under strong address randomisation.
    fixed = ["setarch", os.uname().machine, "-R"]
    if shutil.which("setarch") and subprocess.run([*fixed, "true"], check=False).returncode == 0:
        run = fixed + run
    return [*build_unit_tests("build/tsan", "thread", "stirbar_segment_tests"), run]


def fuzz_targets() -> list[Command]:
    """Optimised: what counts here is how many inputs are tried."""
    clang = next((name for name in ("clang-14", "clang") if shutil.which(name)), "clang")
    options = [
        "-DSTIRBAR_FUZZ=ON",
        f"-DCMAKE_C_COMPILER={clang}",
        f"-DCMAKE_CXX_COMPILER={clang.replace('clang', 'clang++')}",
    ]
    run = [PYTHON, "tests/fuzz/run_fuzz.py", "build/fuzz", str(FUZZ_SECONDS), *FUZZ_TARGETS]
    return [*cmake("build/fuzz", "RelWithDebInfo", options, "fuzz_targets"), run]


def python_tests() -> list[Command]:
    """Three files at a time: most of what they do is to wait for servers and clocks."""
    spread = ["-n", "3", "--dist", "loadfile", "--no-loadscope-reorder"]
    return [[PYTHON, "-m", "pytest", "tests", *spread]]


def npm_tests(folder: str, run: Command) -> list[Command]:
    return [[str(ROOT / "scripts" / "npm_install.sh"), str(ROOT / folder)], run]


SPECS = ROOT / "tests" / "playwright"
SUITES = [
    Suite("cpp", "C++ unit tests under ASan and UBSan", address_sanitizer, count_gtest),
    Suite("tsan", "C++ segment tests under TSan", thread_sanitizer, count_gtest),
    Suite("fuzz", "fuzz targets under ASan and UBSan", fuzz_targets, count_fuzz),
    Suite(
        "web",
        "web unit tests",
        lambda: npm_tests("web", ["npm", "test"]),
        count_vitest,
        ROOT / "web",
    ),
    Suite("python", "Python tests", python_tests, count_pytest),
    Suite(
        "playwright",
        "browser tests",
        lambda: npm_tests("tests/playwright", ["npm", "test"]),
        count_playwright,
        SPECS,
    ),
]


def run(command: Command, folder: Path, log: Path, limit_seconds: float) -> tuple[int, str]:
    """Run `command`, copying its output to the terminal and to `log`. Returns status and output."""
    lines: list[str] = []
    with log.open("a") as copy:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )

        def end() -> None:
            print(f"[test] no end after {limit_seconds:.0f} s: killing it", flush=True)
            os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(limit_seconds, end)
        timer.start()
        try:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line)
                copy.write(line)
                print(line, end="", flush=True)
            return process.wait(), "".join(lines)
        except KeyboardInterrupt:
            os.killpg(process.pid, signal.SIGTERM)
            raise
        finally:
            timer.cancel()


def run_suite(suite: Suite) -> Counts:
    log = LOGS / f"{suite.name}.log"
    log.write_text("")
    status, output = 0, ""
    for command in suite.commands():
        print(f"[test] $ {' '.join(command)}", flush=True)
        try:
            status, output = run(command, suite.folder, log, SUITE_LIMIT_SECONDS)
        except OSError as error:
            print(f"[test] {error}", flush=True)
            return Counts(failed=1)
        if status != 0 and command is not suite.commands()[-1]:
            break
    counts = suite.count(output)
    if counts is None or counts == Counts():
        print(f"[test] {suite.title}: no test was run", flush=True)
        return Counts(failed=1)
    if status != 0 and counts.failed == 0:
        print(f"[test] {suite.title}: status {status} though no test failed", flush=True)
        return Counts(counts.passed, 1, counts.skipped)
    return counts


def main() -> int:
    # A script's background job ignores these, and so would the servers under test.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    parser = argparse.ArgumentParser(description="Run the test suites and sum them up.")
    parser.add_argument(
        "suites", nargs="*", metavar="suite", help=", ".join(s.name for s in SUITES)
    )
    wanted = parser.parse_args().suites
    known = {suite.name for suite in SUITES}
    if unknown := set(wanted) - known:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}")
    LOGS.mkdir(parents=True, exist_ok=True)

    results: list[tuple[str, Counts, float]] = []
    for suite in SUITES:
        if wanted and suite.name not in wanted:
            continue
        if suite.name == "playwright" and not any(SPECS.glob("*test_*.js")):
            print("[test] browser tests: there are no specs yet", flush=True)
            continue
        print(f"\n[test] === {suite.title} ===", flush=True)
        began = time.monotonic()
        results.append((suite.title, run_suite(suite), time.monotonic() - began))

    print("\n[test] suites")
    for title, counts, seconds in results:
        verdict = "FAILED" if counts.failed else "ok"
        print(
            f"  {title:<38} {counts.passed:5} passed {counts.failed:4} failed "
            f"{counts.skipped:4} skipped {seconds:7.1f} s  {verdict}"
        )
    passed = sum(counts.passed for _, counts, _ in results)
    failed = sum(counts.failed for _, counts, _ in results)
    print(f"\n{passed} passed, {failed} failed", flush=True)
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
