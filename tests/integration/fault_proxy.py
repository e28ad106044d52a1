"""A TCP proxy on loopback that breaks connections in every way that a network and a server do.

    with FaultProxy(mariadb.port) as proxy:
        engine = create_engine(mariadb.url(port=proxy.port))
        proxy.half_open()       # from now on nothing passes; connections stay
        proxy.pass_all()        # what was held back arrives
        proxy.refuse()          # new connections: connection refused
        proxy.cut()             # connections that are open are reset, now

| call        | new connections                    | open connections              |
|-------------|------------------------------------|-------------------------------|
| pass_all    | reach the server                   | work                          |
| refuse      | ECONNREFUSED                       | work (`cut` ends them)        |
| reset       | accepted, then ECONNRESET          | work (`cut` ends them)        |
| half_open   | accepted, never answered           | bytes are held back           |
| black_hole  | never completed (SYN is dropped)   | bytes are held back           |
| slow        | late, or few bytes a second        | the same                      |

Threads: any may call; two of its own for each connection.
"""

from __future__ import annotations

import contextlib
import enum
import socket
import struct
import threading
import time
from types import TracebackType

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER, no time


class Mode(enum.Enum):
    PASS = enum.auto()
    REFUSE = enum.auto()
    RESET = enum.auto()
    HALF_OPEN = enum.auto()
    BLACK_HOLE = enum.auto()


class FaultProxy:
    """Between clients and 127.0.0.1:`target_port`. Passes everything until told otherwise."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.accepted = 0  # connections since the start
        self._changed = threading.Condition()
        self._mode = Mode.PASS
        self._delay = 0.0
        self._bytes_per_second = 0.0  # 0: as fast as it goes
        self._closed = False
        self._sockets: set[socket.socket] = set()
        self._stuffing: list[socket.socket] = []  # what keeps the queue of a black hole full
        self._listener: socket.socket | None = None
        self.port = 0
        self._listen(backlog=128)

    # --- what it does from now on -----------------------------------------------------------------

    def pass_all(self) -> None:
        self._delay = self._bytes_per_second = 0.0
        self._become(Mode.PASS)

    def refuse(self) -> None:
        self._become(Mode.REFUSE)

    def reset(self) -> None:
        self._become(Mode.RESET)

    def half_open(self) -> None:
        self._become(Mode.HALF_OPEN)

    def black_hole(self) -> None:
        self._become(Mode.BLACK_HOLE)

    def slow(self, delay: float = 0.0, bytes_per_second: float = 0.0) -> None:
        """`delay`: seconds before each piece that passes, in both directions."""
        self._delay, self._bytes_per_second = delay, bytes_per_second
        self._become(Mode.PASS)

    def cut(self) -> int:
        """Resets every open connection, on both sides. How many there were."""
        with self._changed:
            sockets, self._sockets = self._sockets, set()
            self._changed.notify_all()
        for one in sockets:
            self._reset(one)
        return (len(sockets) + 1) // 2

    @property
    def open(self) -> int:
        """Connections that are open now."""
        with self._changed:
            return (len(self._sockets) + 1) // 2

    def close(self) -> None:
        with self._changed:
            self._closed = True
        self._become(Mode.REFUSE)
        self.cut()

    def __enter__(self) -> FaultProxy:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- how --------------------------------------------------------------------------------------

    def _become(self, mode: Mode) -> None:
        with self._changed:
            before, self._mode = self._mode, mode
            self._changed.notify_all()
        listens = mode not in (Mode.REFUSE, Mode.BLACK_HOLE)
        if before in (Mode.REFUSE, Mode.BLACK_HOLE) or not listens:
            self._stop_listening()
        if listens and self._listener is None:
            self._listen(backlog=128)
        elif mode is Mode.BLACK_HOLE:
            self._open_black_hole()

    def _bind(self, backlog: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(backlog)
        self.port = listener.getsockname()[1]
        return listener

    def _listen(self, backlog: int) -> None:
        self._listener = listener = self._bind(backlog)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _stop_listening(self) -> None:
        for one in self._stuffing:
            one.close()
        self._stuffing.clear()
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # else accept() keeps it open
            self._listener.close()
            self._listener = None

    def _open_black_hole(self) -> None:
        """A listener that nobody accepts from, its queue full: the kernel drops what comes."""
        self._listener = self._bind(backlog=0)
        while True:
            one = socket.socket()
            one.settimeout(0.2)
            self._stuffing.append(one)
            try:
                one.connect(("127.0.0.1", self.port))
            except TimeoutError:
                return

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.accepted += 1
            if self._mode is Mode.RESET:
                self._reset(client)
            else:
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        if not self._keep(client) or not self._may_pass(client):
            return
        try:
            server = socket.create_connection(("127.0.0.1", self.target_port), timeout=10)
        except OSError:
            self._drop(client)
            return
        server.settimeout(None)
        for one in (client, server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self._keep(server):
            self._drop(client)
            return
        threading.Thread(target=self._pump, args=(server, client), daemon=True).start()
        self._pump(client, server)

    def _keep(self, one: socket.socket) -> bool:
        with self._changed:
            if not self._closed:
                self._sockets.add(one)
                return True
        self._reset(one)
        return False

    def _may_pass(self, one: socket.socket) -> bool:
        """Waits while bytes are held back. False: the connection has been cut meanwhile."""
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    one not in self._sockets or self._mode not in (Mode.HALF_OPEN, Mode.BLACK_HOLE)
                )
            )
            return one in self._sockets

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                if not self._may_pass(source):
                    return
                if self._delay:
                    time.sleep(self._delay)
                self._send(sink, data)
            if self._may_pass(source):
                sink.shutdown(socket.SHUT_WR)
                self._forget_if_over(source, sink)
        except OSError:
            self._drop(source)
            self._drop(sink)

    def _send(self, sink: socket.socket, data: bytes) -> None:
        while data and self._bytes_per_second:
            sink.sendall(data[:1])
            data = data[1:]
            time.sleep(1 / self._bytes_per_second)
        sink.sendall(data)

    def _forget_if_over(self, source: socket.socket, sink: socket.socket) -> None:
        """Closes both when the other direction has ended too."""
        with self._changed:
            if source in self._sockets:
                self._sockets.discard(source)
                if sink in self._sockets:
                    return  # the other direction closes both
        source.close()
        sink.close()

    def _drop(self, one: socket.socket) -> None:
        with self._changed:
            self._sockets.discard(one)
            self._changed.notify_all()
        self._reset(one)

    @staticmethod
    def _reset(one: socket.socket) -> None:
        with contextlib.suppress(OSError):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            one.shutdown(socket.SHUT_RD)  # wakes the thread that reads it
        one.close()
