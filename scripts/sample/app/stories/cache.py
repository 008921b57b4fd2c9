"""Redis: cached rows and sessions. A cache that is down slows the application, it does not stop it."""
import json
import secrets

import redis

from . import metrics

SESSION_SECONDS = 7 * 24 * 3600
STORY_SECONDS = 300


class Cache:
    def __init__(self, url):
        self._redis = redis.Redis.from_url(
            url or "redis://localhost:6379/0",
            socket_connect_timeout=1,
            socket_timeout=1,
            decode_responses=True,
            health_check_interval=15,
        )

    def ping(self):
        self._redis.ping()

    def remember(self, key, seconds, load):
        """The cached value of key, or load()'s, which is cached unless it is None."""
        try:
            text = self._redis.get(key)
            if text is not None:
                metrics.CACHE.labels("hit").inc()
                return json.loads(text)
            metrics.CACHE.labels("miss").inc()
        except (redis.RedisError, ValueError):
            metrics.CACHE.labels("error").inc()
        value = load()
        if value is not None:
            try:
                self._redis.set(key, json.dumps(value, default=str), ex=seconds)
            except redis.RedisError:
                pass
        return value

    def open_session(self, user):
        token = secrets.token_hex(24)
        self._redis.set(f"session:{token}", json.dumps(user), ex=SESSION_SECONDS)
        return token

    def session(self, token):
        text = self._redis.get(f"session:{token}") if token else None
        return json.loads(text) if text else None
