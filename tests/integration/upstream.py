"""The other host that the app under test calls: answers at once, late, or never."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Upstream:
    """A server on loopback. `delay`: seconds before each answer; None: it never answers."""

    delay: float | None = 0.0
    requests: int = 0
    port: int = 0
    _stopped: threading.Event = field(default_factory=threading.Event)

    def serve(self, listener: socket.socket) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while data := connection.recv(65536):
                if b"\r\n\r\n" not in data:
                    continue
                self.requests += 1
                if self.delay is None:
                    self._stopped.wait(60)
                    return
                time.sleep(self.delay)
                connection.sendall(ANSWER)


_given: set[int] = set()


def _new_listener() -> socket.socket:
    """On a port that no upstream had before: the app's figures by host would go on from its."""
    while True:
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return listener
        listener.close()


@contextlib.contextmanager
def upstream(delay: float | None = 0.0) -> Iterator[Upstream]:
    server = Upstream(delay)
    with _new_listener() as listener:
        server.port = listener.getsockname()[1]
        threading.Thread(target=server.serve, args=(listener,), daemon=True).start()
        try:
            yield server
        finally:
            server._stopped.set()
            listener.shutdown(socket.SHUT_RDWR)  # else the thread in accept() keeps it open
