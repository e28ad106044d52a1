"""The tests' own MariaDB and proxy do what other tests rely on."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import pymysql
import pytest
from fault_proxy import FaultProxy
from harness import Background, eventually
from mariadb import SUPERVISOR, MariaDb


def test_accounts(mariadb: MariaDb) -> None:
    connection = mariadb.connect()
    with connection.cursor() as cursor:
        cursor.execute("SELECT DATABASE(), CURRENT_USER()")
        assert cursor.fetchone() == ("shop", "shop@%")
    connection.close()
    connection = mariadb.connect(SUPERVISOR)
    with connection.cursor() as cursor:
        cursor.execute("SHOW REPLICA STATUS")
        with pytest.raises(pymysql.err.OperationalError):
            cursor.execute("SELECT * FROM shop.items")
    connection.close()
    eventually(lambda: mariadb.connections() == 0, what="both are closed")


def test_data_survives_a_kill(own_mariadb: MariaDb) -> None:
    own_mariadb.admin("CREATE TABLE shop.kept (id INT PRIMARY KEY)")
    port, began = own_mariadb.port, time.monotonic()
    own_mariadb.kill()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
    own_mariadb.start()
    assert own_mariadb.port == port
    assert own_mariadb.admin("SELECT COUNT(*) FROM shop.kept") == [(0,)]
    assert time.monotonic() - began < 20


def test_full_server_refuses(new_mariadb: Callable[..., MariaDb]) -> None:
    server = new_mariadb("--max-connections=10")
    held = [server.connect() for _ in range(10)]
    with pytest.raises(pymysql.err.OperationalError, match="1040"):
        server.connect()
    assert server.connections() == 10  # root still gets in
    for connection in held:
        connection.close()


def ask(port: int, seconds: float = 1.0) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        if not connection.recv(1):
            raise ConnectionError("closed")


def test_proxy_passes_and_refuses(mariadb: MariaDb, proxy: FaultProxy) -> None:
    connection = mariadb.connect(port=proxy.port)
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        ask(proxy.port)
    connection.ping(reconnect=False)  # what is open goes on
    assert proxy.open == 1
    assert proxy.cut() == 1
    with pytest.raises(pymysql.err.OperationalError):
        connection.ping(reconnect=False)
    proxy.pass_all()
    mariadb.connect(port=proxy.port).close()
    eventually(lambda: proxy.open == 0, what="the proxy forgets what is closed")


def test_proxy_resets(proxy: FaultProxy) -> None:
    proxy.reset()
    with pytest.raises(ConnectionResetError):
        ask(proxy.port)


def test_proxy_holds_back(mariadb: MariaDb, proxy: FaultProxy) -> None:
    connection = mariadb.connect(port=proxy.port)
    proxy.half_open()
    with pytest.raises(TimeoutError):
        ask(proxy.port, 0.2)
    pinging = Background(lambda: connection.ping(reconnect=False))
    with pytest.raises(AssertionError):
        pinging.result(0.3)
    proxy.pass_all()
    pinging.result(5)
    connection.close()


def test_proxy_swallows_connects(proxy: FaultProxy) -> None:
    proxy.black_hole()
    with pytest.raises(TimeoutError):
        ask(proxy.port, 0.3)
    proxy.pass_all()
    eventually(lambda: ask(proxy.port) is None, what="it passes again")


def test_proxy_is_slow(mariadb: MariaDb, proxy: FaultProxy) -> None:
    proxy.slow(delay=0.2)
    began = time.monotonic()
    mariadb.connect(port=proxy.port).close()
    assert time.monotonic() - began > 0.4
    proxy.slow(bytes_per_second=20)
    with pytest.raises(AssertionError):
        Background(lambda: mariadb.connect(port=proxy.port)).result(1)
