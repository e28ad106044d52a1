"""What an application says of its routes: how long they may take, and who is refused first.

    @app.get("/report")
    @stirbar.limit(timeout="2m", deadline="30s", criticality="background")
    def report(): ...

    @app.get("/feed")
    @stirbar.degrade(cached_feed, at=0.7)
    def feed(): ...

Under ``@app.route``, so that Flask registers what these return. On a view, a method view's class or
method, or a blueprint (then for all its views that say nothing themselves).
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import flask

from stirbar.engine import native

T = TypeVar("T")

CRITICALITIES = ("critical", "normal", "sheddable", "background")
"""In the order in which requests are kept: critical ones are never refused, background ones first.

The classes are those of the Google SRE book (chapter 21, "Handling Overload").
"""

# What the native part takes: criticality, timeout and deadline in seconds (0: the settings'),
# long-lived.
Row = tuple[int, float, float, bool]
NORMAL: Row = (1, 0.0, 0.0, False)

_ATTRIBUTE = "__stirbar_limit__"
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|)")
_UNITS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0}
_LONGEST = 86400.0

# Paths by which load balancers and people look after an application: never refused where the
# route does not say otherwise.
_HEALTH = re.compile(
    r"/(health|healthz|healthcheck|live|livez|liveness|ready|readyz|readiness|ping)(/.*)?|/admin(/.*)?"
)


def limit(
    *,
    timeout: str | float | None = None,
    deadline: str | float | None = None,
    criticality: str | None = None,
    long_lived: bool = False,
) -> Callable[[T], T]:
    """Sets what holds for a route in place of the settings.

    Args:
        timeout: a request that runs longer is stuck (setting ``stuck_request_limit``). Seconds, or
            "30s", "500ms", "2m", "1h".
        deadline: how long its client waits for the answer, queue included (``request_deadline``).
        criticality: "critical", "normal" (the default), "sheddable" or "background". Routes for
            health checks and ``/admin`` are critical where this is not given.
        long_lived: an event stream or a download: no timeout, and capped by ``long_lived_limit``.

    Raises:
        ValueError: a value is not allowed; names it and says what is.
    """
    if criticality is not None and criticality not in CRITICALITIES:
        raise ValueError(
            f"criticality: {criticality!r} is not allowed; it takes {', '.join(CRITICALITIES)}"
        )
    if not isinstance(long_lived, bool):
        raise ValueError(f"long_lived: {long_lived!r} is not allowed; it takes True or False")
    said = (criticality, seconds("timeout", timeout), seconds("deadline", deadline), long_lived)

    def mark(view: T) -> T:
        setattr(view, _ATTRIBUTE, said)
        return view

    return mark


def degrade(cheaper: Callable[..., Any], *, at: float = 0.7) -> Callable[[T], T]:
    """Serves `cheaper` in place of the view while `Stirbar.pressure` is `at` (0..1) or more.

    `cheaper` gets the view's arguments. Never while ``observe_only`` is on.

    Raises:
        ValueError: `at` is not between 0 and 1, or `cheaper` cannot be called.
    """
    if not callable(cheaper):
        raise ValueError(f"cheaper: {cheaper!r} is not allowed; it takes a callable")
    if isinstance(at, bool) or not isinstance(at, (int, float)) or not 0 <= at <= 1:
        raise ValueError(f"at: {at!r} is not allowed; it takes a number from 0 to 1")

    def wrap(view: Any) -> Any:
        if native is None:
            return view

        @functools.wraps(view)
        def chosen(*args: Any, **kwargs: Any) -> Any:
            target = cheaper if native.degrades(at) else view
            return flask.current_app.ensure_sync(target)(*args, **kwargs)

        return chosen

    return wrap


def seconds(name: str, value: str | float | None) -> float:
    """`value` in seconds; 0.0 for None.

    Raises:
        ValueError: it is no duration of up to a day.
    """
    if value is None:
        return 0.0
    found = math.nan
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        found = float(value)
    elif isinstance(value, str):
        match = _DURATION.fullmatch(value.strip())
        if match:
            found = float(match[1]) * _UNITS[match[2]]
    if not 0 < found <= _LONGEST:
        raise ValueError(
            f"{name}: {value!r} is not allowed; it takes a duration of up to a day, "
            'in seconds or as "30s", "500ms", "2m", "1h"'
        )
    return found


def make_critical(app: flask.Flask, blueprint: str) -> None:
    """Makes all views of the blueprint that is registered as `blueprint` critical."""
    for endpoint, view in app.view_functions.items():
        if endpoint.startswith(f"{blueprint}."):
            limit(criticality="critical")(view)


class RoutePolicies:
    """The policies of one application, as the native part asks for them."""

    def __init__(self, app: flask.Flask) -> None:
        self._app = app

    def of(self, rule: Any, method: str) -> Row:
        """The policy of a werkzeug Rule for requests of `method`."""
        for place in self._places(rule.endpoint, method):
            said = getattr(place, _ATTRIBUTE, None)
            if said is not None:
                criticality, timeout, deadline, long_lived = said
                rank = _default(rule) if criticality is None else CRITICALITIES.index(criticality)
                return rank, timeout, deadline, long_lived
        return (_default(rule), *NORMAL[1:])

    def rows(self, known: int) -> list[tuple[str, list[str], Row]] | None:
        """All rules with their methods and policies; None when there are `known` rows still."""
        rules = list(self._app.url_map.iter_rules())
        found = []
        for rule in rules:
            by_policy: dict[Row, list[str]] = {}
            for method in rule.methods or ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"):
                by_policy.setdefault(self.of(rule, method), []).append(method)
            found += [(rule.rule, methods, row) for row, methods in by_policy.items()]
        return None if len(found) == known else found

    def _places(self, endpoint: str, method: str) -> Iterable[Any]:
        """Where a policy may stand, the most special one first."""
        view = self._app.view_functions.get(endpoint)
        view_class = getattr(view, "view_class", None)
        if view_class is not None:
            yield getattr(view_class, "get" if method == "HEAD" else method.lower(), None)
            yield view_class
        yield view
        name = endpoint
        while "." in name:
            name = name.rpartition(".")[0]
            yield self._app.blueprints.get(name)


def _default(rule: Any) -> int:
    return 0 if _HEALTH.fullmatch(rule.rule) else 1
