#!/usr/bin/env python3
"""Tries every case of a corpus of statements: unsafe.py FOLDER WORK

Each case goes through `test-migration --up` on a database made from FOLDER/schema.sql, and through
squawk. Prints kind, found by us, found by squawk, all; names what was missed on stderr. The
programs stand in STAGECTL and SQUAWK (empty: none); the server in PGHOST, PGPORT, PGUSER, PGPASSWORD.
"""
import json
import os
import pathlib
import subprocess
import sys

HARMS = ("blocks-all", "blocks-writes", "data-loss", "breaks-code", "fails-on-rows")
# What squawk says of style, and of timeouts at every statement: no statement hurts because of these.
STYLE = {"ban-char-field", "require-enum-value-ordering", "require-lock-timeout", "require-statement-timeout", "require-timeout-settings"}


def psql(database, *arguments):
    subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", database, *arguments], check=True, capture_output=True)


def ours(case, work):
    environment = os.environ
    url = f"postgresql://{environment['PGUSER']}:{environment['PGPASSWORD']}@{environment['PGHOST']}:{environment['PGPORT']}/unsafe"
    done = subprocess.run([environment["STAGECTL"], "test-migration", "--database", url, "--up", str(case), "--only", "performance", "--json"],
                          capture_output=True, text=True, cwd=work)
    try:
        return {advice["harm"] for advice in json.loads(done.stdout)["advice"]}
    except (ValueError, KeyError):
        sys.exit(f"{case}: {done.stderr}")


def squawk(case):
    done = subprocess.run([os.environ["SQUAWK"], "--reporter", "json", str(case)], capture_output=True, text=True)
    rules = {finding["rule_name"] for finding in json.loads(done.stdout or "[]")}
    return {rule for rule in rules - STYLE if not rule.startswith("prefer-")}


def main():
    folder, work = pathlib.Path(sys.argv[1]), sys.argv[2]
    psql("postgres", "-c", "CREATE DATABASE unsafe")
    psql("unsafe", "-f", str(folder / "schema.sql"))
    for kind in (*HARMS, "safe"):
        cases = sorted((folder / kind).glob("*.sql"))
        found, peer = 0, 0 if os.environ.get("SQUAWK") else None
        for case in cases:
            harms = ours(case, work)
            is_found = bool(harms - {"note"}) if kind == "safe" else kind in harms
            found += is_found
            if is_found == (kind == "safe"):
                print(f"{case}: {sorted(harms)}", file=sys.stderr)
            if peer is not None:
                peer += bool(squawk(case))
        print(f"{kind}\t{found}\t{'-' if peer is None else peer}\t{len(cases)}")


main()
