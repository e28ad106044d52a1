"""Receivers of alerts and of exports: an HTTP server that can be down, and a mail server."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request: what a receiver has taken."""

    path: str
    headers: dict[str, str]
    body: bytes
    answer: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def key(self) -> str:
        return self.headers["idempotency-key"]


@dataclass
class HttpReceiver:
    """Listens on a free port of loopback and keeps what comes.

    `status` is what it answers, with `reply` and `more` headers. `stop` closes the port, `start`
    opens the same one again.
    """

    status: int = 200
    reply: bytes = b""
    more: dict[str, str] = field(default_factory=dict)
    port: int = 0
    requests: list[Received] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None

    def __enter__(self) -> HttpReceiver:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def taken(self) -> list[Received]:
        """What was answered with success, without second copies of a key, as a receiver does it."""
        by_key: dict[str, Received] = {}
        for request in list(self.requests):
            if request.answer < 300:
                by_key.setdefault(request.headers.get("idempotency-key", str(id(request))), request)
        return list(by_key.values())

    def start(self) -> HttpReceiver:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status = receiver.status
                receiver.requests.append(Received(self.path, headers, body, status))
                with contextlib.suppress(OSError):
                    self.send_response(status)
                    for name, value in receiver.more.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(receiver.reply)))
                    self.end_headers()
                    self.wfile.write(receiver.reply)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


@dataclass(frozen=True)
class Mail:
    """One mail as SMTP brought it."""

    sender: str
    recipients: list[str]
    text: str
    login: str


class MailReceiver:
    """Speaks as much SMTP as libcurl needs, on a free port of loopback."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        receiver = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                receiver._talk(self)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]

    def __enter__(self) -> MailReceiver:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _talk(self, peer: socketserver.StreamRequestHandler) -> None:
        def say(line: str) -> None:
            peer.wfile.write(f"{line}\r\n".encode())

        sender, recipients, login = "", [], ""
        say("220 mail.example ready")
        for raw in peer.rfile:
            line = raw.decode().strip()
            verb = line.split(" ")[0].upper()
            if verb == "EHLO":
                say("250-mail.example")
                say("250 AUTH PLAIN")
            elif verb == "AUTH":
                login = line.split(" ")[-1]
                if login.upper() == "PLAIN":
                    say("334 ")
                    login = peer.rfile.readline().decode().strip()
                say("235 welcome")
            elif line.upper().startswith("MAIL FROM:"):
                sender = line[10:].split(">")[0].strip(" <")
                say("250 ok")
            elif line.upper().startswith("RCPT TO:"):
                recipients.append(line[8:].split(">")[0].strip(" <"))
                say("250 ok")
            elif verb == "DATA":
                say("354 go on")
                lines = []
                for part in peer.rfile:
                    if part == b".\r\n":
                        break
                    lines.append(part.decode())
                self.mails.append(Mail(sender, recipients, "".join(lines), login))
                say("250 taken")
            elif verb == "QUIT":
                say("221 bye")
                return
            else:
                say("502 not here")


def closed_port() -> int:
    """A port of loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
