"""What one worker obeys, and the same pages inside the app."""

import os
from typing import Any

import flask
from stirbar import Stirbar
from stirbar.engine import native

app = flask.Flask(__name__)
Stirbar(app)


@app.get("/ping")
def ping() -> str:
    return "pong"


@app.get("/setting/<name>")
def setting(name: str) -> dict[str, Any]:
    return {"pid": os.getpid(), "value": native.settings()[name]}
