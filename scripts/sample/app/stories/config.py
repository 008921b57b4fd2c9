"""The environment, read once."""
import os
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

# Prisma puts settings of its own into DATABASE_URL; libpq refuses what it does not know.
PRISMA_ONLY = {"schema", "connection_limit", "pool_timeout", "pgbouncer", "socket_timeout", "statement_cache_size"}


def flag(name):
    return os.environ.get(name, "").strip().lower() in ("1", "true", "yes", "on")


def libpq_url(url):
    parts = urlsplit(url)
    query = [(key, value) for key, value in parse_qsl(parts.query) if key not in PRISMA_ONLY]
    return urlunsplit(parts._replace(query=urlencode(query)))


@dataclass(frozen=True)
class Config:
    database_url: str
    redis_url: str
    environment: str
    public_url: str
    role_migration_mode: bool
    universal_dashboard: bool
    role_selection_disabled: bool
    version: str
    commit: str

    @classmethod
    def from_environment(cls):
        return cls(
            database_url=libpq_url(os.environ.get("DATABASE_URL", "")),
            redis_url=os.environ.get("REDIS_URL", ""),
            environment=os.environ.get("NODE_ENV", "production"),
            public_url=os.environ.get("NEXTAUTH_URL", "http://localhost:3000"),
            role_migration_mode=flag("ROLE_MIGRATION_MODE"),
            universal_dashboard=flag("ENABLE_UNIVERSAL_DASHBOARD"),
            role_selection_disabled=flag("DISABLE_ROLE_SELECTION"),
            version=os.environ.get("APP_VERSION", "0.0.0"),
            commit=os.environ.get("GIT_COMMIT", "unknown"),
        )
