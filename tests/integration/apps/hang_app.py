"""An app with one route for each way to hang; the line it hangs in ends in `# hangs: KIND`."""

import ctypes
import os
import re
import signal
import socket
import sqlite3
import threading
import time
from pathlib import Path

import flask

app = flask.Flask(__name__)
libc_with_lock = ctypes.PyDLL(None)  # calls keep the interpreter lock
database = Path(os.environ["HOME"], "hang-app.db")  # the test's folder


def sleep_in_python(seconds: float) -> None:
    time.sleep(seconds)  # hangs: sleep


def hold_the_lock(seconds: float) -> None:
    libc_with_lock.usleep(int(seconds * 1e6))  # hangs: lock


def match_for_ever() -> None:
    re.match(r"(a+)+$", "a" * 40 + "!")  # hangs: regex


def turn(end: float) -> None:
    while True:  # hangs: loop
        pass  # hangs: loop


def wait_for_a_byte() -> None:
    ours, theirs = socket.socketpair()
    ours.recv(1)  # hangs: recv
    theirs.close()


def wait_for_the_table() -> None:
    first = sqlite3.connect(database, isolation_level=None)
    first.execute("BEGIN IMMEDIATE")
    second = sqlite3.connect(database, timeout=600, isolation_level=None)
    second.execute("BEGIN IMMEDIATE")  # hangs: sql


def take(first: threading.Lock, second: threading.Lock, both: threading.Barrier) -> None:
    with first:
        both.wait()
        second.acquire()  # hangs: deadlock


def stop_the_process() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)  # hangs: stop


@app.get("/")
def index() -> str:
    return "ok"


@app.get("/hang/sleep")
def hang_sleep() -> str:
    sleep_in_python(600)
    return ""


@app.get("/hang/lock")
def hang_lock() -> str:
    hold_the_lock(600)
    return ""


@app.get("/hang/regex")
def hang_regex() -> str:
    match_for_ever()
    return ""


@app.get("/hang/loop")
def hang_loop() -> str:
    turn(600)
    return ""


@app.get("/hang/recv")
def hang_recv() -> str:
    wait_for_a_byte()
    return ""


@app.get("/hang/sql")
def hang_sql() -> str:
    wait_for_the_table()
    return ""


@app.get("/hang/deadlock")
def hang_deadlock() -> str:
    left, right, both = threading.Lock(), threading.Lock(), threading.Barrier(2)
    threading.Thread(target=take, args=(right, left, both), name="other", daemon=True).start()
    take(left, right, both)
    return ""


@app.get("/hang/stop")
def hang_stop() -> str:
    stop_the_process()
    return ""


@app.get("/lock/<float:seconds>")
def lock_for(seconds: float) -> str:
    hold_the_lock(seconds)
    return "held"


@app.get("/sleep/<float:seconds>")
def sleep_for(seconds: float) -> str:
    sleep_in_python(seconds)
    return "slept"
