"""A Flask app whose requests cost CPU: the subject of goodput.py.

`/work`, `/report` and `/batch` burn 20 ms of their own thread's CPU each, whatever else runs beside
them, and differ in how much they matter; `/alive` costs nothing and must always be answered. Under
`stirbar run` Stirbar is told how much; plain it is an app like any other.

COST_SECONDS in the environment is what a request costs instead of 20 ms.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import flask

COST_SECONDS = float(os.environ.get("COST_SECONDS", "0.02"))

app = flask.Flask(__name__)


def matters(criticality: str) -> Callable[[Any], Any]:
    """`@stirbar.limit(criticality=...)` where there is a Stirbar, else nothing."""
    if "STIRBAR_SEGMENT" not in os.environ:
        return lambda view: view
    import stirbar

    limit: Callable[[Any], Any] = stirbar.limit(criticality=criticality)
    return limit


def burn() -> str:
    # The thread's own clock: what other threads and processes use does not count.
    end = time.thread_time() + COST_SECONDS
    while time.thread_time() < end:
        pass
    return "done"


@app.get("/work")
def work() -> str:
    return burn()


@app.get("/report")
@matters("sheddable")
def report() -> str:
    return burn()


@app.get("/batch")
@matters("background")
def batch() -> str:
    return burn()


@app.get("/alive")
@matters("critical")
def alive() -> str:
    return "alive"
