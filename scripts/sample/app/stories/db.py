"""A small connection pool that survives a restarted, renamed or replaced database."""
import threading
from contextlib import contextmanager

import psycopg2
import psycopg2.errors
import psycopg2.extras

LOST = (psycopg2.OperationalError, psycopg2.InterfaceError)
NO_TABLES = (psycopg2.errors.UndefinedTable, psycopg2.errors.UndefinedObject, psycopg2.errors.InvalidSchemaName)


class Unavailable(Exception):
    """The answer is 503: what is missing, and what would help."""

    def __init__(self, reason, hint):
        super().__init__(reason)
        self.reason, self.hint = reason, hint


class Database:
    MAX = 10

    def __init__(self, url):
        self.url = url
        self._idle = []
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(self.MAX)

    @property
    def idle(self):
        return len(self._idle)

    @property
    def in_use(self):
        return self.MAX - self._places._value

    def _connect(self):
        return psycopg2.connect(
            self.url,
            connect_timeout=2,
            tcp_user_timeout=5000,  # a host that vanished is noticed after 5 s, not after the kernel's 15 minutes
            application_name="1001-stories",
            options="-c statement_timeout=5000",
            cursor_factory=psycopg2.extras.RealDictCursor,
        )

    def _take(self):
        with self._lock:
            if self._idle:
                return self._idle.pop(), False
        return self._connect(), True

    def _drop_idle(self):
        with self._lock:
            stale, self._idle = self._idle, []
        for connection in stale:
            connection.close()

    @contextmanager
    def _place(self):
        if not self._places.acquire(timeout=2):
            raise Unavailable("all database connections are busy", "try again in a moment")
        try:
            yield
        finally:
            self._places.release()

    def run(self, work):
        """Runs work(cursor) in a transaction. A pooled connection that turns out dead is replaced by a new one, once:
        everything here may safely be done twice."""
        with self._place():
            while True:
                try:
                    connection, fresh = self._take()
                except LOST as error:
                    raise Unavailable("the database does not answer", str(error).strip().splitlines()[0]) from error
                try:
                    with connection, connection.cursor() as cursor:
                        result = work(cursor)
                except NO_TABLES as error:
                    self._give_back(connection)
                    raise Unavailable("the database has no tables yet", "load the data, then try again") from error
                except LOST as error:
                    connection.close()
                    self._drop_idle()
                    if fresh or isinstance(error, psycopg2.errors.QueryCanceled):
                        raise Unavailable("the database does not answer", str(error).strip().splitlines()[0]) from error
                    continue
                except Exception:
                    self._give_back(connection)
                    raise
                self._give_back(connection)
                return result

    def _give_back(self, connection):
        if connection.closed:
            return
        with self._lock:
            self._idle.append(connection)

    def all(self, sql, *values):
        def work(cursor):
            cursor.execute(sql, values)
            return [dict(row) for row in cursor.fetchall()]

        return self.run(work)

    def one(self, sql, *values):
        rows = self.all(sql, *values)
        return rows[0] if rows else None

    def execute(self, sql, *values):
        self.run(lambda cursor: cursor.execute(sql, values))

    def ping(self):
        self.run(lambda cursor: cursor.execute("SELECT 1"))
