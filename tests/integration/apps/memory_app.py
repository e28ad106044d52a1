"""An app with things that a cleanup can clean: caches, callbacks, idle connections, garbage; and
with a route that leaks.
"""

import functools
import os
import threading
import time
from collections import OrderedDict
from typing import Any

import flask
import sqlalchemy
import stirbar

app = flask.Flask(__name__)
leaked: list[bytearray] = []
called: list[str] = []
engine = sqlalchemy.create_engine(os.environ["DATABASE_URL"], pool_size=8)


@stirbar.cache(maxsize=500)
def square(number: int) -> bytes:
    return bytes(100_000) + str(number * number).encode()


@functools.cache
def cube(number: int) -> int:
    return number**3


plain: OrderedDict[int, bytes] = OrderedDict()
stirbar.cache(cube)
stirbar.cache(plain, name="plain")


@stirbar.cleanup(name="sessions", budget=0.05)
def drop_sessions() -> Any:
    for number in range(100):
        called.append(f"session {number} on {threading.current_thread().name}")
        time.sleep(float(os.environ.get("SESSION_SECONDS", "0")))
        yield


@stirbar.cleanup
def raises() -> None:
    if "CLEANER_RAISES" in os.environ:
        raise RuntimeError("as asked")


@app.get("/")
def index() -> str:
    return "ok"


@app.get("/pid")
def pid() -> str:
    return str(os.getpid())


@app.get("/leak/<int:megabytes>")
def leak(megabytes: int) -> str:
    leaked.append(bytearray(os.urandom(1 << 20) * megabytes))
    return str(os.getpid())


@app.get("/fill/<int:entries>")
def fill(entries: int) -> Any:
    for number in range(entries):
        square(number)
        cube(number)
        plain[number] = bytes(1000)
    return sizes()


@app.get("/square/<int:number>")
def square_of(number: int) -> str:
    return str(len(square(number)))


@app.get("/sizes")
def sizes() -> Any:
    return {
        "pid": os.getpid(),
        "square": square.cache_info().currsize,
        "cube": cube.cache_info().currsize,
        "plain": len(plain),
        "idle": engine.pool.checkedin(),
        "called": called,
    }


@app.get("/connections/<int:number>")
def connections(number: int) -> Any:
    held = [engine.connect() for _ in range(number)]
    for connection in held:
        connection.close()
    return sizes()


@app.get("/sleep/<seconds>")
def sleep(seconds: str) -> str:
    time.sleep(float(seconds))
    return "slept"


@app.get("/trigger")
def trigger() -> Any:
    return stirbar.SystemOptimizer().trigger_cleanup_if_needed()
