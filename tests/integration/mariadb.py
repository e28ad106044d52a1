"""A MariaDB server of the tests' own: Debian's `mariadb-server-core`, on a private port
of loopback and a private unix socket, with a data folder that goes with the test.

    def test_something(mariadb):                # shared by all tests: leave it as you find it
        engine = create_engine(mariadb.url())
    def test_it_comes_back(own_mariadb):        # of this test alone
        own_mariadb.kill()                      # SIGKILL: connections are gone, the port refuses
        own_mariadb.start()                     # the same port, the same data

It is started as the user who runs the tests, with a small memory and without waiting for the disk.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pymysql
from harness import eventually, free_port

# The package puts the server where an ordinary user's PATH does not look.
_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))


@dataclass(frozen=True)
class Account:
    """A user of the server."""

    name: str
    password: str


# Characters that a URL must encode are in both passwords: whoever forgets to decode fails.
APP = Account("shop", "shop/pass@1")
SUPERVISOR = Account("stirbar", "watch:me,2%")

DATABASE = "shop"

# docs/connections.md, "The server's own figures": the SQL for the supervisor's account.
# REPLICA MONITOR is new in MariaDB 10.5; before, and in MySQL, it is REPLICATION CLIENT.
SUPERVISOR_GRANTS = "PROCESS, REPLICA MONITOR"

_OPTIONS = (
    "--no-defaults",
    *(["--user=root"] if os.geteuid() == 0 else []),
    "--innodb-buffer-pool-size=16M",
    "--innodb-log-file-size=8M",
    "--innodb-log-buffer-size=2M",
    "--innodb-flush-method=nosync",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-use-native-aio=0",
    "--innodb-fast-shutdown=2",
    "--skip-log-bin",
    "--skip-name-resolve",
)


def _command(name: str) -> str:
    found = shutil.which(name, path=_PATH)
    assert found, f"{name} is missing: scripts/setup.sh test installs it (mariadb-server-core)"
    return found


def install(folder: Path) -> Path:
    """Makes a data folder with the accounts in it, to be copied for each server."""
    data = folder / "data"
    result = subprocess.run(
        [
            _command("mariadb-install-db"),
            *_OPTIONS,
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    server = MariaDb(data, folder)
    server.start()
    server.admin("DROP USER IF EXISTS ''@'localhost'")
    server.admin(f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4")
    for account in (APP, SUPERVISOR):
        server.admin("CREATE USER %s@'%%' IDENTIFIED BY %s", account.name, account.password)
    server.admin(f"GRANT ALL ON {DATABASE}.* TO '{APP.name}'@'%'")
    server.admin(f"GRANT {SUPERVISOR_GRANTS} ON *.* TO '{SUPERVISOR.name}'@'%'")
    server.stop()
    server.close()
    return data


class MariaDb:
    """One server. `start` after the constructor; `close` at the end, whatever state it is in.

    Args:
        data: folder made by `install`; a copy of it that this server may change.
        folder: where its log goes.
        options: further ones of mariadbd, for example ``--max-connections=10``.
    """

    def __init__(self, data: Path, folder: Path, options: Sequence[str] = ()) -> None:
        self.data = data
        self.log_file = folder / "mariadb.log"
        self.options = list(options)
        self.port = free_port()
        # Short: a unix socket's path has at most 107 letters.
        self.runtime = Path(tempfile.mkdtemp(prefix="stirbar-db-", dir="/dev/shm"))
        self.socket = str(self.runtime / "sock")
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._popen is not None, "not started"
        return self._popen.pid

    @property
    def name(self) -> str:
        """As Stirbar names the server."""
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def url(self, account: Account = APP, port: int = 0, driver: str = "mysql+pymysql") -> str:
        """For create_engine. `port`: of a proxy in between."""
        user, password = quote(account.name, safe=""), quote(account.password, safe="")
        return f"{driver}://{user}:{password}@127.0.0.1:{port or self.port}/{DATABASE}"

    def supervisor_url(self, port: int = 0) -> str:
        """For STIRBAR_DATABASE_URLS. `port`: of a proxy in between."""
        return self.url(SUPERVISOR, port, "mysql").rpartition("/")[0]

    def start(self) -> MariaDb:
        """Starts it and waits until it answers."""
        assert self._popen is None, "runs already"
        with self.log_file.open("ab") as log:
            self._popen = subprocess.Popen(
                [
                    _command("mariadbd"),
                    *_OPTIONS,
                    f"--datadir={self.data}",
                    f"--socket={self.socket}",
                    f"--pid-file={self.runtime / 'pid'}",
                    "--bind-address=127.0.0.1",
                    f"--port={self.port}",
                    *self.options,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.wait_until_up()
        return self

    def wait_until_up(self) -> None:
        def up() -> bool:
            if self._popen is not None and self._popen.poll() is not None:
                raise RuntimeError(f"mariadbd ended with {self._popen.returncode}:\n{self.log}")
            with contextlib.suppress(pymysql.MySQLError):
                return bool(self.admin("SELECT 1"))
            return False

        eventually(up, what="MariaDB answers")

    def stop(self) -> None:
        """In good order, and waits for its end."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL, and waits for its end."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Killed and started again on the same port."""
        self.kill()
        self.start()

    def suspend(self) -> None:
        """SIGSTOP: the kernel accepts connections, nobody answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def _end(self, number: int) -> None:
        assert self._popen is not None, "not started"
        self._popen.send_signal(number)
        self._popen.send_signal(signal.SIGCONT)
        self._popen.wait(30)
        self._popen = None

    def connect(self, account: Account = APP, port: int = 0, **more: Any) -> Any:
        """A connection of PyMySQL, autocommit off, on the database of the app."""
        return pymysql.connect(
            host="127.0.0.1",
            port=port or self.port,
            user=account.name,
            password=account.password,
            database=None if account is SUPERVISOR else DATABASE,
            connect_timeout=10,
            read_timeout=30,
            **more,
        )

    def admin(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Runs one statement as root, over the unix socket; its rows. Also while the server is full
        (root has one connection more than max_connections)."""
        connection = pymysql.connect(
            unix_socket=self.socket, user="root", autocommit=True, read_timeout=30
        )
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, parameters or None)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def status(self, name: str) -> int:
        """A number of SHOW GLOBAL STATUS."""
        return int(self.admin("SHOW GLOBAL STATUS LIKE %s", name)[0][1])

    def variable(self, name: str) -> int:
        """A number of SHOW GLOBAL VARIABLES."""
        return int(self.admin("SHOW GLOBAL VARIABLES LIKE %s", name)[0][1])

    def connections(self, account: Account = APP) -> int:
        """How many connections `account` has now."""
        sql = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = %s"
        return int(self.admin(sql, account.name)[0][0])

    def close(self) -> None:
        """Ends it in whatever state it is, and removes its socket."""
        if self._popen is not None:
            self.kill()
        shutil.rmtree(self.runtime, ignore_errors=True)
