"""An app that never heard of Stirbar and spends its time elsewhere: SQL, Redis, other hosts."""

import gc
import os
import time
from typing import Any

import flask
import sqlalchemy
from sqlalchemy import event, text

app = flask.Flask(__name__)
engine = sqlalchemy.create_engine(os.environ["DATABASE_URL"])


@event.listens_for(engine, "connect")
def _with_sleep(connection: Any, record: Any) -> None:
    connection.create_function("sleep", 1, time.sleep)


def hosts_port() -> int:
    """Of the server that the tests pretend to be."""
    return int(flask.request.args["port"])


def given_timeout() -> Any:
    value = flask.request.args.get("timeout")
    return {} if value is None else {"timeout": None if value == "none" else float(value)}


@app.get("/")
def index() -> str:
    return "ok"


@app.get("/sql/<seconds>")
def sql(seconds: str) -> str:
    with engine.connect() as connection:
        connection.execute(text("select sleep(:s), 'secret'"), {"s": float(seconds)}).all()
        return str(connection.execute(text("select 1")).scalar())


@app.get("/redis")
def redis_route() -> str:
    import redis  # late, as some apps do

    client = redis.Redis(port=int(flask.request.args["port"]))
    client.set("key", "value")
    with client.pipeline() as pipeline:
        pipeline.get("key").get("key").execute()
    return str(client.get("key"))


@app.get("/garbage")
def garbage() -> str:
    app.config["kept"] = [[i] for i in range(300_000)]
    gc.collect()
    return "ok"


@app.get("/urllib")
def by_urllib() -> str:
    import urllib.request

    url = f"http://127.0.0.1:{hosts_port()}/private/path?token=secret"
    try:
        with urllib.request.urlopen(url, **given_timeout()) as answer:
            return str(answer.status)
    except OSError as fault:
        return f"{type(fault).__name__}: {fault}"


@app.get("/http-client")
def by_http_client() -> str:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", hosts_port(), **given_timeout())
    try:
        connection.request("GET", "/")
        return str(connection.getresponse().status)
    except OSError as fault:
        return f"{type(fault).__name__}: {fault}"
    finally:
        connection.close()


@app.get("/requests")
def by_requests() -> str:
    import requests

    try:
        with requests.Session() as session:
            url = f"http://127.0.0.1:{hosts_port()}/"
            return ",".join(
                str(session.get(url, **given_timeout()).status_code)
                for _ in range(int(flask.request.args.get("times", 1)))
            )
    except requests.RequestException as fault:
        return f"{type(fault).__name__}: {fault}"


@app.get("/protect")
def protect() -> str:
    import stirbar

    stirbar.protect(f"127.0.0.1:{hosts_port()}", failures=2, cooldown="500ms")
    return "ok"
