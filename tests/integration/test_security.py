"""Who may read and who may change something: every page and endpoint, from here and elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from harness import ROOT, Answer, Api, Running, Sandbox, eventually, free_port
from test_http import BROWSER, OPENAPI

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# What may be asked for without a token: the form that takes it.
OPEN = {"/login"}

PAGES = sorted(
    found[1]
    for file in (ROOT / "web" / "src" / "pages").glob("*.ts")
    if (found := re.search(r"^  path: '([^']+)'", file.read_text(), re.M))
)
READS = sorted(
    path
    for path, methods in OPENAPI["paths"].items()
    if "get" in methods and "{" not in path and path not in OPEN
)
CHANGES = sorted(
    path for path, methods in OPENAPI["paths"].items() if "post" in methods and path not in OPEN
)


@dataclass(frozen=True)
class Guarded:
    """An app whose pages listen on all addresses."""

    running: Running
    operator: str
    reader: str

    @property
    def api(self) -> Api:
        return self.running.api

    def ask(self, path: str, method: str = "GET", token: str = "", **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        body = "{}" if method == "POST" else None
        return self.api.ask(path, method, body, {**JSON, **bearer, **named})

    def log_in(self, token: str) -> dict[str, str]:
        """Cookie and proof of a new session."""
        answer = self.api.ask("/login", "POST", f"token={token}", FORM)
        assert answer.status == 303, answer.text
        cookie = answer.headers["Set-Cookie"].split(";")[0]
        session = self.api.ask("/api/v1/session", headers={"Cookie": cookie}).json
        return {"Cookie": cookie, "X-Stirbar-CSRF": session["csrf"]}


def guard(box: Sandbox) -> Guarded:
    """A new one, ready."""
    port = free_port()
    command = ["gunicorn", "--no-control-socket", "-b", f"127.0.0.1:{port}", "plain_app:app"]
    running = box.serve(command, port, host="0.0.0.0")
    files = [box.folder / "state" / name for name in ("token", "reader-token")]
    eventually(lambda: all(file.exists() for file in files) and running.api.answers("/"))
    operator, reader = (file.read_text().strip() for file in files)
    made = Guarded(running, operator, reader)
    eventually(lambda: made.ask("/health/ready", token=reader).status == 200)
    return made


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    box = Sandbox(tmp_path_factory.mktemp("secured"))
    try:
        yield guard(box)
    finally:
        box.close()


def test_the_lists_are_whole() -> None:
    assert len(PAGES) >= 10 and "/settings" in PAGES
    assert {"/api/v1/snapshot", "/api/v1/settings", "/metrics", "/health/live"} <= set(READS)
    assert {"/api/v1/settings", "/logout"} <= set(CHANGES)
    router = (ROOT / "src" / "supervisor" / "publish" / "router.cc").read_text()
    endpoints = router[router.index("kEndpoints{") : router.index("bool IsEndpoint")]
    own = set(re.findall(r'"(/[^"]+)"', endpoints))
    brought = set()
    for file in (ROOT / "src" / "supervisor").rglob("*.cc"):
        if not file.name.endswith("_test.cc"):
            brought |= set(re.findall(r'\.path = "(/[^"]+)"', file.read_text()))
    families = {path for path in own | brought if path.endswith("/")}  # and then a name
    assert families <= {path.partition("{")[0] for path in OPENAPI["paths"]}
    missing = (own | brought) - families - set(READS) - set(CHANGES)
    assert not missing, "docs/openapi.yaml lacks some"


@pytest.mark.parametrize("path", sorted({*PAGES, *READS}))
def test_nothing_is_read_from_elsewhere_without_a_token(guarded: Guarded, path: str) -> None:
    for token in ("", "x", guarded.operator[:-1], guarded.reader + "x"):
        assert guarded.ask(path, token=token).status == 401
    browser = guarded.api.ask(path, headers=BROWSER)
    form = "/login" if path == "/" else f"/login?next={path}"
    to_form = browser.status == 303 and browser.headers["Location"] == form
    assert to_form if path in PAGES else browser.status == 401
    assert guarded.operator not in browser.text and guarded.reader not in browser.text


@pytest.mark.parametrize("path", PAGES)
def test_a_login_leads_to_the_page_that_was_wanted(guarded: Guarded, path: str) -> None:
    sent_there = guarded.api.ask(path, headers=BROWSER).headers["Location"]
    form = guarded.api.ask(sent_there, headers=BROWSER).text
    hidden = re.search(r'name="next" type="hidden" value="([^"]+)"', form)
    wanted = f"&next={quote(hidden[1], safe='')}" if hidden else ""
    answer = guarded.api.ask("/login", "POST", f"token={guarded.reader}{wanted}", FORM)
    assert (answer.status, answer.headers["Location"]) == (303, path)


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil",
        "/\\evil",
        "/%5Cevil",
        "%2F%2Fevil",
        "%252F%252Fevil",
        "https://evil.example/alerts",
        "/alerts/../../evil",
        "/alerts%0D%0ASet-Cookie:%20a=b",
        "/logout",
        "/api/v1/settings",
    ],
)
def test_a_login_leads_nowhere_else(guarded: Guarded, wanted: str) -> None:
    form = guarded.api.ask(f"/login?next={wanted}", headers=BROWSER)
    assert form.status == 200 and "next" not in form.text and "evil" not in form.text
    for value in (wanted, quote(wanted, safe="")):
        body = f"token={guarded.reader}&next={value}"
        answer = guarded.api.ask("/login", "POST", body, FORM)
        assert (answer.status, answer.headers["Location"]) == (303, "/")


@pytest.mark.parametrize("path", sorted({*PAGES, *READS} - {"/api/v1/stream"}))
def test_the_reader_reads_everything(guarded: Guarded, path: str) -> None:
    answer = guarded.ask(path, token=guarded.reader)
    assert answer.status == 200, answer.text
    assert guarded.operator not in answer.text and guarded.reader not in answer.text


@pytest.mark.parametrize("path", CHANGES)
def test_nothing_is_changed_without_the_operators_token(guarded: Guarded, path: str) -> None:
    assert guarded.ask(path, "POST").status == 401
    assert guarded.ask(path, "POST", token="x" * 64).status == 401
    if path != "/logout":
        refused = guarded.ask(path, "POST", token=guarded.reader)
        assert refused.status == 403
        assert "reader's token changes nothing" in refused.json["error"]
        session = guarded.log_in(guarded.reader)
        assert guarded.api.ask(path, "POST", "{}", {**JSON, **session}).status == 403


@pytest.mark.parametrize("path", CHANGES)
def test_a_change_by_cookie_needs_its_proof(guarded: Guarded, path: str) -> None:
    session = guarded.log_in(guarded.operator)
    other = guarded.log_in(guarded.operator)
    cookie = {"Cookie": session["Cookie"]}
    refused = [
        cookie,
        {**cookie, "X-Stirbar-CSRF": ""},
        {**cookie, "X-Stirbar-CSRF": session["X-Stirbar-CSRF"][:-1]},
        {**cookie, "X-Stirbar-CSRF": other["X-Stirbar-CSRF"]},
        {**session, "Origin": "http://elsewhere.example"},
        {**session, "Sec-Fetch-Site": "cross-site"},
        {**session, "Sec-Fetch-Site": "same-site"},
        {**session, "Origin": "null"},
    ]
    for headers in refused:
        answer = guarded.api.ask(path, "POST", "{}", {**JSON, **headers})
        assert answer.status == 403, headers
    if path != "/logout":  # a form of another site can send no JSON
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            answer = guarded.api.ask(path, "POST", "{}", {**session, "Content-Type": kind})
            assert answer.status == 415, kind
    # The session is still there, and with its proof it is heard.
    assert guarded.api.ask(path, "POST", "{}", {**JSON, **session}).status not in (401, 403, 415)


def test_a_session_ends_with_log_out(guarded: Guarded) -> None:
    session = guarded.log_in(guarded.operator)
    cookie = {"Cookie": session["Cookie"]}
    assert guarded.api.ask("/api/v1/session", headers=cookie).json["role"] == "operator"
    answer = guarded.api.ask("/logout", "POST", "{}", {**JSON, **session})
    assert answer.status == 200
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert guarded.api.ask("/api/v1/session", headers=cookie).status == 401
    assert guarded.api.ask("/api/v1/settings", "POST", "{}", {**JSON, **session}).status == 401


def test_cookies_are_out_of_reach_for_scripts_and_other_sites(guarded: Guarded) -> None:
    answer = guarded.api.ask("/login", "POST", f"token={guarded.reader}", FORM)
    flags = {flag.strip() for flag in answer.headers["Set-Cookie"].split(";")[1:]}
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= flags
    assert "Max-Age=43200" in flags


@pytest.mark.parametrize("path", ["/", "/settings", "/login", "/api/v1/settings"])
def test_a_page_loads_and_sends_nothing_elsewhere(guarded: Guarded, path: str) -> None:
    headers = guarded.ask(path, token=guarded.operator if path != "/login" else "").headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert "frame-ancestors 'self'" in policy or "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_who_guesses_has_to_wait_and_is_written_down(box: Sandbox) -> None:
    guarded = guard(box)  # a log of its own
    guarded.log_in(guarded.reader)
    session = guarded.log_in(guarded.operator)
    guarded.ask("/api/v1/settings", "POST", token=guarded.reader)
    for _ in range(5):
        assert guarded.api.ask("/login", "POST", "token=guess", FORM).status == 401
    slowed = guarded.api.ask("/login", "POST", f"token={guarded.operator}", FORM)
    assert slowed.status == 429
    assert 1 <= int(slowed.headers["Retry-After"]) <= 60
    # Who is in already goes on.
    body = json.dumps({"set": {"hang_limit": 61}})
    assert guarded.api.ask("/api/v1/settings", "POST", body, {**JSON, **session}).status == 200
    log = guarded.running.log
    for line in (
        "/login: logged in as operator, from 127.0.0.1",
        "/login: logged in as reader, from 127.0.0.1",
        "/login: a login was refused: that is not the token, from 127.0.0.1",
        "/api/v1/settings: a change was refused: the reader's token changes nothing",
        "hang_limit: 60 (default) -> 61 (runtime), by operator from 127.0.0.1",
    ):
        assert line in log, line
    assert guarded.operator not in log and guarded.reader not in log
    assert session["X-Stirbar-CSRF"] not in log
    assert session["Cookie"].partition("=")[2] not in log


def test_here_everybody_reads_and_nobody_changes_without_the_token(shared: Running) -> None:
    for path in ("/", "/settings", "/api/v1/settings", "/api/v1/snapshot"):
        assert shared.api.ask(path).status == 200
    assert shared.api.ask("/api/v1/session").json == {
        "role": "reader",
        "csrf": None,
        "can_log_in": True,
    }
    for path in CHANGES:
        if path != "/logout":
            assert shared.api.ask(path, "POST", "{}", JSON).status == 401
    rebound = {"Host": "elsewhere.example", **JSON}
    assert shared.api.ask("/api/v1/settings", "POST", "{}", rebound).status == 421
