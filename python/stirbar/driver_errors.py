"""What a database driver's error means for the server it came from.

Known by class and number: PyMySQL, mysqlclient and mysql-connector give MySQL's number
(``args[0]``, ``errno``), psycopg and psycopg2 PostgreSQL's SQLSTATE (``sqlstate``, ``pgcode``). Of
a login that PostgreSQL refuses they give none: there the words of its English messages are all
there is. Numbers: MySQL 8.0 Error Message Reference; PostgreSQL documentation, appendix "Error
Codes".
"""

from __future__ import annotations

import copy
import re

# As ConnectOutcome in src/probe/pool_targets.h.
CONNECTED, FAILED, REJECTED, UNKNOWN = range(4)

# Wrong user or password, no right to the database, no such database, no such way to log in: trying
# again helps only after somebody has changed something.
_REJECTED_NUMBERS = frozenset({1044, 1045, 1049, 1130, 1251, 1396, 1698, 3118, 3159, 4151})
_REJECTED_STATES = ("28", "3D")

_REJECTED_WORDS = re.compile(
    r"FATAL:\s+(password authentication failed|no pg_hba\.conf entry"
    r"|(role|database) \".*\" (does not exist|is not permitted to log in))"
)

# Not the server's fault: the application called the driver in a way that it does not understand.
_OWN_FAULTS = ("ProgrammingError", "NotSupportedError", "DataError", "IntegrityError")


def outcome_of(fault: BaseException) -> int:
    """What `fault`, raised while a connection was opened, says of the server."""
    if not isinstance(fault, Exception):
        return UNKNOWN  # an interrupt, a time-out of gevent: the caller gave up
    number = number_of(fault)
    if number in _REJECTED_NUMBERS:
        return REJECTED
    if isinstance(number, str):
        return REJECTED if number.startswith(_REJECTED_STATES) else FAILED
    if isinstance(number, int):
        return FAILED
    names = {one.__name__ for one in type(fault).__mro__}
    if names & set(_OWN_FAULTS):
        return UNKNOWN
    if _REJECTED_WORDS.search(str(fault)):
        return REJECTED
    return FAILED if "Error" in names or isinstance(fault, OSError) else UNKNOWN


def number_of(fault: BaseException) -> int | str | None:
    """MySQL's error number or PostgreSQL's SQLSTATE; None where the driver gives none."""
    for name in ("errno", "sqlite_errorcode"):
        number = getattr(fault, name, None)
        if isinstance(number, int) and number > 0:
            return number
    first = fault.args[0] if fault.args else None
    if isinstance(first, int) and not isinstance(first, bool):
        return first  # before the SQLSTATE, which says less: 42000 is a syntax error, too
    for name in ("sqlstate", "pgcode"):
        state = getattr(fault, name, None)
        if isinstance(state, str) and state:
            return state
    return None


def label_of(fault: BaseException) -> str:
    """Class and number, ``"OperationalError 2003"``: the text may hold names and values."""
    number = number_of(fault)
    name = type(fault).__name__
    return name if number is None else f"{name} {number}"


def without_traceback(fault: BaseException) -> BaseException:
    """A copy that keeps no frame, and so nothing of the application, alive."""
    try:
        same = copy.copy(fault)
        if type(same) is type(fault) and same.args == fault.args:
            return same
    except Exception:  # its constructor wants something else than its arguments
        pass
    kind = type(fault)
    bare = kind.__new__(kind, *fault.args)
    bare.args = fault.args
    bare.__dict__.update(fault.__dict__)
    return bare
