"""Outgoing HTTP of ``http.client`` and what stands on it (urllib, urllib3, requests, botocore).

    connect ──> endheaders, send ──> getresponse
       │                                  └─ the call has ended: counted by host
       └─ begins it; endheaders does on a connection that is kept

Timed are these methods, not what the application does between them. Known of a call are host and
port, nothing else of its URL. A call through a proxy that forwards counts as one to the proxy.

Default time-outs: where a call has none (none given, or None, which is what requests and urllib3
make of none given), ``outgoing_connect_timeout`` holds for connecting and
``outgoing_read_timeout`` for each read and write after that.
"""

from __future__ import annotations

import functools
import http.client
import socket
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

from stirbar import outgoing
from stirbar.engine import logger, native

_OBSERVE, _ON = 1, 2
_CALL = "_stirbar_call"

Connection = Any  # an http.client.HTTPConnection
Method = Callable[..., Any]


class _Call:
    """One call, from its first method to its end."""

    __slots__ = ("defaulted", "host", "spent_ns")

    def __init__(self, host: str) -> None:
        self.host = host
        self.spent_ns = 0
        self.defaulted = False


def hook_http_client(module: ModuleType) -> None:
    """Once ``http.client`` is imported."""
    owner = module.HTTPConnection
    _wrap(owner, "connect", _connect)
    _wrap(owner, "endheaders", _send)
    _wrap(owner, "send", _send)
    _wrap(owner, "getresponse", _getresponse)


def hook_urllib3(module: ModuleType) -> None:
    """Once ``urllib3`` is imported: its connections connect in their own way."""
    for name in ("HTTPConnection", "HTTPSConnection"):
        owner = getattr(module.connection, name)
        if not issubclass(owner, http.client.HTTPConnection):
            raise TypeError(f"urllib3 {module.__version__}: {name} is no http.client connection")
        _wrap(owner, "connect", _connect)


def _wrap(owner: type[Any], name: str, run: Method) -> None:
    original = vars(owner).get(name)
    if original is None or getattr(original, "_stirbar_hook", False):
        return

    @functools.wraps(original)
    def hooked(self: Connection, *args: Any, **kwargs: Any) -> Any:
        return run(original, self, *args, **kwargs)

    hooked._stirbar_hook = True  # type: ignore[attr-defined]
    setattr(owner, name, hooked)


# --- the methods ----------------------------------------------------------------------------------


def _connect(original: Method, connection: Connection, *args: Any, **kwargs: Any) -> Any:
    call = _begin(connection)
    own_timeout = getattr(connection, "timeout", 0)
    if call is None or not _has_none(own_timeout):
        return _timed(call, connection, original, args, kwargs)
    mode, connect_timeout, _ = _policy(call)
    if mode != _ON:
        return _timed(call, connection, original, args, kwargs)
    connection.timeout = connect_timeout
    try:
        result = _timed(call, connection, original, args, kwargs)
    finally:
        connection.timeout = own_timeout
    _limit_socket(call, connection, connect_timeout)
    return result


def _send(original: Method, connection: Connection, *args: Any, **kwargs: Any) -> Any:
    call = _begin(connection)
    _limit_socket(call, connection)
    return _timed(call, connection, original, args, kwargs)


def _getresponse(original: Method, connection: Connection, *args: Any, **kwargs: Any) -> Any:
    call = _of(connection)
    _limit_socket(call, connection)
    result = _timed(call, connection, original, args, kwargs, last=True)
    if call is not None:
        _end(connection, call, "ok")
    return result


# --- a call and its time --------------------------------------------------------------------------


def _of(connection: Connection) -> _Call | None:
    found: _Call | None = getattr(connection, "__dict__", {}).get(_CALL)
    return found


