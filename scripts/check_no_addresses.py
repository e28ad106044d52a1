"""Checks that no file of the repository names a network address.

Allowed: this machine (loopback), names reserved for examples (RFC 2606), XML namespaces of w3.org
(identifiers, never fetched), and places where a program or a reader fills the host in.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = re.compile(r"\b(?:https?|wss?|ftp|ssh|git)://([^\s\"'`<>)\]},;|\\]*)", re.IGNORECASE)
ALLOWED_HOST = re.compile(
    r"localhost|127(\.\d{1,3}){3}|0\.0\.0\.0|\[::1?\]|\[?"
    r"|([a-z0-9-]+\.)*example(\.(com|net|org|edu))?|([a-z0-9-]+\.)*(test|invalid|localhost)"
    r"|[A-Z][A-Z0-9_]*"  # HOST:PORT in a text for people
)
NAMESPACE = re.compile(r"www\.w3\.org/(1999|2000|2001|1998)/")
FILLED_IN = "{$%*+("
QUOTED_TEXTS = {"LICENSE"}  # the words of others, unchanged


def host_of(rest: str) -> str:
    """`rest` is what follows `://`. Returns the host without user, port and path."""
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    if authority.startswith("["):
        return authority.partition("]")[0] + "]"
    return authority.partition(":")[0].rstrip(".")


def is_allowed(rest: str) -> bool:
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if NAMESPACE.match(rest) or any(mark in authority for mark in FILLED_IN):
        return True
    host = host_of(rest)
    return bool(ALLOWED_HOST.fullmatch(host) or ALLOWED_HOST.fullmatch(host.lower()))


def tracked_files() -> list[str]:
    """The files of git, and those that are not ignored and may be added next."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return sorted(set(filter(None, listed.split("\0"))))


def main() -> int:
    files = tracked_files()
    found = 0
    for name in files:
        path = ROOT / name
        if name in QUOTED_TEXTS or not path.is_file() or path.is_symlink():
            continue
        raw = path.read_bytes()
        if b"://" not in raw or b"\0" in raw:
            continue
        for number, line in enumerate(raw.decode(errors="replace").splitlines(), 1):
            for match in ADDRESS.finditer(line):
                if not is_allowed(match[1]):
                    found += 1
                    print(f"{name}:{number}: {match[0][:100]}")
    print(f"{len(files)} files, {found} network addresses")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
