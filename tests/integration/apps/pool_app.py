"""An app that never heard of Stirbar: its engine has SQLAlchemy's default pool.

It holds connections for requests, and by threads of its own that never rest.
"""

import os
import threading
import time
from typing import Any

import flask
import sqlalchemy

app = flask.Flask(__name__)
engine = sqlalchemy.create_engine(
    os.environ["DATABASE_URL"], pool_size=int(os.environ.get("POOL_SIZE", "5")), max_overflow=0
)
_stop = threading.Event()
_tasks: list[threading.Thread] = []


@app.get("/")
def index() -> str:
    return "ok"


@app.get("/pool")
def pool() -> Any:
    figures = getattr(engine.pool, "_figures", lambda: ())()
    return {
        "class": type(engine.pool).__name__,
        "name": getattr(engine.pool, "_name", ""),
        "figures": list(figures),
    }


@app.get("/hold/<seconds>")
def hold(seconds: str) -> Any:
    began = time.monotonic()
    try:
        with engine.connect():
            waited = time.monotonic() - began
            time.sleep(float(seconds))
        return {"waited": waited}
    except sqlalchemy.exc.TimeoutError as fault:
        return {"waited": time.monotonic() - began, "error": str(fault)}


def _work() -> None:
    while not _stop.is_set():
        with engine.connect():
            time.sleep(0.01)


@app.get("/tasks/<int:number>")
def tasks(number: int) -> str:
    """Threads that hold a connection all the time, each back to back."""
    _stop.clear()
    for _ in range(number):
        thread = threading.Thread(target=_work, daemon=True)
        thread.start()
        _tasks.append(thread)
    return "ok"


@app.get("/stop")
def stop() -> str:
    _stop.set()
    while _tasks:
        _tasks.pop().join()
    return "ok"
