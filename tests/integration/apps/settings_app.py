"""Each answer tells the worker's pid and a setting as its native part has it."""

import os
from typing import Any

import flask
from stirbar import ResponsivenessConfig, Stirbar
from stirbar.engine import native

app = flask.Flask(__name__)
if os.environ.get("APP_SAYS"):
    Stirbar(app, config=ResponsivenessConfig(slow_request_threshold=float(os.environ["APP_SAYS"])))


@app.get("/")
def hello() -> str:
    return "hello"


@app.get("/setting/<name>")
def setting(name: str) -> dict[str, Any]:
    return {"pid": os.getpid(), "value": native.settings()[name]}
