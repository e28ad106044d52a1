"""A memory cgroup (v1) for the processes of one test."""

from __future__ import annotations

import contextlib
import os
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from harness import eventually

_ROOT = Path("/sys/fs/cgroup/memory")


@dataclass(frozen=True)
class MemoryCgroup:
    """What a process that enters it may use, with all that it starts."""

    path: Path
    limit_bytes: int

    def enter(self) -> None:
        """Moves the calling process into it; for `preexec_fn`."""
        (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def oom_kills(self) -> int:
        """How many processes the kernel has killed in it."""
        text = (self.path / "memory.oom_control").read_text()
        found = re.findall(r"^oom_kill (\d+)", text, re.M)
        return int(found[0]) if found else 0


@contextlib.contextmanager
def memory_cgroup(limit_bytes: int) -> Iterator[MemoryCgroup]:
    """Skips the test where none can be made. Its processes must have ended at the end."""
    path = _ROOT / f"stirbar-test-{uuid.uuid4().hex[:12]}"
    try:
        path.mkdir()
        (path / "memory.limit_in_bytes").write_text(str(limit_bytes))
    except OSError as fault:
        pytest.skip(f"this machine lets us make no memory cgroup: {fault}")
    yield MemoryCgroup(path, limit_bytes)
    with contextlib.suppress(OSError):
        eventually(lambda: path.rmdir() is None, 10)
