"""The JSON routes."""
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong

import bcrypt
import redis
from flask import Blueprint, current_app, jsonify, request

from .cache import SESSION_SECONDS, STORY_SECONDS
from .db import Unavailable

blueprint = Blueprint("api", __name__, url_prefix="/api")
# One pool each: checks that hang on one dependency must not delay the check of the other.
checkers = {name: ThreadPoolExecutor(max_workers=4, thread_name_prefix=name) for name in ("database", "redis")}
CHECK_SECONDS = 3
COOKIE = "stories_session"


def database():
    return current_app.extensions["database"]


def cache():
    return current_app.extensions["cache"]


def settings():
    return current_app.extensions["stories"]


@blueprint.get("/health")
def health():
    """Connectivity only: an empty database is healthy. In threads, because a name look-up obeys no timeout."""
    pings = {"database": database().ping, "redis": cache().ping}
    pending = {name: checkers[name].submit(ping) for name, ping in pings.items()}
    checks = {}
    for name, check in pending.items():
        try:
            check.result(timeout=CHECK_SECONDS)
            checks[name] = "ok"
        except TookTooLong:
            checks[name] = f"no answer within {CHECK_SECONDS} s"
        except Unavailable as error:
            checks[name] = error.reason
        except redis.RedisError:
            checks[name] = "redis does not answer"
    healthy = all(state == "ok" for state in checks.values())
    body = jsonify(status="ok" if healthy else "degraded", checks=checks, version=settings().version)
    body.headers["Cache-Control"] = "no-store"
    return body, 200 if healthy else 503


@blueprint.get("/version")
def version():
    return jsonify(version=settings().version, commit=settings().commit, environment=settings().environment)


@blueprint.get("/stories")
def stories():
    limit = min(max(request.args.get("limit", 20, type=int), 1), 100)
    rows = database().all(
        'SELECT s.id, s.title, s.slug, s.tags, s."publishedAt", u.name AS author FROM "Story" s'
        ' JOIN "User" u ON u.id = s."authorId" WHERE s.status = \'PUBLISHED\''
        ' ORDER BY s."publishedAt" DESC, s.id LIMIT %s', limit)
    return jsonify(stories=[with_dates(row) for row in rows])


@blueprint.get("/stories/<story_id>")
def story(story_id):
    def load():
        row = database().one(
            'SELECT s.id, s.title, s.slug, s.content, s.tags, s."publishedAt", s."authorId", u.name AS author'
            ' FROM "Story" s JOIN "User" u ON u.id = s."authorId" WHERE s.id = %s', story_id)
        return with_dates(row) if row else None

    found = cache().remember(f"cache:story:{story_id}", STORY_SECONDS, load)
    return jsonify(found) if found else (jsonify(error="no such story", id=story_id), 404)


@blueprint.get("/users/<user_id>")
def user(user_id):
    row = database().one('SELECT id, name, role::text AS role, profile->>\'bio\' AS bio, "createdAt" FROM "User" WHERE id = %s', user_id)
    return jsonify(with_dates(row)) if row else (jsonify(error="no such user", id=user_id), 404)


@blueprint.get("/stats")
def stats():
    roles = database().all('SELECT role::text AS role, count(*) AS users FROM "User" GROUP BY 1 ORDER BY 1')
    counts = database().one(
        'SELECT (SELECT count(*) FROM "Story") AS stories, (SELECT count(*) FROM "UserStory") AS "userStories",'
        ' (SELECT count(*) FROM "Order") AS orders, (SELECT count(*) FROM "Donation") AS donations')
    return jsonify(usersByRole={row["role"]: row["users"] for row in roles}, **counts)


@blueprint.post("/auth/login")
def login():
    body = request.get_json(silent=True) or {}
    email, password = body.get("email"), body.get("password")
    if not isinstance(email, str) or not isinstance(password, str):
        return jsonify(error="email and password are required"), 400
    row = database().one(
        'SELECT id, name, email, role::text AS role, "passwordHash" FROM "User" WHERE lower(email) = lower(%s)', email)
    if not row or not password_fits(password, row.pop("passwordHash")):
        return jsonify(error="wrong email or password"), 401
    try:
        token = cache().open_session(row)
    except redis.RedisError as error:
        raise Unavailable("sessions are not available", "redis does not answer") from error
    answer = jsonify(user={"id": row["id"], "name": row["name"], "role": row["role"]}, token=token)
    answer.set_cookie(COOKIE, token, max_age=SESSION_SECONDS, httponly=True, samesite="Lax",
                      secure=settings().public_url.startswith("https://"))
    return answer


@blueprint.post("/stories/<story_id>/progress")
def progress(story_id):
    who = session_user()
    if not who:
        return jsonify(error="log in first"), 401
    value = (request.get_json(silent=True) or {}).get("progress")
    if not isinstance(value, int) or not 0 <= value <= 100:
        return jsonify(error="progress is a whole number from 0 to 100"), 400
    if not database().one('SELECT 1 AS found FROM "Story" WHERE id = %s', story_id):
        return jsonify(error="no such story", id=story_id), 404
    database().execute(
        'INSERT INTO "UserStory" ("userId", "storyId", progress) SELECT id, %s, %s FROM "User" WHERE id = %s'
        ' ON CONFLICT ("userId", "storyId") DO UPDATE SET progress = excluded.progress', story_id, value, who["id"])
    return jsonify(storyId=story_id, progress=value)


def session_user():
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    token = bearer if scheme.lower() == "bearer" else request.cookies.get(COOKIE)
    try:
        found = cache().session(token)
    except (redis.RedisError, ValueError) as error:
        raise Unavailable("sessions are not available", "redis does not answer") from error
    return found if isinstance(found, dict) and "id" in found else None


def password_fits(password, stored):
    try:
        return bcrypt.checkpw(password.encode()[:72], (stored or "").encode())
    except ValueError:  # a masked or foreign hash is no valid password
        return False


def with_dates(row):
    return {key: value.isoformat() + "Z" if hasattr(value, "isoformat") else value for key, value in row.items()}
