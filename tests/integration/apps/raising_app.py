"""An app whose exceptions go through the WSGI callable, as with a debugger or a middleware."""

from collections.abc import Iterator

import flask

app = flask.Flask(__name__)
app.config["PROPAGATE_EXCEPTIONS"] = True


@app.get("/")
def index() -> str:
    return "ok"


@app.get("/raise")
def fault() -> str:
    raise RuntimeError("on purpose")


@app.get("/broken-stream")
def broken_stream() -> flask.Response:
    def body() -> Iterator[str]:
        yield "the first of two"
        raise RuntimeError("on purpose, in the middle")

    return flask.Response(body(), mimetype="text/plain")
