"""Routes of each class, and what the app can say of them. Without a supervisor: tests play one."""

import os
import threading
import time
from collections.abc import Iterator

import flask
from stirbar import RequestInterrupted, Stirbar

app = flask.Flask(__name__)
stirbar = Stirbar(
    app, name="admission", supervisor=False, refusal=("<p>busy</p>", "text/html; charset=utf-8")
)
seen: list[str] = []


@app.get("/")
def index() -> str:
    return "ok"


@app.get("/sleep/<seconds>")
def sleep(seconds: str) -> str:
    time.sleep(float(seconds))
    return seconds


@app.get("/work")
def work() -> str:
    """20 ms of CPU, whatever else runs."""
    until = time.thread_time() + 0.02
    while time.thread_time() < until:
        pass
    return "done"


@app.get("/health")
def health() -> str:
    return "alive"


@app.get("/later")
@stirbar.limit(criticality="sheddable")
def later() -> str:
    return "later"


@app.post("/report/<int:number>")
@stirbar.limit(criticality="background", timeout="2m", deadline="500ms")
def report(number: int) -> str:
    time.sleep(float(flask.request.args.get("sleep", 0)))
    return f"report {number}"


@app.get("/events")
@stirbar.limit(long_lived=True)
def events() -> flask.Response:
    count = int(flask.request.args.get("count", 3))

    def body() -> Iterator[str]:
        for number in range(count):
            yield f"data: {number}\n\n"
            time.sleep(0.2)

    return flask.Response(body(), mimetype="text/event-stream")


@app.get("/feed")
@stirbar.degrade(lambda: "cheap feed", at=0.7)
def feed() -> str:
    return f"full feed {stirbar.pressure:.2f}"


@app.get("/spin")
def spin() -> str:
    try:
        while True:
            try:
                time.sleep(0.001)
            except Exception:  # does not swallow the interrupt
                seen.append("swallowed")
    except RequestInterrupted:
        seen.append("interrupted")
        raise


@app.teardown_request
def torn_down(fault: BaseException | None) -> None:
    if fault is not None:
        seen.append(f"teardown {type(fault).__name__}")


@app.get("/seen")
def what_was_seen() -> str:
    return ",".join(seen)


@app.get("/pid")
def pid() -> str:
    return f"{os.getpid()} {threading.get_ident()}"


if __name__ == "__main__":
    app.run(port=int(os.environ["APP_PORT"]), threaded=os.environ.get("THREADED", "1") == "1")
