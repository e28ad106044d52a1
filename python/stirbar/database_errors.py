"""What Stirbar's pools raise in place of a connection.

All are also SQLAlchemy's own kinds, so that an application that handles those handles these. An
unhandled one makes a Flask view answer 503 with ``Retry-After`` (`stirbar.database_answers`).

Importing this module imports SQLAlchemy where it is installed; ``import stirbar`` does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy.exc import OperationalError, StatementError
    from sqlalchemy.exc import TimeoutError as SQLAlchemyTimeout
else:
    try:
        from sqlalchemy.exc import OperationalError, StatementError
        from sqlalchemy.exc import TimeoutError as SQLAlchemyTimeout
    except ImportError:  # then nobody raises these; they can be named in `except` all the same
        OperationalError = StatementError = SQLAlchemyTimeout = Exception


class PoolTimeout(SQLAlchemyTimeout):
    """No connection became free before the checkout's deadline.

    Attributes:
        retry_after: seconds after which another try makes sense.
    """

    def __init__(self, message: str, retry_after: float = 1.0) -> None:
        super().__init__(message, code="3o7r")
        self.retry_after = retry_after

    def __reduce__(self) -> Any:
        return type(self), (str(self.args[0]), self.retry_after)


class PoolFull(PoolTimeout):
    """So many wait for a connection already that waiting makes no sense."""


class PoolThrottled(PoolTimeout):
    """The pool is nearly full, and this checkout's priority is low: it belongs to a sheddable or
    background request, or to a task."""  # noqa: D205, D209


class DatabaseUnavailable(OperationalError):
    """The database could not be reached a moment ago, so that it was not tried now.

    Attributes:
        retry_after: seconds until it is tried again.
        orig: the driver's error of the last try, without its traceback; also ``__cause__``.
    """

    def __init__(self, message: str, retry_after: float, orig: BaseException | None = None) -> None:
        # Not DBAPIError's: that makes the message of the driver's, which may be long ago.
        StatementError.__init__(self, message, None, None, orig)
        self.connection_invalidated = False
        self.retry_after = retry_after
        self.__cause__ = orig

    def __reduce__(self) -> Any:
        return type(self), (str(self.args[0]), self.retry_after, self.orig)
