#!/usr/bin/env python3
"""Says how long statements take at 8 times the rows and measures it: estimates.py WORK

Prints statement, milliseconds that were said, milliseconds that it took, error in percent, and the
range that was said. `test-migration` sees a database of 4 times BASE rows, and shrinks it itself.
The program stands in STAGECTL; the server in PGHOST, PGPORT, PGUSER, PGPASSWORD.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

BASE = 100_000
STATEMENTS = {
    "a rewrite": "ALTER TABLE items ALTER COLUMN stock TYPE bigint;",
    "a scan": "ALTER TABLE items ADD CONSTRAINT priced CHECK (price >= 0 AND length(name) < 100);",
    "an index build": "CREATE INDEX items_name ON items (name);",
    "an update": "UPDATE items SET state = 'closed' WHERE stock < 50;",
}
ROUNDS = 5


def psql(database, *commands):
    arguments = [part for command in commands for part in ("-c", command)]
    subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", database, *arguments], check=True, capture_output=True)


def build(database, rows):
    psql("postgres", f"DROP DATABASE IF EXISTS {database} WITH (FORCE)", f"CREATE DATABASE {database}")
    psql(database, "CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, price numeric NOT NULL, stock int NOT NULL, state text NOT NULL)",
         f"INSERT INTO items SELECT i, 'item ' || md5(i::text), i * 0.5, hashint4(i) & 127, 'open' FROM generate_series(1, {rows}) i",
         "VACUUM ANALYZE items")


def said(work):
    environment = os.environ
    url = f"postgresql://{environment['PGUSER']}:{environment['PGPASSWORD']}@{environment['PGHOST']}:{environment['PGPORT']}/small"
    (work / "up.sql").write_text("\n".join(STATEMENTS.values()) + "\n")
    done = subprocess.run([environment["STAGECTL"], "test-migration", "--database", url, "--up", str(work / "up.sql"),
                           "--production-rows", f"items={8 * BASE}", "--only", "performance", "--json"],
                          capture_output=True, text=True, cwd=work)
    try:
        estimates = json.loads(done.stdout)["estimates"]
    except (ValueError, KeyError):
        sys.exit(done.stderr)
    return {estimate["place"].rsplit(":", 1)[1]: estimate for estimate in estimates}


def took():
    """Median milliseconds of each statement at 8 times BASE rows, each round on a copy of its own."""
    times = {name: [] for name in STATEMENTS}
    build("large", 8 * BASE)
    for _ in range(ROUNDS):
        psql("postgres", "DROP DATABASE IF EXISTS large_copy WITH (FORCE)", "CREATE DATABASE large_copy TEMPLATE large")
        script = "SELECT count(*) FROM items;\n\\timing on\n" + "\n".join(STATEMENTS.values())
        done = subprocess.run(["psql", "-qXAt", "-v", "ON_ERROR_STOP=1", "-d", "large_copy"], input="BEGIN;\n" + script + "\nCOMMIT;\n",
                              check=True, capture_output=True, text=True)
        lines = [line for line in done.stdout.splitlines() if line.startswith("Time: ")]
        for name, line in zip(times, lines):
            times[name].append(float(line.split()[1]))
        time.sleep(0.5)
    return {name: statistics.median(measured) for name, measured in times.items()}


def main():
    work = pathlib.Path(sys.argv[1])
    build("small", 4 * BASE)
    estimates, real = said(work), took()
    for number, name in enumerate(STATEMENTS, 1):
        estimate = estimates.get(str(number))
        if estimate is None:
            print(name, "-", f"{real[name]:.0f}", "-", "-", "-", sep="\t")
            continue
        error = abs(estimate["ms"] - real[name]) / real[name] * 100
        print(name, f"{estimate['ms']:.0f}", f"{real[name]:.0f}", f"{error:.0f}", f"{estimate['low_ms']:.0f}", f"{estimate['high_ms']:.0f}", sep="\t")


main()
