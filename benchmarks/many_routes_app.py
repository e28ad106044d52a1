"""A Flask app with as many routes as the environment variable ROUTES says: /r0, /r1, ..."""

import os

import flask

app = flask.Flask(__name__)


def hello() -> str:
    return "hello"


for i in range(int(os.environ.get("ROUTES", "200"))):
    app.add_url_rule(f"/r{i}", f"r{i}", hello)
