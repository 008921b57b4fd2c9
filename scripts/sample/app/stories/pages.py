"""The pages, rendered on the server."""
import hashlib
from pathlib import Path

from flask import Blueprint, current_app, make_response, render_template, url_for

from .db import Unavailable

blueprint = Blueprint("pages", __name__)
STATIC = Path(__file__).parent / "static"
HASHES = {file.name: hashlib.sha256(file.read_bytes()).hexdigest()[:12] for file in STATIC.iterdir()}


def asset(name):
    return url_for("static", filename=name, v=HASHES[name])


def page(template, **values):
    config = current_app.extensions["stories"]
    answer = make_response(render_template(template, asset=asset, config=config, **values))
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def error_page(status, words):
    return page("error.html", status=status, words=words)


def labels(config):
    """While the roles migrate, learners are already called customers, whichever name the database holds."""
    return {"LEARNER": "Customers", "CUSTOMER": "Customers"} if config.role_migration_mode else {}


@blueprint.get("/")
def home():
    database = current_app.extensions["database"]
    config = current_app.extensions["stories"]
    stories, roles, missing = [], [], None
    try:
        stories = database.all(
            'SELECT s.id, s.title, left(s.content, 180) AS beginning, u.name AS author FROM "Story" s'
            ' JOIN "User" u ON u.id = s."authorId" WHERE s.status = \'PUBLISHED\''
            ' ORDER BY s."publishedAt" DESC, s.id LIMIT 12')
        if config.universal_dashboard:
            roles = database.all('SELECT role::text AS role, count(*) AS users FROM "User" GROUP BY 1 ORDER BY 2 DESC')
    except Unavailable as error:
        missing = error.reason
    return page("home.html", stories=stories, roles=roles, labels=labels(config), missing=missing)
