"""An app with a database, that says what it sees of it. It never heard of Stirbar, unless it has
standbys."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

import flask
import sqlalchemy as sa

options: dict[str, Any] = {
    "pool_size": int(os.environ.get("POOL_SIZE", "5")),
    "max_overflow": int(os.environ.get("MAX_OVERFLOW", "0")),
    "pool_timeout": float(os.environ.get("POOL_TIMEOUT", "10")),
    "connect_args": {"connect_timeout": 2},
}
POSTGRESQL = os.environ["TEST_DATABASE_URL"].startswith("postgresql")
if not POSTGRESQL:
    options["connect_args"]["read_timeout"] = 2
if os.environ.get("FALLBACK") or os.environ.get("REPLICA"):
    import stirbar

    options["fallback"] = os.environ.get("FALLBACK", "").split()
    options["replicas"] = os.environ.get("REPLICA", "").split()
    options = stirbar.pool_options(**options)
engine = sa.create_engine(os.environ["TEST_DATABASE_URL"], **options)
app = flask.Flask(__name__)


@app.get("/")
def plain() -> str:
    return "plain"


@app.get("/port")
def port() -> str:
    """Which server serves."""
    with engine.connect() as connection:
        which = "inet_server_port()" if POSTGRESQL else "@@port"
        return str(connection.exec_driver_sql(f"SELECT {which}").scalar())


@app.get("/reading")
def reading() -> str:
    import stirbar

    with stirbar.readonly():
        return port()


@app.get("/write")
def write() -> str:
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO written VALUES (NULL)")
    return "written"


@app.get("/hold/<float:seconds>")
def hold(seconds: float) -> str:
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        time.sleep(seconds)
    return "held"


def background() -> str:
    return port()


if os.environ.get("LIMITS"):
    import stirbar

    background = stirbar.limit(criticality="background", deadline="1s")(background)
app.add_url_rule("/background", view_func=background)


@app.get("/pool")
def pool() -> dict[str, Any]:
    one = engine.pool
    return {
        "class": type(one).__name__,
        "out": one.checkedout(),  # type: ignore[attr-defined]
        "idle": one.checkedin(),  # type: ignore[attr-defined]
        "threads": [thread.name for thread in threading.enumerate()],
    }
