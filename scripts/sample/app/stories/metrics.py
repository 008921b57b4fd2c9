"""What Prometheus reads at /metrics."""
import time

from flask import Response, current_app, g, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Gauge, Histogram, generate_latest

REQUESTS = Counter("http_requests_total", "Requests answered.", ["method", "route", "status"])
DURATION = Histogram(
    "http_request_duration_seconds", "Time to answer a request.", ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
CACHE = Counter("stories_cache_requests_total", "Look-ups in the cache.", ["result"])
ROLES = Gauge("stories_users_by_role", "Users per role.", ["role"])
POOL = Gauge("stories_db_pool_connections", "Connections of the pool.", ["state"])
POOL_MAX = Gauge("stories_db_pool_max_connections", "The most connections the pool opens.")
DATABASE_UP = Gauge("stories_database_up", "1 if the last look at the database succeeded.")
INFO = Gauge("stories_build_info", "1, with the version as labels.", ["version", "commit", "environment"])


def install(app):
    config = app.extensions["stories"]
    database = app.extensions["database"]
    INFO.labels(config.version, config.commit, config.environment).set(1)
    POOL_MAX.set(database.MAX)
    POOL.labels("idle").set_function(lambda: database.idle)
    POOL.labels("in_use").set_function(lambda: database.in_use)
    for result in ("hit", "miss", "error"):
        CACHE.labels(result)

    @app.before_request
    def start():
        g.started = time.perf_counter()

    @app.after_request
    def count(response):
        # The route's pattern, not the path: an id in a label would make a series per story.
        route = request.url_rule.rule if request.url_rule else "unmatched"
        REQUESTS.labels(request.method, route, response.status_code).inc()
        DURATION.labels(request.method, route).observe(time.perf_counter() - g.started)
        return response

    @app.get("/metrics")
    def metrics():
        count_roles(current_app.extensions["database"])
        return Response(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)


def count_roles(database):
    try:
        rows = database.all('SELECT role::text AS role, count(*) AS users FROM "User" GROUP BY 1')
        DATABASE_UP.set(1)
    except Exception:  # a database that is away or empty must not take the other metrics with it
        rows = []
        try:
            database.ping()
            DATABASE_UP.set(1)
        except Exception:
            DATABASE_UP.set(0)
    ROLES.clear()  # a role that a migration removed must not linger
    for row in rows:
        ROLES.labels(row["role"]).set(row["users"])