def _begin(connection: Connection) -> _Call | None:
    """The call that `connection` is in, begun if it is in none. Raises HostUnavailable."""
    call = _of(connection)
    if call is not None:
        return call
    try:
        call = _Call(_host_of(connection))
        connection.__dict__  # noqa: B018  # where the call is kept
    except Exception:  # a connection of a shape that we do not know
        native.count_fault()
        return None
    if call.host in outgoing.protected:
        seconds = native.seconds_until_admitted(call.host)
        if seconds > 0:
            raise outgoing.HostUnavailable(call.host, seconds)
    connection.__dict__[_CALL] = call
    return call


def _end(connection: Connection, call: _Call, outcome: str) -> None:
    connection.__dict__.pop(_CALL, None)
    native.call_ended(call.host, call.spent_ns, outcome)


def _timed(
    call: _Call | None,
    connection: Connection,
    original: Method,
    args: Any,
    kwargs: Any,
    last: bool = False,
) -> Any:
    """What `original` returns or raises; its time is the call's, and its end one that fails."""
    if call is None:
        return original(connection, *args, **kwargs)
    token = native.http_begin()
    # Methods call each other: of nested ones the outer takes the time.
    outer = call.spent_ns >= 0
    began_ns = time.monotonic_ns()
    before_ns, call.spent_ns = call.spent_ns, -1
    try:
        result = original(connection, *args, **kwargs)
    except BaseException as fault:
        if outer:
            call.spent_ns = before_ns + time.monotonic_ns() - began_ns
        # A wrong argument says nothing of the host: urllib3 1.26 tries one that Python 2 had.
        ended = outer and not isinstance(fault, TypeError)
        if ended and _of(connection) is call:
            _end(connection, call, "timeout" if _is_timeout(fault) else "failed")
        native.http_end(token, 1 if ended else 0)
        raise
    if outer:
        call.spent_ns = before_ns + time.monotonic_ns() - began_ns
    native.http_end(token, 1 if last else 0)
    return result


def _is_timeout(fault: BaseException) -> bool:
    """urllib3 makes exceptions of its own of what the socket raised."""
    return any(isinstance(one, TimeoutError) for one in (fault, fault.__cause__, fault.__context__))


def _host_of(connection: Connection) -> str:
    host = getattr(connection, "_tunnel_host", None) or connection.host
    port = getattr(connection, "_tunnel_port", None) if host != connection.host else None
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    host = host.rpartition("@")[2].strip("[]").lower()  # no user, no password
    host = host.encode("utf-8", "replace").decode()
    name = f"[{host}]" if ":" in host else host
    return f"{name}:{port or connection.port}"


# --- default time-outs ----------------------------------------------------------------------------

_warned: set[str] = set()


def _has_none(timeout: Any) -> bool:
    if timeout is socket._GLOBAL_DEFAULT_TIMEOUT:  # type: ignore[attr-defined]
        return socket.getdefaulttimeout() is None
    return timeout is None


def _policy(call: _Call) -> tuple[int, float, float]:
    """Mode and time-outs for a call that has none; counts it, and says so once for each host."""
    mode, connect, read = native.outgoing_timeouts()
    if mode in (_OBSERVE, _ON) and not call.defaulted:
        call.defaulted = True
        native.count_defaulted(call.host)
        if call.host not in _warned:
            _warned.add(call.host)
            done = "it gets" if mode == _ON else "outgoing_timeouts=on would give it"
            logger.warning(
                "an outgoing call to %s has no time-out: %s %g s to connect and %g s for each read",
                call.host,
                done,
                connect,
                read,
            )
    return mode, connect, read


def _limit_socket(call: _Call | None, connection: Connection, but_for: float | None = None) -> None:
    """Sets the time-out for reads where the socket has none, or that of connecting (`but_for`).

    None it has on a connection that is kept, and where urllib3 has set it anew.
    """
    sock = getattr(connection, "sock", None)
    if call is None or sock is None:
        return
    try:
        if sock.gettimeout() not in (None, but_for):
            return
        mode, _, read_timeout = _policy(call)
        if mode == _ON:
            sock.settimeout(read_timeout)
    except (AttributeError, OSError):  # a socket of a shape that we do not know, or closed
        native.count_fault()
