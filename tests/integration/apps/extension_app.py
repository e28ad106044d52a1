"""The same in one line: `Stirbar(app)`. Tests choose the rest by the environment."""

import os

import flask
from stirbar import Stirbar

app = flask.Flask(__name__)
app.secret_key = os.environ.get("SECRET_KEY", "for tests")

if os.environ.get("TEST_PROXY"):
    from werkzeug.middleware.proxy_fix import ProxyFix

    app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]
for entry in os.environ.get("TEST_CONFIG", "").split(","):
    name, found, value = entry.partition("=")
    if found:
        app.config[name] = float(value)


def admins_only() -> bool:
    return flask.request.headers.get("X-Admin") == "yes"


stirbar = Stirbar(
    app,
    access=admins_only if os.environ.get("TEST_ACCESS") else None,
    supervisor=not os.environ.get("TEST_NO_SUPERVISOR"),
)


@app.get("/")
def index() -> str:
    return "ok"


@app.get("/visits")
def visits() -> str:
    flask.session["visits"] = flask.session.get("visits", 0) + 1
    return str(flask.session["visits"])


@app.get("/face")
def face() -> dict[str, object]:
    """What the seed's classes say inside a worker."""
    optimizer = stirbar.optimizer
    metrics = optimizer.get_performance_metrics()
    health = optimizer.get_health_status()
    return {
        "resources": metrics["resources"] and vars(metrics["resources"]),
        "performance": metrics["performance"] and vars(metrics["performance"]),
        "thresholds": metrics["thresholds"],
        "alerts": [vars(alert) for alert in metrics["alerts"]],
        "unavailable": metrics.get("unavailable"),
        "recommendations": optimizer.get_recommendations(),
        "responsiveness": optimizer.check_responsiveness(),
        "cleanup": optimizer.trigger_cleanup_if_needed(),
        "health": {"overall_status": health.overall_status, "components": health.components},
        "probes": {
            "live": stirbar.health.liveness(),
            "ready": stirbar.health.readiness(),
            "startup": stirbar.health.startup(),
        },
    }
