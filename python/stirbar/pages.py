"""The pages inside the Flask application: the same as the supervisor's, fed from shared memory.

They take no session and no connection of the application. In a worker that serves one request at a
time an event stream would block it, so here the page polls.
"""

from __future__ import annotations

import ipaddress
import mimetypes
import re
from collections.abc import Callable
from importlib import resources
from typing import Any

from flask import Blueprint, Response, abort, json, request
from markupsafe import escape

from stirbar import observed
from stirbar.health_checker import HealthChecker

_WEB = resources.files("stirbar") / "web"

# The same as the supervisor's (src/supervisor/publish/http_message.cc).
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def make_blueprint(
    url_prefix: str, access: Callable[[], Any] | None, health_checker: HealthChecker
) -> Blueprint:
    """The blueprint with ``/responsiveness``, ``/monitoring`` and ``/health``."""
    pages = Blueprint("stirbar", __name__)

    @pages.before_request
    def refuse_strangers() -> None:
        allowed = access() if access is not None else _is_loopback()
        if not allowed:
            abort(403)

    @pages.after_request
    def protect(response: Response) -> Response:
        response.headers.update(_HEADERS)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    @pages.get("/responsiveness")
    @pages.get("/responsiveness/")
    @pages.get("/responsiveness/<page>")
    def responsiveness(page: str = "") -> Response:
        return _page(f"/{page}")

    @pages.get("/monitoring")
    def monitoring() -> Response:
        return _page("/workers")

    @pages.get("/health")
    def health() -> Response:
        best = request.accept_mimetypes.best_match(["text/html", "application/health+json"])
        if best == "text/html" and "text/html" in request.accept_mimetypes.values():
            return _page("/components")
        report = health_checker.report()
        response = _json(report)
        response.status_code = 503 if report["status"] == "fail" else 200
        response.content_type = "application/health+json"
        return response

    @pages.get("/responsiveness/api/v1/snapshot")
    def snapshot() -> Response:
        try:
            return Response(observed.snapshot_text(), content_type="application/json")
        except observed.NotObserved as reason:
            return _json({"error": str(reason)}, 503)

    @pages.get("/responsiveness/api/v1/history")
    def history() -> Response:
        if "points" not in request.args and request.args:
            return elsewhere()
        text = request.args.get("points", "900")
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 900:
            return _json({"error": f"points: {text[:20]!r} is not allowed; it takes 1 to 900"}, 400)
        return _json(observed.history(int(text)))

    @pages.get("/responsiveness/api/v1/stacks")
    @pages.get("/responsiveness/api/v1/latency")
    @pages.get("/responsiveness/api/v1/connections")
    @pages.get("/responsiveness/api/v1/settings")
    @pages.get("/responsiveness/api/v1/session")
    @pages.get("/responsiveness/api/v1/records")
    @pages.get("/responsiveness/api/v1/history/<path:part>")
    @pages.get("/responsiveness/api/v1/alerts")
    @pages.get("/responsiveness/api/v1/recommendations")
    def elsewhere(part: str = "") -> Response:
        # The supervisor makes them when asked for; they are not in shared memory. No 5xx: that
        # would count as a failure of the application.
        what = "history" if part else request.path.rpartition("/")[2]
        return _json(
            {
                "error": f"{what} can be seen on the supervisor's own pages",
                "url": _supervisor_url(),
            },
            404,
        )

    @pages.get("/responsiveness/assets/<path:name>")
    def asset(name: str) -> Response:
        known = {entry.name: entry for entry in (_WEB / "assets").iterdir()}
        if name not in known:
            abort(404)
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        response = Response(known[name].read_bytes(), content_type=kind)
        # The name changes with the content.
        response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
        return response

    def _page(first: str) -> Response:
        base = f"{request.script_root}{url_prefix}/responsiveness/"
        return Response(_index(base, first), content_type="text/html; charset=utf-8")

    return pages


def _json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value), status, content_type="application/json")


def _supervisor_url() -> str:
    """Where the supervisor's own pages are; empty when it has none, or does not say."""
    try:
        return str(observed.snapshot()["app"]["url"])
    except observed.NotObserved:
        return ""


def _index(base: str, first: str) -> str:
    text = (_WEB / "index.html").read_text(encoding="utf-8")
    for name, value in (("live", "poll"), ("page", first)):
        text = re.sub(rf'(<meta name="stirbar-{name}" content=")[^"]*', rf"\g<1>{value}", text)
    return text.replace('<base href="/">', f'<base href="{escape(base)}">')


def _is_loopback() -> bool:
    """Whether the client is on this machine, also behind a proxy on this machine.

    The Host header must name this machine, too: a page of another site whose name was rebound to
    127.0.0.1 comes from the reader's own browser.
    """
    hops = [request.remote_addr or ""]
    for header in ("X-Forwarded-For", "X-Real-IP"):
        hops += request.headers.get(header, "").split(",")
    if "Forwarded" in request.headers:
        return False
    addresses = [hop.strip() for hop in hops if hop.strip()]
    host = re.sub(r":\d*$", "", request.host).strip("[]").lower()
    try:
        return (
            bool(addresses)
            and all(ipaddress.ip_address(hop).is_loopback for hop in addresses)
            and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
        )
    except ValueError:
        return False
