"""A PostgreSQL server of a test's own, where the machine has one: on a private port of loopback,
with a data folder that goes with the test. PostgreSQL is not installed for the tests: its package
starts a service.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from harness import eventually, free_port

USER, PASSWORD = "shop", "shop-pass@1"
# Runs a command as the user that the package made: the server refuses to run as root.
_AS_USER = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


def binaries() -> Path | None:
    """The folder of the newest server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return found[-1].parent if found else None


class PostgreSql:
    """One server. `start` after the constructor; `close` at the end, whatever state it is in."""

    def __init__(self) -> None:
        folder = binaries()
        assert folder is not None, "there is no PostgreSQL"
        self.binaries = folder
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="stirbar-pg-", dir="/dev/shm"))
        self._popen: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        words = [f"--pgdata={self.folder / 'data'}", f"--username={USER}", "--no-sync"]
        words += ["--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8"]
        self._run("initdb", *words)

    def _command(self, name: str, *words: str) -> list[str]:
        return [*(_AS_USER if os.geteuid() == 0 else []), str(self.binaries / name), *words]

    def _run(self, name: str, *words: str) -> None:
        done = subprocess.run(self._command(name, *words), capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    @property
    def name(self) -> str:
        """As Stirbar names the server."""
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def url(self, password: str = PASSWORD) -> str:
        quoted = password.replace("@", "%40")
        return f"postgresql+psycopg2://{USER}:{quoted}@127.0.0.1:{self.port}/postgres"

    def start(self) -> PostgreSql:
        """Starts it and waits until it answers."""
        words = ["-D", str(self.folder / "data"), "-p", str(self.port), "-k", str(self.folder)]
        words += ["-c", "fsync=off", "-c", "listen_addresses=127.0.0.1"]
        with (self.folder / "log").open("ab") as log:
            self._popen = subprocess.Popen(
                self._command("postgres", *words),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        eventually(lambda: self.admin("SELECT 1"), what="PostgreSQL answers")
        return self

    def kill(self) -> None:
        """Ends it at once, as a crash does: connections are cut, the port refuses."""
        assert self._popen is not None, "not started"
        self._popen.send_signal(signal.SIGQUIT)
        self._popen.wait(30)
        self._popen = None

    def admin(self, sql: str) -> list[tuple[Any, ...]]:
        """Runs one statement; its rows. Empty where the server does not answer."""
        import psycopg2

        with contextlib.suppress(psycopg2.OperationalError):
            connection = psycopg2.connect(
                host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, dbname="postgres"
            )
            try:
                connection.autocommit = True
                with connection.cursor() as cursor:
                    cursor.execute(sql)
                    return list(cursor.fetchall())
            finally:
                connection.close()
        return []

    def connections(self) -> int:
        """Of the app: the one that asks is left out."""
        return int(
            self.admin(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )[0][0]
        )

    def close(self) -> None:
        if self._popen is not None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
