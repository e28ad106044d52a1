"""Puts the native probe around a Flask application."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import flask
import flask.globals

from stirbar import servers, trusted_peers
from stirbar.database_answers import answering
from stirbar.engine import logger, native
from stirbar.policy import RoutePolicies

_MARK = "_stirbar_instrumented"


def instrument(app: flask.Flask) -> None:
    """Wraps ``app.wsgi_app``, and ``app.preprocess_request`` to learn the route early, and
    ``app.handle_user_exception`` for `stirbar.database_answers`. Idempotent.

    All are set on the instance, so that what the application wraps around them later stays in
    place. A fault here is logged and leaves the application as it was.
    """
    if native is not None and not app.__dict__.get(_MARK):
        instrument_from(app, app.wsgi_app)


def instrument_from(app: flask.Flask, wsgi_app: Any) -> None:
    """As `instrument`, with `wsgi_app` as the callable to wrap."""
    if native is None or app.__dict__.get(_MARK):
        return
    try:
        # Where Flask keeps the context whose request has been matched: a context variable up to
        # 3.1; later versions pass it to preprocess_request.
        context = getattr(flask.globals, "_cv_request", None) or getattr(
            flask.globals, "_cv_app", None
        )
        policies = RoutePolicies(app)
        middleware = native.middleware(wsgi_app, policies.rows)
        hook = native.route_hook(app.preprocess_request, context, policies.of)
        answers = answering(app, app.handle_user_exception)
        trusted = trusted_peers.from_environment()
        if trusted is not None:
            native.set_trusted_peers(trusted)
    except Exception:
        logger.warning("the application is not instrumented", exc_info=True)
        return
    vars(app).update(
        {
            _MARK: True,
            "wsgi_app": middleware,
            "preprocess_request": hook,
            "handle_user_exception": answers,
        }
    )
    servers.hook_uwsgi()


class _InstrumentOnFirstLook:
    """Stands for ``Flask.wsgi_app`` until an application's own is asked for the first time.

    What `instrument` sets refers to the application, which then is freed by the garbage collector
    only. An application that nobody calls stays as it was: freed with its last reference. As the
    instance's attribute hides this one, later calls do not come here.
    """

    def __init__(self, original: Any) -> None:
        self._original = original

    def __get__(self, app: flask.Flask | None, owner: type) -> Any:
        if app is None:
            return self._original
        bound = self._original.__get__(app, owner)
        if inspect.getattr_static(type(app), "wsgi_app") is not self:
            return bound  # super().wsgi_app of a subclass whose own is instrumented
        instrument_from(app, bound)
        return app.__dict__.get("wsgi_app", bound)


def instrument_every_app() -> None:
    """Instruments each Flask application made from now on: what ``stirbar run`` does."""
    original = flask.Flask.__init__
    on_first_look = _InstrumentOnFirstLook(flask.Flask.wsgi_app)

    @functools.wraps(original)
    def init(self: flask.Flask, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        servers.hook_uwsgi()
        if inspect.getattr_static(type(self), "wsgi_app") is not on_first_look:
            instrument(self)  # a subclass has a wsgi_app of its own

    flask.Flask.__init__ = init  # type: ignore[method-assign]
    flask.Flask.wsgi_app = on_first_look  # type: ignore[method-assign, assignment]
