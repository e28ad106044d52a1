"""Leaves processes behind whose parent has ended."""

import subprocess

import flask

app = flask.Flask(__name__)


@app.get("/")
def index() -> str:
    return "ok"


@app.get("/orphan")
def orphan() -> str:
    subprocess.run(["sh", "-c", "(sleep 0.3; echo orphan ended) &"], check=True)
    return "ok"
