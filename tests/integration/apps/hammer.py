"""One client: GET after GET, each on a connection of its own, each checked to its last byte.

hammer.py PORT PATH COUNT    COUNT 0: until a line comes on standard input
"""

import json
import select
import socket
import sys
import time


def fetch(port: int, request: bytes) -> bytes:
    """The whole answer, to the end of the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def is_whole(answer: bytes) -> bool:
    head, separator, body = answer.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return len(body) == int(value)
    return bool(separator)


def main() -> None:
    port, path, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    tally = {"sent": 0, "ok": 0, "failed": 0, "wrong": 0, "slowest": 0.0}
    while not count or tally["sent"] < count:
        if not count and tally["sent"] % 16 == 0 and select.select([sys.stdin], [], [], 0)[0]:
            break
        tally["sent"] += 1
        began = time.monotonic()
        try:
            answer = fetch(port, request)
        except OSError:
            answer = b""
        if not is_whole(answer):
            tally["failed"] += 1
        elif answer.startswith(b"HTTP/1.1 200"):
            tally["ok"] += 1
        else:
            tally["wrong"] += 1
        tally["slowest"] = max(tally["slowest"], time.monotonic() - began)
    print(json.dumps(tally))


main()
