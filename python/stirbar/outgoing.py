"""Calls to other hosts: the breaker that keeps a dead one from taking the app's time."""

from __future__ import annotations

import re

from stirbar.engine import native, warn_once_if_missing

# Host, port -> name of a protected host; what is not in here costs one look.
protected: set[str] = set()

_UNITS = {"": 1.0, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


class HostUnavailable(ConnectionError):
    """The breaker of a protected host is open: the call was not tried.

    Libraries wrap it as they do any failure to connect: in ``urllib.error.URLError`` (``reason``),
    ``urllib3.exceptions.ProtocolError``, ``requests.ConnectionError``.

    Attributes:
        host: ``"api.example.org:443"``.
        retry_after: seconds until the next call may be tried.
    """

    def __init__(self, host: str, retry_after: float) -> None:
        super().__init__(f"{host} is not called: its breaker is open for {retry_after:.1f} s more")
        self.host = host
        self.retry_after = retry_after


def protect(host: str, *, failures: int = 5, cooldown: str | float = "10s") -> None:
    """Puts a breaker before every outgoing HTTP call of this process to `host`.

    It opens after `failures` failed calls in a row (no connection, no answer, a time-out; an answer
    of any status is none), or when half of at least 10 calls within 10 s failed. While it is open
    calls raise `HostUnavailable` at once. After the cooldown one call at a time is let through: two
    that succeed close it, one that fails doubles the cooldown, up to eight times the first.
    (M. Nygard, *Release It!*, "Circuit Breaker".)

    Args:
        host: host and port, ``"api.example.org:443"``.
        failures: how many in a row open it.
        cooldown: seconds, or text as ``"10s"``, ``"500ms"``, ``"1m"``.

    Raises:
        ValueError: an argument makes no sense; names it.
    """
    name = _checked_host(host)
    seconds = parse_seconds("cooldown", cooldown)
    if failures < 1:
        raise ValueError(f"failures={failures}: must be 1 or more")
    if warn_once_if_missing():
        return
    native.protect(name, failures, seconds)
    protected.add(name)


def _checked_host(host: str) -> str:
    name, colon, port = host.rpartition(":")
    if not colon or not name or not port.isascii() or not port.isdigit() or "/" in name:
        raise ValueError(f"host={host!r}: must be host and port, like 'api.example.org:443'")
    return host.lower()


def parse_seconds(field: str, value: str | float) -> float:
    """`value` in seconds; a number without a unit is one. ValueError names `field`."""
    text = str(value).strip()
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|)", text)
    seconds = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if not 0 < seconds <= 86400:
        raise ValueError(f"{field}={value!r}: must be more than 0 and at most a day, like '10s'")
    return seconds
