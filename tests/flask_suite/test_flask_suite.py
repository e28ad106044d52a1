"""Flask's own tests, from the source package of the installed version, with and without the probe.

The probe wraps every app that these tests make, and the native threads run beside them: what passes
without it must pass with it.
"""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest

BIN = Path(sys.prefix) / "bin"
LIMIT_SECONDS = 240
# Flask 3.1's tests use a name of pytest's own that pytest 9 has renamed. A plugin of both runs.
SHIM = """
import _pytest.monkeypatch as module

if not hasattr(module, "notset"):
    module.notset = module.NOTSET
    module.MonkeyPatch.notset = module.NOTSET
"""
# What `pip` says when it cannot reach the index, as against a version that is not there.
UNREACHABLE = ("NewConnectionError", "Temporary failure in name resolution", "ConnectTimeout",
               "Network is unreachable", "ProxyError", "Max retries exceeded")  # fmt: skip


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked source package of the installed Flask."""
    folder = tmp_path_factory.mktemp("flask")
    version = importlib.metadata.version("flask")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:"]
    command += ["--disable-pip-version-check", "--dest", str(folder)]
    run = subprocess.run(
        [*command, f"flask=={version}"], capture_output=True, text=True, timeout=120, check=False
    )
    archives = [*folder.glob("[Ff]lask-*.tar.gz")]
    if not archives and any(words in run.stdout + run.stderr for words in UNREACHABLE):
        pytest.skip("the package index cannot be reached: Flask's tests were not run")
    assert archives, run.stdout + run.stderr
    with tarfile.open(archives[0]) as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extractall(folder, filter="data")
        else:
            archive.extractall(folder)  # from the index that Flask itself was installed from
    (unpacked,) = (path for path in folder.iterdir() if path.is_dir())
    (unpacked / "notset_shim.py").write_text(SHIM)
    assert (unpacked / "tests" / "test_basic.py").exists()
    return unpacked


def run_tests(source: Path, report: Path, command: list[str], environment: dict[str, str]) -> str:
    """Runs Flask's tests; returns what was printed."""
    run = subprocess.run(
        [*command, sys.executable, "-m", "pytest", "tests", "-q", "-p", "no:cacheprovider",
         "-p", "notset_shim", "--junitxml", str(report)],
        cwd=source, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=LIMIT_SECONDS, check=False,
    )  # fmt: skip
    assert report.exists(), run.stdout
    return run.stdout


def results(report: Path) -> dict[str, str]:
    """Test -> passed, failed, error or skipped."""
    found = {}
    for case in xml.parse(report).iter("testcase"):
        outcome = next((part.tag for part in case if part.tag != "properties"), "passed")
        outcome = "passed" if outcome.startswith("system") else outcome
        found[f"{case.get('classname')}::{case.get('name')}"] = outcome
    return found


# R-ERR-1
def test_flask_passes_its_own_tests_with_the_probe_as_without(source: Path, tmp_path: Path) -> None:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("STIRBAR_", "PYTEST_", "FLASK_"))
    }
    environment["STIRBAR_RUNTIME_DIR"] = str(tmp_path / "runtime")
    without, under = tmp_path / "without.xml", tmp_path / "with.xml"
    run_tests(source, without, [], environment)
    # Proof that the probe was in these processes: it says so when the tests' interpreter ends.
    proof = source / "conftest.py"
    proof.write_text(
        "def pytest_unconfigure():\n"
        "    import flask\n"
        "    app = flask.Flask('proof')\n"
        "    app.get('/')(lambda: 'ok')\n"
        "    assert app.test_client().get('/').text == 'ok'\n"
        "    import sys\n"
        "    print('PROOF', app.__dict__.get('_stirbar_instrumented'), flush=True)\n"
        "    print('STATE', sys.modules['stirbar._stirbar'].state(), flush=True)\n"
    )
    launcher = [str(BIN / "stirbar"), "run", "--listen", "127.0.0.1:0", "--"]
    output = run_tests(source, under, launcher, environment)
    assert "PROOF True" in output, output[-3000:]

    plain, probed = results(without), results(under)
    assert len(plain) > 400
    assert sum(outcome == "passed" for outcome in plain.values()) > 400
    differing = {
        name: (plain.get(name), probed.get(name))
        for name in plain.keys() | probed.keys()
        if plain.get(name) != probed.get(name)
    }
    assert differing == {}, output[-5000:]
