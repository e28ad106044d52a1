"""Light, steady traffic for the demo: a few visitors look around the shop.

    python examples/demo_traffic.py http://127.0.0.1:8000 [--rate 8]

Prints nothing while it runs; errors are what the demo is about. Ends at once on SIGTERM or SIGINT.
"""

from __future__ import annotations

import argparse
import http.client
import random
import signal
import sys
import threading
from types import FrameType
from urllib.parse import urlencode, urlsplit

VISITORS = 4  # so that one page that hangs does not stop the traffic
TIMEOUT_SECONDS = 20.0
SEARCHES = ("vase", "beaker", "tubes", "glass", "tea", "moon", "teapot")
ITEMS = 12


def some_page(rng: random.Random) -> tuple[str, str, str]:
    """Method, path and body of a request that a visitor may make."""
    kind = rng.choices(
        ("catalogue", "item", "search", "see cart", "put in cart", "items", "stream"),
        weights=(30, 30, 12, 8, 8, 9, 3),
    )[0]
    item = rng.randint(1, ITEMS)
    if kind == "item":
        return "GET", f"/item/{item}", ""
    if kind == "search":
        return "GET", "/search?" + urlencode({"q": rng.choice(SEARCHES)}), ""
    if kind == "see cart":
        return "GET", "/cart", ""
    if kind == "put in cart":
        return "POST", "/cart", urlencode({"item_id": item, "quantity": rng.randint(1, 3)})
    if kind == "items":
        return "GET", "/api/items", ""
    if kind == "stream":
        return "GET", "/stream?chunks=5&delay=0.05", ""
    return "GET", "/", ""


def ask(host: str, port: int, request: tuple[str, str, str], cookie: str) -> str:
    """Make one request and read its answer; returns the cookie to go on with."""
    method, path, body = request
    headers = {"Cookie": cookie} if cookie else {}
    if body:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        answer.read()
        return (answer.getheader("Set-Cookie") or cookie).partition(";")[0]
    except (OSError, http.client.HTTPException):
        return cookie  # refused, reset, too slow: a visitor tries the next page
    finally:
        connection.close()


def visit(host: str, port: int, rate: float, stopped: threading.Event) -> None:
    """One visitor: `rate` requests a second on average, at random moments."""
    rng = random.Random()
    cookie = ""
    while not stopped.wait(min(rng.expovariate(rate), 10 / rate)):
        cookie = ask(host, port, some_page(rng), cookie)
        if rng.random() < 0.05:
            cookie = ""  # somebody new, with an empty cart


def rate_per_second(raw: str) -> float:
    value = float(raw)
    if not 0.1 <= value <= 100:
        raise argparse.ArgumentTypeError(f"{raw} is not allowed; it takes 0.1 to 100")
    return value


def main() -> int:
    parser = argparse.ArgumentParser(description="Light, steady traffic for the demo's shop.")
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:8000")
    parser.add_argument("--rate", type=rate_per_second, default=8.0, help="requests per second")
    options = parser.parse_args()
    url = urlsplit(options.url)
    if url.hostname not in ("127.0.0.1", "localhost", "::1"):
        parser.error(f"{options.url}: only a shop on this machine gets traffic")

    stopped = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    for _ in range(VISITORS):
        work = (url.hostname, url.port or 80, options.rate / VISITORS, stopped)
        threading.Thread(target=visit, args=work, daemon=True).start()
    stopped.wait()
    return 0  # the visitors are daemon threads: one that waits for a page does not keep us


if __name__ == "__main__":
    sys.exit(main())
