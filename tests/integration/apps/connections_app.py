"""An app that holds, leaks and returns connections of a pool; the lines that take one say so."""

import os
import time
from pathlib import Path

import flask
import sqlalchemy
import stirbar
from sqlalchemy import orm, text

app = flask.Flask(__name__)
database = Path(os.environ["HOME"], "connections-app.db")  # the test's folder
engine = sqlalchemy.create_engine(
    os.environ.get("TEST_DATABASE_URL", f"sqlite:///{database}"),
    **stirbar.pool_options(pool_size=5, max_overflow=5),
)
leaked: list[object] = []


@app.get("/")
def index() -> str:
    return "ok"


@app.get("/hold/<float:seconds>")
def hold(seconds: float) -> str:
    with engine.connect() as connection:  # takes: hold
        connection.execute(text("SELECT 1"))
        time.sleep(seconds)
    return "held"


@app.get("/leak")
def leak() -> str:
    leaked.append(engine.connect())  # takes: leak
    return "leaked"


@app.get("/leak/session")
def leak_session() -> str:
    session = orm.Session(engine)
    session.execute(text("SELECT 1"))  # takes: session
    leaked.append(session)
    return "leaked"


@app.get("/return")
def give_back() -> str:
    while leaked:
        leaked.pop().close()  # type: ignore[attr-defined]
    return "returned"
