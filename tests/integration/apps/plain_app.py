"""An app that never heard of Stirbar, with a route for each thing that a request can do."""

import ctypes
import os
import signal
import threading
import time
from collections.abc import Iterator

import flask

app = flask.Flask(__name__)
libc_with_lock = ctypes.PyDLL(None)  # calls keep the interpreter lock


@app.get("/")
def index() -> str:
    return "ok"


@app.get("/item/<int:item_id>")
def item(item_id: int) -> str:
    return f"item {item_id}"


@app.get("/pid")
def pid() -> str:
    return str(os.getpid())


@app.post("/echo")
def echo() -> bytes:
    return flask.request.get_data()


@app.get("/status/<int:code>")
def status(code: int) -> tuple[str, int]:
    return "as asked", code


@app.get("/raise")
def fault() -> str:
    raise RuntimeError("on purpose")


@app.get("/stream")
def stream() -> flask.Response:
    chunks = int(flask.request.args.get("chunks", 3))
    delay = float(flask.request.args.get("delay", 0))

    def body() -> Iterator[str]:
        for number in range(chunks):
            time.sleep(delay)
            yield f"chunk {number}\n"

    return flask.Response(body(), mimetype="text/plain")


@app.get("/sleep/<seconds>")
def sleep(seconds: str) -> str:
    time.sleep(float(seconds))
    return seconds


@app.get("/nap/<seconds>")
def nap(seconds: str) -> str:
    """Sleeps in many short naps: what is raised in this thread takes effect soon."""
    until = time.monotonic() + float(seconds)
    while time.monotonic() < until:
        time.sleep(0.05)
    return seconds


@app.get("/lock/<seconds>")
def lock(seconds: str) -> str:
    """Holds the interpreter lock: no other thread of this process gets to run Python."""
    libc_with_lock.usleep(int(float(seconds) * 1e6))
    return seconds


@app.get("/spin/<seconds>")
def spin(seconds: str) -> str:
    until = time.monotonic() + float(seconds)
    while time.monotonic() < until:
        pass
    return seconds


@app.get("/allocate/<int:megabytes>")
def allocate(megabytes: int) -> str:
    app.config.setdefault("kept", []).append(b"x" * (megabytes << 20))
    return f"{megabytes}"


@app.get("/open/<int:count>")
def open_files(count: int) -> str:
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(count)]
    app.config.setdefault("files", []).extend(files)
    return f"{count}"


@app.get("/threads/<int:count>")
def threads(count: int) -> str:
    for _ in range(count):
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    return f"{count}"


@app.get("/signal/<int:number>")
def send_signal(number: int) -> str:
    os.kill(os.getpid(), number)
    return signal.strsignal(number) or ""


if __name__ == "__main__":
    app.run(port=int(os.environ["APP_PORT"]), threaded=True)
