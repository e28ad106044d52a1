"""An app whose route is markup: what the page shows of it must be text."""

import time

import flask

app = flask.Flask(__name__)


@app.get("/ping")
def ping() -> str:
    return "pong"


@app.get("/<any('<img src=x onerror=document.title=1>','<b>bold'):what>")
def markup(what: str) -> str:
    time.sleep(float(flask.request.args.get("seconds", 0)))
    return "done"
