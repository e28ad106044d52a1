"""The segment goes bad under load: every request is served, and the figures come back."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import APPS, Load, Running, Sandbox, eventually

VERSION_OFFSET = 8  # Header::layout_version, src/segment/layout.h


def truncate_to_nothing(segment: Path) -> None:
    os.truncate(segment, 0)


def truncate_in_the_middle(segment: Path) -> None:
    os.truncate(segment, 100_000)


def zero(segment: Path) -> None:
    with segment.open("r+b") as file:
        for _ in range(4):
            file.write(bytes(1 << 20))


def fill_with_noise(segment: Path) -> None:
    """All of it, the workers' slots included."""
    size, noise = segment.stat().st_size, os.urandom(1 << 20)
    with segment.open("r+b") as file:
        for _ in range(size >> 20):
            file.write(noise)


def fill_slots_with_noise(segment: Path) -> None:
    """Everything but the header: what no check at the start of the file can see."""
    size, noise = segment.stat().st_size, os.urandom(1 << 20)
    with segment.open("r+b") as file:
        file.seek(4096)
        for _ in range((size >> 20) - 1):
            file.write(noise)


def make_another_version(segment: Path) -> None:
    with segment.open("r+b") as file:
        file.seek(VERSION_OFFSET)
        file.write(struct.pack("<I", 99))


def replace_by_another_version(segment: Path) -> None:
    other = segment.with_suffix(".other")
    other.write_bytes(segment.read_bytes()[:VERSION_OFFSET] + struct.pack("<I", 99) + bytes(8192))
    other.chmod(0o600)
    other.rename(segment)


def delete(segment: Path) -> None:
    segment.unlink()


FAULTS: list[tuple[Callable[[Path], None], str]] = [
    (truncate_to_nothing, "truncated|pages are gone"),
    (truncate_in_the_middle, "truncated|pages are gone"),
    (zero, "first bytes are zero"),
    (fill_with_noise, "first bytes are noise"),
    (make_another_version, "layout version 99, this build uses"),
    (replace_by_another_version, "its file has been replaced"),
    (delete, "its file is gone"),
]


def assert_recovers(box: Sandbox, served: Running, load: Load) -> None:
    """New requests are counted again by both workers, and nothing has failed."""
    served.api.wait_for_workers(2, 20)
    before = served.api.totals()["requests"]
    eventually(lambda: served.api.totals()["requests"] >= before + 50, 20, "figures go on")
    seen = load.stop()
    assert seen.sent > 50
    assert (seen.failed, seen.wrong) == (0, 0)
    eventually(lambda: served.api.snapshot()["in_flight"] == [], what="nothing hangs about")
    assert box.segment().stat().st_mode & 0o777 == 0o600


# R-ERR-1
@pytest.mark.parametrize(("harm", "reason"), FAULTS, ids=[f.__name__ for f, _ in FAULTS])
def test_segment_harmed_under_load(box: Sandbox, harm: Callable[[Path], None], reason: str) -> None:
    served = box.gunicorn().ready(workers=2)
    pids, supervisor = served.api.worker_pids(), served.supervisor_pid
    load = Load(box, served.app.port, clients=2)
    served.api.wait_for_requests(50)
    harm(box.segment())
    eventually(lambda: "the segment went bad" in served.log, 10, "the fault is noticed")
    eventually(lambda: served.supervisor_pid != supervisor, 10, "a new supervisor")
    assert_recovers(box, served, load)
    assert served.api.worker_pids() == pids  # not one worker was restarted for it
    words = reason.split("|")
    assert any(word in served.log for word in words), served.log
    if harm is not delete:
        (event,) = served.api.events("segment_refused")
        assert "made anew" in event["text"]
    assert served.stop() == 0
    assert not [name for name in box.files() if not name.endswith(".refused")]


# R-ERR-1: nonsense in every slot, under a header that is all right, breaks neither side
def test_noise_behind_a_sound_header_harms_nobody(box: Sandbox) -> None:
    served = box.gunicorn().ready(workers=2)
    load = Load(box, served.app.port, clients=2)
    served.api.wait_for_requests(50)
    fill_slots_with_noise(box.segment())
    for _ in range(10):
        assert served.app.ask("/").status == 200
    eventually(lambda: served.api.ask("/health/live").status in (200, 503), 10)
    seen = load.stop()
    assert (seen.failed, seen.wrong) == (0, 0)
    # It is taken up again once the file is made anew.
    load = Load(box, served.app.port, clients=2)
    delete(box.segment())
    eventually(lambda: box.segment().exists(), 20)
    assert_recovers(box, served, load)


# R-ERR-1: the supervisor finds a bad file when it starts
@pytest.mark.parametrize("harm", [truncate_in_the_middle, fill_with_noise, make_another_version])
def test_supervisor_killed_and_segment_harmed(box: Sandbox, harm: Callable[[Path], None]) -> None:
    served = box.gunicorn().ready(workers=2)
    load = Load(box, served.app.port, clients=2)
    os.kill(served.supervisor_pid, 9)
    harm(box.segment())
    eventually(lambda: "segment refused" in served.log or "went bad" in served.log, 10)
    assert_recovers(box, served, load)


# R-ERR-1: `Stirbar(app)` alone finds a bad file at its start
def test_bad_file_at_the_start_of_the_extension(box: Sandbox) -> None:
    # Named after the app and the folder that it lies in.
    bad = box.runtime / f"extension_app-{zlib.crc32(str(APPS).encode()):08x}.segment"
    bad.write_bytes(b"noise, and not a segment at all")
    bad.chmod(0o600)
    served = box.extension().ready()  # the first requests are served without being seen
    served.api.wait_for_workers(2)
    assert "segment refused" in served.log
    before = served.api.totals()["requests"]
    assert [served.app.ask("/").status for _ in range(10)] == [200] * 10
    served.api.wait_for_requests(before + 10)
    assert bad.with_name(f"{bad.name}.refused").exists()


# R-ERR-1: the app serves, and its log says once for each worker why nobody sees it
def test_worker_that_cannot_open_the_segment_says_so(box: Sandbox) -> None:
    served = box.extension("-w", "1", environment={"STIRBAR_SEGMENT": "/nowhere/x.segment"})
    eventually(lambda: served.app.answers("/"), what="the app answers")
    eventually(lambda: "served unmonitored" in served.log, what="the reason is logged")
    assert [served.app.ask("/").status for _ in range(5)] == [200] * 5
    assert served.log.count("open /nowhere/x.segment: No such file") == 1


# R-ERR-1: shared memory that nobody may write to
def test_runtime_folder_that_is_unsafe_is_refused(box: Sandbox) -> None:
    box.runtime.chmod(0o777)
    run = box.cli("run", "--listen", "127.0.0.1:0", "--", "true")
    assert run.returncode == 2
    assert "nobody else can write to" in run.stderr
