"""An app to be overloaded: routes of all classes, each of them waiting, and none of them busy."""

import os
import time

import flask

app = flask.Flask(__name__)

WORK_SECONDS = 0.02

try:
    from stirbar import limit
except ImportError:  # a package without policies: every route is normal

    def limit(**_policy):  # type: ignore[no-untyped-def]
        return lambda view: view


if length := int(os.environ.get("REFUSAL_BYTES", "0")):
    from stirbar import Stirbar

    Stirbar(app, refusal=("busy " * (length // 5), "text/html; charset=utf-8"))


@app.get("/")
def index() -> str:
    return "ok"


@app.get("/work")
def work() -> str:
    time.sleep(WORK_SECONDS)
    return "done"


@app.get("/background")
@limit(criticality="background")
def background() -> str:
    time.sleep(WORK_SECONDS)
    return "done"


@app.get("/critical")
@limit(criticality="critical")
def critical() -> str:
    return "ok"
