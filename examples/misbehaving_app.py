"""A small shop that misbehaves on request: it leaks, hangs, holds the interpreter lock, and more.

One file serves as the demo (`make demo`), as the subject of tests and as the subject of benchmarks.
It is an ordinary Flask app that knows nothing of Stirbar:

    cd examples && stirbar run -- gunicorn -w 2 misbehaving_app:app

`/trouble` lists what it can do wrong; each is a POST to `/trouble/<kind>`. Run it on your
own machine only: anybody who reaches it can stop it.

Environment: DATABASE_URL (default: SQLite in a folder of yours under the temporary directory),
SECRET_KEY (signs the cart's cookie).
"""

from __future__ import annotations

import ctypes
import http.client
import os
import re
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import flask
from sqlalchemy import Connection, Engine, String, create_engine, event, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.schema import CreateTable
from sqlalchemy.sql import text
from werkzeug.exceptions import HTTPException

MEBIBYTE = 1 << 20
MOST_OF_ONE_ITEM = 20
FLOOD_CLIENTS = 40


class Base(DeclarativeBase):
    """The shop's tables."""


class Item(Base):
    """Something to buy. `shape` and `hue` say how its picture is drawn (templates/art.html)."""

    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    blurb: Mapped[str] = mapped_column(String(200))
    price_cents: Mapped[int]
    shape: Mapped[str] = mapped_column(String(12))
    hue: Mapped[int]


# (name, price in cents, shape, hue in degrees, blurb)
CATALOGUE = [
    ("Erlenmeyer carafe", 2900, "flask", 172, "Pours a litre of water, and never in a hurry."),
    ("Night-shift beaker", 1450, "beaker", 222, "Holds 400 ml of tea and your attention."),
    ("Round-bottom vase", 3800, "round", 338, "For one stem that leans the way it likes."),
    ("Test-tube spice rack", 4200, "tubes", 28, "Four spices, upright, labelled by hand."),
    (
        "Measuring cylinder",
        1900,
        "cylinder",
        196,
        "Exact to the millilitre, up to a quarter litre.",
    ),
    ("Dropper of patience", 990, "bottle", 262, "Oil, vinegar or vanilla, a drop at a time."),
    ("Sunday flask", 3100, "flask", 42, "Keeps a sauce warm for as long as the story takes."),
    ("Tall beaker", 1700, "beaker", 150, "Grissini, brushes, or a very upright drink."),
    ("Moon vase", 4600, "round", 208, "Hand-blown, so no two of them agree."),
    ("Herb tubes", 3600, "tubes", 118, "Cuttings root in the light of the window."),
    ("Half-litre cylinder", 2300, "cylinder", 350, "Dough is a matter of grams and of this."),
    ("Apothecary bottle", 1250, "bottle", 20, "Brown glass for what the sun must not see."),
]


class Shop:
    """The database of one process. Threads: any."""

    def __init__(self, url: str) -> None:
        self.engine: Engine = create_engine(url, pool_size=5, max_overflow=10, pool_timeout=5)
        if self.engine.dialect.name == "sqlite":
            # MariaDB has SLEEP(); SQLite gets one, so that a slow statement is the same on both.
            event.listen(
                self.engine, "connect", lambda raw, _: raw.create_function("sleep", 1, time.sleep)
            )

    def seed(self) -> None:
        """Make and fill the table. Workers that start at once race here; all of them win."""
        with self.engine.begin() as connection:
            connection.execute(CreateTable(Base.metadata.tables["items"], if_not_exists=True))
        fields = ("name", "price_cents", "shape", "hue", "blurb")
        rows = [
            {"id": i, **dict(zip(fields, row, strict=True))} for i, row in enumerate(CATALOGUE, 1)
        ]
        try:
            with self.engine.begin() as connection:
                if connection.execute(select(Item.id).limit(1)).first() is None:
                    connection.execute(insert(Item), rows)
        except IntegrityError:
            pass  # another worker was first: the primary keys let only one of us in
        self.engine.dispose()  # under --preload no open connection may be forked

    def items(self, words: str = "") -> list[Item]:
        """Every item whose name or blurb contains `words`."""
        found = Item.name.icontains(words, autoescape=True) | Item.blurb.icontains(
            words, autoescape=True
        )
        with Session(self.engine) as session:
            return list(session.scalars(select(Item).where(found).order_by(Item.id)))

    def item(self, item_id: int) -> Item:
        """One item, or 404."""
        with Session(self.engine) as session:
            return session.get(Item, item_id) or flask.abort(404, f"There is no item {item_id}.")


