"""1001 Stories: the sample application of the demo. Reads its whole configuration from the environment."""
from flask import Flask, jsonify, request

from . import api, metrics, pages, requestlog
from .cache import Cache
from .config import Config
from .db import Database, Unavailable


def create_app(config=None):
    config = config or Config.from_environment()
    app = Flask(__name__)
    app.json.sort_keys = False
    app.json.ensure_ascii = False
    app.extensions["stories"] = config
    app.extensions["database"] = Database(config.database_url)
    app.extensions["cache"] = Cache(config.redis_url)

    requestlog.install(app)
    metrics.install(app)
    app.register_blueprint(api.blueprint)
    app.register_blueprint(pages.blueprint)

    @app.after_request
    def cache_assets(response):
        # Assets carry a hash of their content in the URL, so they never change under it; without it a week.
        if request.endpoint == "static" and response.status_code in (200, 304):
            response.headers["Cache-Control"] = (
                "public, max-age=31536000, immutable" if "v" in request.args else "public, max-age=604800")
        return response

    @app.errorhandler(404)
    def not_found(_error):
        if request.path.startswith("/api/"):
            return jsonify(error="not found", path=request.path), 404
        return pages.error_page(404, "This story has not been written yet."), 404

    @app.errorhandler(405)
    def not_allowed(_error):
        return jsonify(error="method not allowed", path=request.path), 405

    @app.errorhandler(Unavailable)
    def unavailable(error):
        return jsonify(error=error.reason, hint=error.hint), 503

    return app
