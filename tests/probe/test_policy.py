"""What an application can say of its routes, and what is refused."""

from __future__ import annotations

from typing import Any

import flask
import pytest
import stirbar
from flask.views import MethodView
from stirbar.policy import RoutePolicies
from stirbar.trusted_peers import parse_trusted_peers


def policies(app: flask.Flask) -> dict[str, tuple[int, float, float, bool]]:
    """ "GET /rule" -> policy."""
    rows = RoutePolicies(app).rows(-1)
    assert rows is not None
    assert RoutePolicies(app).rows(len(rows)) is None
    return {f"{method} {rule}": row for rule, methods, row in rows for method in methods}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("500ms", 0.5), ("2m", 120), ("1h", 3600), ("1.5s", 1.5), (3, 3), (0.25, 0.25)],
)
def test_durations(text: Any, seconds: float) -> None:
    app = flask.Flask("app")
    app.add_url_rule("/x", view_func=stirbar.limit(timeout=text)(lambda: "x"))
    assert policies(app)["GET /x"] == (1, seconds, 0.0, False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"timeout": "soon"}, "timeout: 'soon' is not allowed; it takes a duration"),
        ({"timeout": 0}, "timeout: 0 is not allowed"),
        ({"timeout": True}, "timeout: True is not allowed"),
        ({"timeout": float("nan")}, "timeout: nan is not allowed"),
        ({"deadline": "-1s"}, "deadline: '-1s' is not allowed"),
        ({"deadline": "2d"}, "deadline: '2d' is not allowed"),
        ({"criticality": "vital"}, "'vital' is not allowed; it takes critical, normal, sheddable"),
        ({"long_lived": "yes"}, "long_lived: 'yes' is not allowed"),
    ],
)
def test_bad_limits_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        stirbar.limit(**arguments)


def test_bad_degradations_are_refused() -> None:
    with pytest.raises(ValueError, match="at: 70 is not allowed; it takes a number from 0 to 1"):
        stirbar.degrade(lambda: "", at=70)
    with pytest.raises(ValueError, match="cheaper: 'x' is not allowed"):
        stirbar.degrade("x")  # type: ignore[arg-type]


def test_bad_refusals_and_peers_are_refused() -> None:
    with pytest.raises(ValueError, match="refusal: "):
        stirbar.Stirbar(refusal=("busy", "text/html\r\nX: y"))
    with pytest.raises(ValueError, match="trusted_peers: 'proxy' is not allowed"):
        stirbar.Stirbar(trusted_peers=["10.0.0.0/8", "proxy"])
    with pytest.raises(ValueError, match="it takes a list"):
        stirbar.Stirbar(trusted_peers="10.0.0.0/8")
    assert parse_trusted_peers(["10.1.2.3/8", "::1", "unix"], "x") == [
        ("10.0.0.0", 8), ("::1", 128), ("unix", 0),
    ]  # fmt: skip


def test_views_of_every_kind() -> None:
    app = flask.Flask("app")

    class Reports(MethodView):
        @stirbar.limit(criticality="sheddable")
        def get(self) -> str:
            return ""

        def post(self) -> str:
            return ""

    stirbar.limit(criticality="background", deadline="2s")(Reports)
    app.add_url_rule("/reports", view_func=Reports.as_view("reports"))
    shop = flask.Blueprint("shop", __name__)
    stirbar.limit(criticality="sheddable")(shop)
    shop.add_url_rule("/list", "list", lambda: "")
    shop.add_url_rule("/pay", "pay", stirbar.limit(criticality="critical")(lambda: ""))
    app.register_blueprint(shop, url_prefix="/shop")
    found = policies(app)
    assert found["GET /reports"][0] == found["HEAD /reports"][0] == 2
    assert found["POST /reports"] == (3, 0.0, 2.0, False)
    assert found["GET /shop/list"][0] == 2
    assert found["GET /shop/pay"][0] == 0


def test_health_and_admin_are_critical_where_nothing_is_said() -> None:
    app = flask.Flask("app")
    for rule in ("/health", "/health/live", "/healthz", "/admin/users/<int:n>", "/admin", "/ping"):
        app.add_url_rule(rule, rule.replace(".", "_"), lambda: "")
    app.add_url_rule("/livez", "l", stirbar.limit(criticality="normal")(lambda: ""))
    for rule in ("/", "/healthy", "/administration", "/shop/health"):
        app.add_url_rule(rule, rule + "x", lambda: "")
    found = {key.removeprefix("GET "): row[0] for key, row in policies(app).items()}
    assert [rule for rule, rank in found.items() if rank == 0 and " " not in rule] == [
        "/health", "/health/live", "/healthz", "/admin/users/<int:n>", "/admin", "/ping",
    ]  # fmt: skip


def test_the_pages_are_critical() -> None:
    app = flask.Flask("app")
    made = stirbar.Stirbar(app, supervisor=False, url_prefix="/inside")
    found = policies(app)
    assert found["GET /inside/responsiveness"][0] == 0
    assert found["GET /inside/health"][0] == 0
    assert made.pressure == 0.0


def test_marks_survive_other_decorators() -> None:
    import functools

    app = flask.Flask("app")

    def outer(view: Any) -> Any:
        @functools.wraps(view)
        def inner() -> Any:
            return view()

        return inner

    app.add_url_rule("/x", "x", outer(stirbar.limit(long_lived=True)(lambda: "")))
    assert policies(app)["GET /x"] == (1, 0.0, 0.0, True)


def test_degrade_serves_the_view_without_pressure() -> None:
    app = flask.Flask("app")

    @app.get("/feed/<name>")
    @stirbar.degrade(lambda name: f"cheap {name}")
    def feed(name: str) -> str:
        """The feed."""
        return f"full {name}"

    @app.get("/later")
    @stirbar.degrade(lambda: "cheap")
    async def later() -> str:
        return "full"

    assert feed.__doc__ == "The feed."
    assert app.test_client().get("/feed/a").text == "full a"
