"""An app with a DatabaseManager; DATABASE_URL says which database."""

import os

import flask
import stirbar
from sqlalchemy import text

app = flask.Flask(__name__)
manager = stirbar.DatabaseManager(os.environ["DATABASE_URL"])


@app.get("/")
def index() -> str:
    return "ok"


@app.get("/sql/<seconds>")
def sql(seconds: str) -> str:
    with manager.get_session() as session:
        session.execute(text("SELECT SLEEP(:seconds)"), {"seconds": float(seconds)})
    return seconds


@app.get("/stats")
def stats() -> flask.Response:
    return flask.jsonify(manager.get_mysql_performance_stats())


@app.get("/health")
def health() -> flask.Response:
    return flask.jsonify(manager.monitor_connection_health())
