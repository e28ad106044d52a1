"""What pools are called: by the URL of their engine, without what is secret in it."""

from __future__ import annotations

from typing import Any

from stirbar.target_urls import name_of


class EnginePlugin:
    """Names the pool of an engine (``sqlalchemy.engine.CreateEnginePlugin``)."""

    def __init__(self, url: Any, kwargs: dict[str, Any]) -> None:
        self.url = url

    def update_url(self, url: Any) -> None:
        """The URL is right as it is."""

    def handle_dialect_kwargs(self, dialect_cls: Any, dialect_args: Any) -> None:
        """The dialect is right as it is."""

    def handle_pool_kwargs(self, pool_cls: Any, pool_args: Any) -> None:
        """The pool is right as it is."""

    def engine_created(self, engine: Any) -> None:
        """Names its pool."""
        name_pool(engine)


def name_pool(engine: Any) -> None:
    """Names the pool of `engine`, if it is one of Stirbar's."""
    take_name = getattr(engine.pool, "_take_name", None)
    if take_name is not None:
        take_name(pool_name(engine.url))
        engine.pool._servers.set_names(engine.pool._name, name_of(engine.url))


def pool_name(url: Any) -> str:
    """What a pool is called: "mysql://db.example.org:3306/shop", without user, password, query."""
    place = url.host or ""
    if url.port is not None:
        place += f":{url.port}"
    return f"{url.get_backend_name()}://{place}/{url.database or ''}"
