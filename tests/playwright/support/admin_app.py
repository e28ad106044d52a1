"""An app with Stirbar's pages in it, mounted twice: at the root, and under /shop."""

import flask
from stirbar import Stirbar
from werkzeug.middleware.dispatcher import DispatcherMiddleware

app = flask.Flask(__name__)
Stirbar(app)


@app.get("/ping")
def ping() -> str:
    return "pong"


mounted = DispatcherMiddleware(app, {"/shop": app})
