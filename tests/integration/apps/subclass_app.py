"""Apps that have a say in `wsgi_app` themselves; one of them is chosen by $KIND."""

import os
from typing import Any

import flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix


class Own(flask.Flask):
    def wsgi_app(self, environ: dict[str, Any], start_response: Any) -> Any:
        environ["seen"] = environ.get("seen", 0) + 1
        return super().wsgi_app(environ, start_response)


def make(kind: str) -> flask.Flask:
    app = Own("made") if kind == "subclass" else flask.Flask("made")

    @app.get("/")
    def index() -> str:
        return str(flask.request.environ.get("seen", 1))

    return app


kind = os.environ["KIND"]
app: Any = make(kind)
if kind == "proxyfix":
    app.wsgi_app = ProxyFix(ProxyFix(app.wsgi_app))
elif kind == "dispatcher":
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/inner": make("inner")})
elif kind == "wsgi_app":
    app = app.wsgi_app  # without the app itself, which only this keeps alive
elif kind == "wrapped":
    app = ProxyFix(app)
elif kind == "factory":
    app = lambda environ, start_response: make("each")(environ, start_response)  # noqa: E731
