"""One JSON line per request on stdout, with the request id the proxy passed in. No query strings, no bodies: they hold
people's data."""
import json
import re
import sys
import time
import uuid
from datetime import datetime, timezone

from flask import g, request

SAFE_ID = re.compile(r"^[A-Za-z0-9._:-]{1,128}$")


def install(app):
    environment = app.extensions["stories"].environment

    @app.before_request
    def begin():
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if SAFE_ID.match(given) else uuid.uuid4().hex
        g.log_started = time.perf_counter()

    @app.after_request
    def end(response):
        response.headers["X-Request-ID"] = g.request_id
        line = {
            "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            "level": "error" if response.status_code >= 500 else "info",
            "environment": environment,
            "request_id": g.request_id,
            "method": request.method,
            "path": request.path,
            "status": response.status_code,
            "duration_ms": round((time.perf_counter() - g.log_started) * 1000, 2),
            "user_agent": request.headers.get("User-Agent", "")[:200],
        }
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
        sys.stdout.flush()
        return response
