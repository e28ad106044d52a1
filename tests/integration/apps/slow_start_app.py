"""An app whose import waits until somebody writes to the pipe $GATE."""

import os

import flask

with open(os.environ["GATE"]) as gate:
    gate.read()

app = flask.Flask(__name__)


@app.get("/")
def index() -> str:
    return "ok"
