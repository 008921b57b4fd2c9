#!/usr/bin/env python3
"""Says of each of Prefect's revisions whether its down restores the schema, by pg_dump -s alone and without stagectl.

    witness.py DATABASE PREFECT < revisions > verdicts     the server stands in PGHOST, PGPORT, PGUSER, PGPASSWORD

Each revision is dumped before, taken, copied with CREATE DATABASE, taken back on the copy and dumped there. Prints a
revision on a line, its verdict (restores, order, differs, fails) and after it the lines that differ.
"""
import os
import re
import subprocess
import sys
from urllib.parse import quote

user, password = (quote(os.environ[name], safe="") for name in ("PGUSER", "PGPASSWORD"))
server = f"postgresql+asyncpg://{user}:{password}@{os.environ['PGHOST']}:{os.environ['PGPORT']}"


# Settings of the session, a random token, and a mark that some servers put on each column at its creation.
NOISE = r"SET |\\(un)?restrict |.* SET \(pg_attver=\d+\);"


def prefect(program, database, direction, revision):
    environment = os.environ | {"PREFECT_API_DATABASE_CONNECTION_URL": f"{server}/{database}"}
    command = [program, "server", "database", direction, "-y", "-r", revision]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def dump(database):
    # alembic's own book is no part of what a revision changes.
    command = ["pg_dump", "-s", "-T", "*.alembic_version", database]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [line for line in text.splitlines() if not re.match(NOISE, line)]


def without_order(lines):
    """The dump with the columns of each table sorted."""
    out, columns = [], None
    for line in lines:
        if columns is not None and line.startswith(")"):
            out += sorted(columns) + [line]
            columns = None
        elif columns is not None:
            columns.append(line.rstrip(","))
        else:
            out.append(line)
            columns = [] if re.match(r"CREATE (UNLOGGED )?TABLE .*\($", line) else None
    return out


def sql(statement):
    subprocess.run(["psql", "-qX", "-d", "postgres", "-c", statement], check=True)


def verdict(before, after, taken_back):
    if taken_back.returncode:
        said = (taken_back.stdout + taken_back.stderr).splitlines()
        return "fails", [line.strip() for line in said if "Error" in line][-1:]
    if before == after:
        return "restores", []
    before, after = without_order(before), without_order(after)
    gone = [f"- {line.strip()}" for line in before if line not in after]
    new = [f"+ {line.strip()}" for line in after if line not in before]
    return ("order", []) if before == after else ("differs", gone + new)


def main(database, program):
    previous, trial = "base", f"{database}_trial"
    before = dump(database)
    for revision in sys.stdin.read().split():
        taken = prefect(program, database, "upgrade", revision)
        if taken.returncode:
            sys.exit(f"{revision}: the upgrade stops: {taken.stdout[-2000:]}{taken.stderr[-2000:]}")
        sql(f'CREATE DATABASE "{trial}" TEMPLATE "{database}"')
        taken_back = prefect(program, trial, "downgrade", previous)
        word, lines = verdict(before, dump(trial), taken_back)
        print(revision, word, " | ".join(lines), sep="\t", flush=True)
        sql(f'DROP DATABASE "{trial}"')
        previous, before = revision, dump(database)


main(*sys.argv[1:])