def number(name: str, default: float, lowest: float, highest: float) -> float:
    """Parameter `name` of the form or the query; 400, naming the allowed range, when outside."""
    raw = flask.request.values.get(name, "")
    try:
        value = float(raw) if raw else default
    except ValueError:
        value = float("nan")
    if not lowest <= value <= highest:
        allowed = f"a number from {lowest:g} to {highest:g}"
        flask.abort(400, f"{name}={raw[:40]!r} is not allowed; it takes {allowed}.")
    return value


def whole(name: str, default: int, lowest: float, highest: int) -> int:
    """Like number(), for a whole number."""
    value = number(name, default, lowest, highest)
    if value != int(value):
        allowed = f"a whole number from {lowest:g} to {highest}"
        flask.abort(400, f"{name}={value:g} is not allowed; it takes {allowed}.")
    return int(value)


# --- Troubles -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parameter:
    """A number that a trouble takes."""

    name: str
    default: int
    lowest: float
    highest: int
    unit: str


def seconds(default: int) -> Parameter:
    """How long a trouble lasts: at most ten minutes."""
    return Parameter("seconds", default, 0.01, 600, "s")


@dataclass(frozen=True)
class Trouble:
    """A way to misbehave: takes its parameter's value and says what it did."""

    run: Callable[[float], str]
    parameter: Parameter | None = None


