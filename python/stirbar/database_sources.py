"""Which engines an app has: given as engines, as URLs, or kept by Flask-SQLAlchemy."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import flask
from sqlalchemy import create_engine
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.engine.url import URL
from sqlalchemy.exc import ArgumentError

DEFAULT = "default"
ALLOWED = "an Engine, a URL, a Flask-SQLAlchemy object, or a dict of these by name"


class DatabaseSources:
    """Engines by name, in a fixed order. Flask-SQLAlchemy's are looked up when they are asked for:
    they belong to an app, which may come later. Threads: any."""

    def __init__(self, database: Any, app: Any, engine_options: Mapping[str, Any]) -> None:
        sources = dict(database) if isinstance(database, Mapping) else {DEFAULT: database}
        if not sources:
            raise TypeError(f"an empty dict is not allowed; it takes {ALLOWED}")
        self._app = app
        self._sources = {name: _accepted(one, engine_options) for name, one in sources.items()}

    def engines(self) -> dict[str, Engine]:
        """All of them. RuntimeError outside an app's context where Flask-SQLAlchemy's are meant and
        no app was given."""
        found: dict[str, Engine] = {}
        for name, source in self._sources.items():
            if isinstance(source, Engine):
                found[name] = source
            else:
                for key, engine in self._flask_engines(source).items():
                    found[_name_of_bind(name, key)] = engine
        return found

    def _flask_engines(self, source: Any) -> Mapping[str | None, Engine]:
        with self._app.app_context() if self._app is not None else contextlib.nullcontext():
            if source is None:
                try:
                    source = flask.current_app.extensions["sqlalchemy"]
                except KeyError:
                    raise TypeError(f"the app has no Flask-SQLAlchemy; give {ALLOWED}") from None
            engines: Mapping[str | None, Engine] = source.engines
            return dict(sorted(engines.items(), key=lambda row: row[0] or ""))  # None first


def _accepted(source: Any, engine_options: Mapping[str, Any]) -> Any:
    """An engine, or what stands for Flask-SQLAlchemy."""
    if isinstance(source, (str, URL)):
        try:
            return create_engine(make_url(source), **engine_options)
        except ArgumentError:
            # Its text holds the URL, and with it perhaps a password.
            raise ValueError(
                "the database's URL is none; it takes dialect+driver://user:password@host/name"
            ) from None
    if source is None or isinstance(source, Engine) or hasattr(type(source), "engines"):
        return source
    raise TypeError(f"{type(source).__name__} is not allowed; it takes {ALLOWED}")


def _name_of_bind(name: str, key: str | None) -> str:
    if key is None:
        return name
    return key if name == DEFAULT else f"{name}.{key}"
