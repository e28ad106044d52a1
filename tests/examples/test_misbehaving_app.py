"""The shop's harmless routes, and what its troubles refuse. That they hurt is seen elsewhere."""

from __future__ import annotations

import importlib
import multiprocessing
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from flask.testing import FlaskClient

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def shop_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The module, imported with its database in a folder of this test."""
    folder = tmp_path_factory.mktemp("shop")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", f"sqlite:///{folder / 'shop.db'}")
        sys.modules.pop("misbehaving_app", None)
        yield importlib.import_module("misbehaving_app")
    sys.modules.pop("misbehaving_app", None)


@pytest.fixture
def client(shop_module: ModuleType) -> FlaskClient:
    return shop_module.app.test_client()


def test_never_imports_stirbar(shop_module: ModuleType) -> None:
    source = Path(str(shop_module.__file__)).read_text()
    assert "import stirbar" not in source
    assert "from stirbar" not in source


def test_catalogue_shows_every_item(client: FlaskClient, shop_module: ModuleType) -> None:
    page = client.get("/").text
    for name, *_ in shop_module.CATALOGUE:
        assert name in page


def test_item_page(client: FlaskClient) -> None:
    assert "€ 14.50" in client.get("/item/2").text


def test_unknown_item_is_404(client: FlaskClient) -> None:
    assert client.get("/item/999").status_code == 404
    answer = client.get("/item/999", headers=HTML)
    assert answer.status_code == 404
    assert "There is no item 999." in answer.text


@pytest.mark.parametrize(
    ("words", "found"), [("vase", 2), ("VASE", 2), ("", 12), ("%", 0), ("_", 0), ("'; --", 0)]
)
def test_search(client: FlaskClient, words: str, found: int) -> None:
    answer = client.get("/search", query_string={"q": words})
    assert answer.text.count('class="card"') == found


def test_search_escapes_what_it_shows(client: FlaskClient) -> None:
    page = client.get("/search", query_string={"q": "<script>alert(1)</script>"}).text
    assert "<script>alert" not in page


def test_search_refuses_long_words(client: FlaskClient) -> None:
    answer = client.get("/search", query_string={"q": "x" * 101})
    assert answer.status_code == 400
    assert "at most 100" in answer.json["error"]


def test_cart_is_kept_in_the_session(client: FlaskClient) -> None:
    assert "Nothing in it yet" in client.get("/cart").text
    answer = client.post("/cart", data={"item_id": 2, "quantity": 3})
    assert (answer.status_code, answer.location) == (303, "/cart")
    assert "€ 43.50" in client.get("/cart").text
    client.post("/cart", data={"item_id": 2, "quantity": 0})
    assert "Nothing in it yet" in client.get("/cart").text


@pytest.mark.parametrize(
    "form",
    [{}, {"item_id": "x"}, {"item_id": 1, "quantity": 21}, {"item_id": 1, "quantity": 1.5}],
)
def test_cart_refuses_bad_numbers(client: FlaskClient, form: dict[str, object]) -> None:
    answer = client.post("/cart", data=form)
    assert answer.status_code == 400
    assert "it takes a" in answer.json["error"]


def test_plain_routes(client: FlaskClient) -> None:
    assert client.get("/ping").data == b"pong"
    assert client.get("/sql").text.count(",") == 4
    items = client.get("/api/items").json["items"]
    assert len(items) == 12
    assert set(items[0]) == {"id", "name", "blurb", "price_cents"}


def test_stream_sends_each_chunk(client: FlaskClient) -> None:
    answer = client.get("/stream", query_string={"chunks": 3, "delay": 0})
    assert list(answer.iter_encoded()) == [b"chunk %d of 3\n" % i for i in (1, 2, 3)]


@pytest.mark.parametrize(
    "query", [{"chunks": 0}, {"chunks": 1001}, {"delay": -1}, {"delay": "nan"}]
)
def test_stream_refuses_what_is_out_of_range(client: FlaskClient, query: dict[str, object]) -> None:
    assert client.get("/stream", query_string=query).status_code == 400


def test_page_explains_every_trouble(client: FlaskClient, shop_module: ModuleType) -> None:
    page = client.get("/trouble").text
    kinds = shop_module.Troubles(shop=None).by_kind()
    assert len(kinds) == 13
    for kind in kinds:
        assert f'action="/trouble/{kind}"' in page


@pytest.mark.parametrize("kind", ["hang", "lock", "spin", "slow-database", "recv"])
def test_short_troubles_end(client: FlaskClient, kind: str) -> None:
    answer = client.post(f"/trouble/{kind}", data={"seconds": 0.02})
    assert answer.status_code == 200
    assert answer.json["kind"] == kind


def test_leak_and_hold_are_given_back(client: FlaskClient) -> None:
    assert "keeps 1 MiB" in client.post("/trouble/leak", data={"megabytes": 1}).json["done"]
    assert "keeps 2" in client.post("/trouble/hold-connection", data={"count": 2}).json["done"]
    done = client.post("/trouble/release").json["done"]
    assert done == "Gave back 1 MiB and 2 connections."


def test_regex_of_few_letters_ends(client: FlaskClient) -> None:
    assert client.post("/trouble/regex", data={"length": 5}).status_code == 200


def test_error_is_a_500(client: FlaskClient) -> None:
    assert client.post("/trouble/error").status_code == 500


def test_browser_without_script_comes_back_to_the_page(client: FlaskClient) -> None:
    answer = client.post("/trouble/hang", data={"seconds": 0.01}, headers=HTML)
    assert (answer.status_code, answer.location) == (303, "/trouble")
    assert "Slept 0.01 s." in client.get("/trouble").text


@pytest.mark.parametrize(
    ("kind", "form", "allowed"),
    [
        ("hang", {"seconds": 601}, "a number from 0.01 to 600"),
        ("lock", {"seconds": -1}, "a number from 0.01 to 600"),
        ("spin", {"seconds": "long"}, "a number from 0.01 to 600"),
        ("leak", {"megabytes": 513}, "a number from 1 to 512"),
        ("leak", {"megabytes": 1.5}, "a whole number from 1 to 512"),
        ("hold-connection", {"count": 0}, "a number from 1 to 15"),
        ("regex", {"length": 37}, "a number from 1 to 36"),
    ],
)
def test_troubles_refuse_what_is_out_of_range(
    client: FlaskClient, kind: str, form: dict[str, object], allowed: str
) -> None:
    answer = client.post(f"/trouble/{kind}", data=form)
    assert answer.status_code == 400
    assert allowed in answer.json["error"]


def test_unknown_trouble_is_404_and_names_the_known(client: FlaskClient) -> None:
    answer = client.post("/trouble/meteor")
    assert answer.status_code == 404
    assert "slow-database" in answer.json["error"]


def test_troubles_need_a_post_from_the_same_site(client: FlaskClient) -> None:
    assert client.get("/trouble/leak").status_code == 405
    other_site = {"Sec-Fetch-Site": "cross-site"}
    assert client.post("/trouble/leak", headers=other_site).status_code == 403


def seed(url: str, gate: multiprocessing.synchronize.Barrier) -> None:
    from misbehaving_app import Shop

    shop = Shop(url)
    gate.wait()
    shop.seed()


def test_workers_that_start_at_once_seed_once(shop_module: ModuleType, tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    gate = context.Barrier(6)
    url = f"sqlite:///{tmp_path / 'new.db'}"
    workers = [context.Process(target=seed, args=(url, gate)) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert [worker.exitcode for worker in workers] == [0] * 6
    with sqlite3.connect(tmp_path / "new.db") as connection:
        assert connection.execute("SELECT count(*) FROM items").fetchone() == (12,)
