"""503 with ``Retry-After``, where a view ends with no connection to its database.

    the app's handler for the exception ──> its answer, as it is
    the app's handler for 503           ──> its answer, and Retry-After
    the app's handler for 500           ──> its answer, as 503 with Retry-After
    none                                ──> a short text

That the database is gone is no fault of the application: its error log gets one line by Stirbar
when that changes, not one for each request. While ``observe_only`` is on, and where exceptions are
to propagate (debug mode, tests), the application behaves as without Stirbar.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import flask
from werkzeug.exceptions import InternalServerError, ServiceUnavailable

from stirbar.engine import native

_TEXT = "The database is not available. Please try again later.\n"


def answering(app: flask.Flask, original: Callable[..., Any]) -> Callable[..., Any]:
    """`original` (``app.handle_user_exception``), which answers where that would raise."""

    def handle_user_exception(*arguments: Any, **keywords: Any) -> Any:
        try:
            return original(*arguments, **keywords)
        except Exception as fault:
            seconds = retry_after(fault)
            if seconds is None or native.changes_nothing() or _propagates(app):
                raise
            return _answer(app, fault, arguments, max(1, math.ceil(seconds)))

    return handle_user_exception


def retry_after(fault: BaseException) -> float | None:
    """Seconds, where `fault` or what it was made of says that there was no connection."""
    errors = sys.modules.get("stirbar.database_errors")  # not there: nobody can have raised one
    if errors is None:
        return None
    seen: set[int] = set()
    one: BaseException | None = fault
    while one is not None and id(one) not in seen:
        if isinstance(one, (errors.PoolTimeout, errors.DatabaseUnavailable)):
            return float(one.retry_after)
        seen.add(id(one))
        # SQLAlchemy keeps what it wraps in `orig`.
        one = getattr(one, "orig", None) or one.__cause__
    return None


def _propagates(app: flask.Flask) -> bool:
    configured = app.config.get("PROPAGATE_EXCEPTIONS")
    return bool(app.testing or app.debug) if configured is None else bool(configured)


def _answer(app: flask.Flask, fault: Exception, arguments: tuple[Any, ...], seconds: int) -> Any:
    """What the application says of it, or a short text."""
    context = arguments[:-1]  # Flask 3.2 hands it on
    busy = ServiceUnavailable(_TEXT)
    busy.__cause__ = fault
    handle: Callable[..., Any] = app.handle_http_exception
    response = handle(*context, busy)
    if response is busy:
        failed = InternalServerError(original_exception=fault)
        response = handle(*context, failed)
        if response is failed:
            response = flask.Response(_TEXT, 503, mimetype="text/plain")
            response.headers["Cache-Control"] = "no-store"
    response = app.make_response(response)
    if response.status_code == 500:
        response.status_code = 503
    if response.status_code == 503:
        response.headers.setdefault("Retry-After", str(seconds))
    return response
