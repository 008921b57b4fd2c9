#!/usr/bin/env python3
"""The method that others use, over psql and pg_dump; the server stands in PGHOST, PGPORT, PGUSER, PGPASSWORD.

    peers.py stairway FOLDER DATABASE   up; pg_dump, up, down, pg_dump, up for each: prints the mean milliseconds of a migration
    peers.py faults FOLDER TOOL         the corpus with TOOL (pg_dump -s, or the dump of dbmate in DBMATE) before and after:
                                        prints kind, found, all, false alarms
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

TABLE = """CREATE TABLE t (id int PRIMARY KEY, a int, b text DEFAULT 'x');
INSERT INTO t VALUES (1, 1, 'one'), (2, 2, 'two'), (3, NULL, NULL);"""


def psql(database, sql=None, file=None):
    command = ["psql", "-qX1", "-v", "ON_ERROR_STOP=1", "-d", database]
    if file and "CONCURRENTLY" in file.read_text():
        command.remove("-qX1")
        command.insert(1, "-qX")
    command += ["-f", str(file)] if file else ["-c", sql]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode == 0, done.stderr


def administer(sql):
    """What no transaction may hold."""
    done = subprocess.run(["psql", "-qX", "-d", "postgres", "-c", sql], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{sql}: {done.stderr}")


def drop_case():
    # A database with a subscription cannot be dropped.
    found = subprocess.run(["psql", "-qXAt", "-d", "peer_case", "-c", "SELECT quote_ident(subname) FROM pg_subscription s JOIN pg_database d ON d.oid = subdbid WHERE datname = current_database()"],
                           capture_output=True, text=True)
    for name in found.stdout.split():
        for change in (f"ALTER SUBSCRIPTION {name} DISABLE", f"ALTER SUBSCRIPTION {name} SET (slot_name = NONE)", f"DROP SUBSCRIPTION {name}"):
            psql("peer_case", change)
    administer("DROP DATABASE IF EXISTS peer_case WITH (FORCE)")


def run(database, case, sql):
    ok, error = psql(database, sql)
    if not ok:
        sys.exit(f"{case['name']}: {error}")


def dump(database, *options):
    text = subprocess.run(["pg_dump", *options, database], check=True, capture_output=True, text=True).stdout
    # Recent versions print a random token.
    return [line for line in text.splitlines() if not re.match(r"\\(un)?restrict ", line)]


def dbmate_dump(database):
    url = "postgres://{PGUSER}:{PGPASSWORD}@{PGHOST}:{PGPORT}/{database}?sslmode=disable".format(**os.environ, database=database)
    with tempfile.NamedTemporaryFile("r") as file:
        done = subprocess.run([os.environ["DBMATE"], "--url", url, "--schema-file", file.name, "dump"], capture_output=True, text=True)
        if done.returncode != 0:
            # What it cannot dump it cannot compare either.
            print(f"dbmate: {done.stderr.strip()}", file=sys.stderr)
            return None
        return pathlib.Path(file.name).read_text()


def stairway(folder, database):
    times = []
    for step in sorted(path for path in folder.iterdir() if path.is_dir()):
        start = time.monotonic()
        before = dump(database, "-s")
        psql(database, file=step / "up.sql")
        taken_back, _ = psql(database, file=step / "down.sql")
        if taken_back:
            after = dump(database, "-s")
            print(step.name, "restored" if before == after else "differs", file=sys.stderr)
            psql(database, file=step / "up.sql")
        else:
            print(step.name, "stops", file=sys.stderr)
        times.append((time.monotonic() - start) * 1000)
    print(f"{sum(times) / len(times):.1f}")


def cases(text):
    case, part = None, None
    for line in text.splitlines():
        if line.startswith("-- case: "):
            if case:
                yield case
            case, part = {"name": line[9:], "setup": "", "up": "", "forgets": "", "restores": ""}, None
        elif case and re.fullmatch(r"-- \w+:", line):
            part = line[3:-1]
        elif case and part:
            case[part] += line + "\n"
    if case:
        yield case


def faults(folder, look):
    for kind in ("schema", "cluster", "data", "controls"):
        found = total = alarms = 0
        for case in cases((folder / f"{kind}.sql").read_text()):
            for down in ("forgets", "restores"):
                if not case[down]:
                    continue
                drop_case()
                # Roles outlive the database.
                for role in ("clerk", "office"):
                    administer(f"DROP ROLE IF EXISTS {role}")
                administer("CREATE DATABASE peer_case")
                run("peer_case", case, TABLE + case["setup"])
                before = look("peer_case")
                run("peer_case", case, case["up"])
                run("peer_case", case, case[down])
                differs = look("peer_case") != before
                if down == "forgets":
                    total += 1
                    found += differs
                else:
                    alarms += differs
        print(f"{kind}\t{found}\t{total}\t{alarms}")
    drop_case()


def main():
    if sys.argv[1] == "stairway":
        stairway(pathlib.Path(sys.argv[2]), sys.argv[3])
    else:
        faults(pathlib.Path(sys.argv[2]), dbmate_dump if sys.argv[3] == "dbmate" else lambda database: dump(database, "-s"))


main()
