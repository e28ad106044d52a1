"""Runs SQLAlchemy's own tests with FairPool in QueuePool's place.

    .venv/bin/python tests/sqlalchemy_suite/run.py [--engine] [VERSION ...]

test/engine/test_pool.py must pass in full. --engine: all of test/engine, with QueuePool and with
FairPool; what passes with the one must pass with the other. The sources come from the package
index, and stay in build/sqlalchemy; the tests run by this interpreter's pytest, on the sources.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import subprocess
import sys
import tarfile
import tempfile
import xml.etree.ElementTree as xml
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = HERE.parents[1] / "build" / "sqlalchemy"
VERSIONS = ("1.4.54", "2.0.49", importlib.metadata.version("sqlalchemy"))


def source(version: str, folder: Path = SOURCES) -> Path:
    """The unpacked source archive; SystemExit with what pip said where it cannot be had."""
    unpacked = folder / f"sqlalchemy-{version}"
    if unpacked.exists():
        return unpacked
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:"]
    command += ["--disable-pip-version-check", "--dest", str(folder), f"sqlalchemy=={version}"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    archives = [*folder.glob(f"[Ss][Qq][Ll][Aa]lchemy-{version}.tar.gz")]
    if not archives:
        sys.exit(run.stdout + run.stderr)
    with tarfile.open(archives[0]) as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extractall(folder, filter="data")
        else:
            archive.extractall(folder)  # from the index that SQLAlchemy itself was installed from
    (found,) = (path for path in folder.glob(f"*-{version}") if path.is_dir())
    return found if found == unpacked else found.rename(unpacked)


def outcomes(source: Path, tests: str, *, fair: bool) -> dict[str, str]:
    """Test -> passed, failed, error or skipped; names without that of the pool's class."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("STIRBAR_")
    }
    environment["PYTHONPATH"] = os.pathsep.join([str(source / "lib"), str(HERE)])
    plugin = ["-p", "fair_pool_plugin"] if fair else []
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        command = [sys.executable, "-m", "pytest", tests, "-q", "-p", "no:cacheprovider"]
        run = subprocess.run(
            [*command, *plugin, "--junitxml", str(report)],
            cwd=source, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        if not report.exists():
            sys.exit(run.stdout)
        found = {}
        for case in xml.parse(report).iter("testcase"):
            parts = [part.tag for part in case if part.tag in ("failure", "error", "skipped")]
            name = f"{case.get('classname')}::{case.get('name')}".replace("FairPool", "QueuePool")
            found[name] = parts[0] if parts else "passed"
        return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("versions", nargs="*", default=VERSIONS, metavar="VERSION")
    parser.add_argument("--engine", action="store_true", help="all of test/engine, and compare")
    options = parser.parse_args()
    bad = 0
    for version in options.versions:
        folder = source(version)
        tests = "test/engine" if options.engine else "test/engine/test_pool.py"
        with_ours = outcomes(folder, tests, fair=True)
        plain = outcomes(folder, tests, fair=False) if options.engine else {}
        passed = sum(outcome == "passed" for outcome in with_ours.values())
        print(f"SQLAlchemy {version}: {passed} of {len(with_ours)} pass with FairPool", flush=True)
        for name, outcome in sorted(with_ours.items()):
            before = plain.get(name, "absent" if options.engine else "passed")
            if outcome in ("failure", "error") and outcome != before:
                bad += 1
                print(f"  {name}: {outcome}, with QueuePool: {before}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