class Timespec(ctypes.Structure):
    """struct timespec."""

    _fields_ = (("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long))


class Troubles:
    """All the ways to misbehave. Owns what they keep on purpose: memory and connections."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.leaked: list[bytearray] = []
        self.held: list[Connection] = []

    def leak(self, megabytes: float) -> str:
        # Filled with ones: untouched zero pages would not count as resident.
        self.leaked += (bytearray(b"\x01") * MEBIBYTE for _ in range(int(megabytes)))
        return (
            f"Leaked {megabytes:g} MiB; this worker now keeps {len(self.leaked)} MiB for nothing."
        )

    def hang(self, duration: float) -> str:
        time.sleep(duration)
        return f"Slept {duration:g} s."

    def lock(self, duration: float) -> str:
        # PyDLL, unlike CDLL, keeps the interpreter lock during a call. Waiting for a mutex that
        # this thread holds already, unlike a sleep, is ended by no signal.
        libc = ctypes.PyDLL(None)
        mutex = ctypes.create_string_buffer(64)  # zeros: PTHREAD_MUTEX_INITIALIZER
        until = time.time() + duration
        deadline = Timespec(int(until), int(until % 1 * 1e9))
        libc.pthread_mutex_lock(mutex)
        libc.pthread_mutex_timedlock(mutex, ctypes.byref(deadline))
        return f"Held the interpreter lock {duration:g} s."

    def spin(self, duration: float) -> str:
        end = time.monotonic() + duration
        turns = 0
        while time.monotonic() < end:
            turns += 1
        return f"Turned {turns:,} times in {duration:g} s."

    def slow_database(self, duration: float) -> str:
        with self.shop.engine.connect() as connection:
            connection.execute(text("SELECT sleep(:seconds)"), {"seconds": duration})
        return f"One statement ran {duration:g} s."

    def hold_connection(self, count: float) -> str:
        for _ in range(int(count)):
            self.held.append(self.shop.engine.connect())
        return (
            f"Took {count:g} connections; this worker keeps {len(self.held)} and gives none back."
        )

    def flood(self, duration: float) -> str:
        # Only ever to this machine and to the port that the request came in by.
        port = int(flask.request.environ["SERVER_PORT"])
        work = (port, time.monotonic() + duration)
        for i in range(FLOOD_CLIENTS):
            threading.Thread(
                target=ask_for_the_catalogue, args=work, name=f"flood-{i}", daemon=True
            ).start()
        return (
            f"{FLOOD_CLIENTS} clients ask for the catalogue, as fast as they can, {duration:g} s."
        )

    def regex(self, length: float) -> str:
        began = time.monotonic()
        re.match(r"(a+)+$", "a" * int(length) + "!")
        return f"Matching {length:g} letters took {time.monotonic() - began:.1f} s."

    def error(self, _: float) -> NoReturn:
        raise RuntimeError("the stock room is on fire (you asked for an error)")

    def recv(self, duration: float) -> str:
        ours, theirs = socket.socketpair()
        threading.Timer(duration, theirs.close).start()
        with ours:
            ours.recv(1)
        return f"Waited {duration:g} s for a byte that never came."

    def deadlock(self, _: float) -> NoReturn:
        left, right = threading.Lock(), threading.Lock()
        both_hold_one = threading.Barrier(2)

        def take(first: threading.Lock, second: threading.Lock) -> None:
            with first:
                both_hold_one.wait()
                second.acquire()

        threading.Thread(target=take, args=(right, left), name="deadlock", daemon=True).start()
        take(left, right)
        raise AssertionError("a deadlock ended")

    def exit(self, _: float) -> NoReturn:
        os._exit(1)

    def release(self, _: float) -> str:
        megabytes, connections = len(self.leaked), len(self.held)
        self.leaked.clear()
        while self.held:
            self.held.pop().close()
        return f"Gave back {megabytes} MiB and {connections} connections."

    def by_kind(self) -> dict[str, Trouble]:
        """What `/trouble/<kind>` does; templates/trouble.html explains each kind."""
        return {
            "leak": Trouble(self.leak, Parameter("megabytes", 64, 1, 512, "MiB")),
            "hang": Trouble(self.hang, seconds(20)),
            "lock": Trouble(self.lock, seconds(10)),
            "spin": Trouble(self.spin, seconds(10)),
            "slow-database": Trouble(self.slow_database, seconds(10)),
            "hold-connection": Trouble(
                self.hold_connection, Parameter("count", 5, 1, 15, "connections")
            ),
            "flood": Trouble(self.flood, seconds(15)),
            "regex": Trouble(self.regex, Parameter("length", 26, 1, 36, "letters")),
            "error": Trouble(self.error),
            "recv": Trouble(self.recv, seconds(10)),
            "deadlock": Trouble(self.deadlock),
            "exit": Trouble(self.exit),
            "release": Trouble(self.release),
        }


def ask_for_the_catalogue(port: int, end: float) -> None:
    """One client of the flood, until `end` on the monotonic clock."""
    while time.monotonic() < end:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
        finally:
            connection.close()


# --- The app --------------------------------------------------------------------------------------


def default_database_url() -> str:
    """SQLite in a folder that only this user can read; the same for every worker."""
    folder = Path(tempfile.gettempdir()) / f"misbehaving-shop-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.lstat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to somebody else; set DATABASE_URL")
    return f"sqlite:///{folder / 'shop.db'}"


def wants_html() -> bool:
    """Whether a browser's page asks, rather than a program."""
    return (
        flask.request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"
    )


def create_app(database_url: str | None = None) -> flask.Flask:
    """The shop on `database_url` (default: DATABASE_URL, else SQLite in a folder of its own)."""
    app = flask.Flask(__name__)
    app.secret_key = os.environ.get("SECRET_KEY", "for a demo on your own machine, not a secret")
    app.config["SESSION_COOKIE_SAMESITE"] = "Lax"
    shop = Shop(database_url or os.environ.get("DATABASE_URL") or default_database_url())
    shop.seed()
    add_shop(app, shop)
    add_troubles(app, Troubles(shop))
    add_plain_routes(app, shop)

    @app.template_filter()
    def money(cents: int) -> str:
        return f"€ {cents / 100:.2f}"

    @app.context_processor
    def every_page() -> dict[str, object]:
        return {"cart_count": sum(flask.session.get("cart", {}).values()), "pid": os.getpid()}

    @app.errorhandler(HTTPException)
    def say_what_is_wrong(error: HTTPException) -> flask.typing.ResponseReturnValue:
        code = error.code or 500
        if wants_html():
            return flask.render_template(
                "error.html", code=code, name=error.name, text=error.description
            ), code
        return {"error": error.description}, code

    return app


def add_shop(app: flask.Flask, shop: Shop) -> None:
    """The pages that a customer sees."""

    @app.get("/")
    def catalogue() -> str:
        return flask.render_template("catalogue.html", items=shop.items())

    @app.get("/search")
    def search() -> str:
        words = flask.request.args.get("q", "").strip()
        if len(words) > 100:
            flask.abort(400, f"q has {len(words)} characters; it takes at most 100.")
        return flask.render_template(
            "catalogue.html", items=shop.items(words), words=words, searched=True
        )

    @app.get("/item/<int:item_id>")
    def item(item_id: int) -> str:
        return flask.render_template("item.html", item=shop.item(item_id), most=MOST_OF_ONE_ITEM)

    @app.get("/cart")
    def cart() -> str:
        counts: dict[str, int] = flask.session.get("cart", {})
        lines = [
            (found, counts[str(found.id)]) for found in shop.items() if str(found.id) in counts
        ]
        total = sum(found.price_cents * count for found, count in lines)
        return flask.render_template("cart.html", lines=lines, total=total, most=MOST_OF_ONE_ITEM)

    @app.post("/cart")
    def put_in_cart() -> flask.typing.ResponseReturnValue:
        found = shop.item(whole("item_id", 0, 1, 1_000_000))
        count = whole("quantity", 1, 0, MOST_OF_ONE_ITEM)
        counts: dict[str, int] = dict(flask.session.get("cart", {}))
        counts.pop(str(found.id), None)
        if count:
            counts[str(found.id)] = count
        flask.session["cart"] = counts
        return flask.redirect(flask.url_for("cart"), 303)


def add_troubles(app: flask.Flask, troubles: Troubles) -> None:
    """The page of troubles, and what its buttons do."""
    by_kind = troubles.by_kind()
    stirbar_page = os.environ.get("STIRBAR_LISTEN", "127.0.0.1:8800")

    @app.get("/trouble")
    def trouble_page() -> str:
        return flask.render_template("trouble.html", troubles=by_kind, stirbar_page=stirbar_page)

    @app.post("/trouble/<kind>")
    def make_trouble(kind: str) -> flask.typing.ResponseReturnValue:
        trouble = by_kind.get(kind)
        if trouble is None:
            flask.abort(404, f"There is no trouble {kind!r}; there are {', '.join(by_kind)}.")
        if flask.request.headers.get("Sec-Fetch-Site") == "cross-site":
            flask.abort(403, "Another site's page may not press these buttons.")
        value = 0.0
        if takes := trouble.parameter:
            read = number if takes.name == "seconds" else whole
            value = read(takes.name, takes.default, takes.lowest, takes.highest)
        done = trouble.run(value)
        if wants_html():
            flask.flash(done)
            return flask.redirect(flask.url_for("trouble_page"), 303)
        return {"kind": kind, "done": done, "pid": os.getpid()}


def add_plain_routes(app: flask.Flask, shop: Shop) -> None:
    """Routes for programs: benchmarks, tests and scripts."""

    @app.get("/ping")
    def ping() -> str:
        return "pong"

    @app.get("/sql")
    def sql() -> str:
        with Session(shop.engine) as session:
            names = [session.scalar(select(Item.name).where(Item.id == i)) for i in range(1, 6)]
        return ", ".join(name or "" for name in names)

    @app.get("/api/items")
    def api_items() -> flask.typing.ResponseReturnValue:
        fields = ("id", "name", "blurb", "price_cents")
        return {
            "items": [{name: getattr(found, name) for name in fields} for found in shop.items()]
        }

    @app.get("/stream")
    def stream() -> flask.Response:
        chunks = whole("chunks", 20, 1, 1000)
        delay = number("delay", 0.1, 0, 10)

        def body() -> Iterator[str]:
            for i in range(1, chunks + 1):
                yield f"chunk {i} of {chunks}\n"
                if i < chunks:
                    time.sleep(delay)

        return flask.Response(body(), mimetype="text/plain")


app = create_app()
