"""Work that only reads, which a replica may serve."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

_declared: ContextVar[bool] = ContextVar("stirbar_readonly", default=False)


def is_readonly() -> bool:
    """Whether the running code is declared to read only."""
    return _declared.get()


class readonly:  # noqa: N801  # used like a function
    """Declares that the code inside only reads: its connections come from a replica, if one is up.

        with stirbar.readonly():
            report = session.execute(...)

        @app.get("/report")
        @stirbar.readonly()
        def report(): ...

    Replicas are named in ``pool_options(replicas=[...])``. Where none is, or none can be reached,
    the pool's own server serves. A connection that is held already is not changed: begin a session
    or a connection inside. What a replica serves may be some time old.
    """

    def __init__(self) -> None:
        self._tokens: list[Token[bool]] = []

    def __enter__(self) -> readonly:
        self._tokens.append(_declared.set(True))
        return self

    def __exit__(self, *exc_info: object) -> None:
        _declared.reset(self._tokens.pop())

    def __call__(self, function: F) -> F:
        """`function`, with everything that it does declared so."""
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def declared_async(*args: Any, **kwargs: Any) -> Any:
                with readonly():
                    return await function(*args, **kwargs)

            return declared_async  # type: ignore[return-value]

        @functools.wraps(function)
        def declared(*args: Any, **kwargs: Any) -> Any:
            with readonly():
                return function(*args, **kwargs)

        return declared  # type: ignore[return-value]
