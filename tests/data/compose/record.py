#!/usr/bin/env python3
"""Writes verdicts.json: what docker compose says to each case of cases.txt.

    python3 tests/data/compose/record.py DOCKER_COMPOSE
"""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ENVIRONMENT = {"SET": "set", "EMPTY": "", "HOME": "/home/user", "PATH": os.environ["PATH"]}


def cases():
    name = None
    for line in open(os.path.join(HERE, "cases.txt")).read().split("\n"):
        if line.startswith("## "):
            if name is not None:
                yield name, files
            name, file = line[3:], "compose.yml"
            files = {file: ""}
        elif line.startswith("--- "):
            file = line[4:]
            files[file] = ""
        elif name is not None:
            files[file] += line + "\n"
    yield name, files


def main():
    compose, folder, rows = sys.argv[1], "/srv/p", []
    for title, files in cases():
        words = shlex.split(re.sub(r"'", "", title))
        at = next((i for i, word in enumerate(words) if word.startswith("-")), len(words))
        arguments = words[at:] or []
        if "-f" not in arguments:
            arguments = ["-f", "compose.yml"] + arguments
        shutil.rmtree(folder, ignore_errors=True)
        for name, text in files.items():
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            open(path, "w").write(text)
        run = lambda *more: subprocess.run([compose, *arguments, *more], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
        done = run("config", "--format", "json")
        row = {"name": title, "ok": done.returncode == 0}
        if row["ok"]:
            row["config"] = json.loads(done.stdout)
            hashes = run("config", "--hash", "*").stdout
            row["hashes"] = dict(line.split() for line in hashes.splitlines() if line)
        else:
            row["error"] = done.stderr.strip().splitlines()[-1]
        rows.append(row)
    json.dump(rows, open(os.path.join(HERE, "verdicts.json"), "w"), indent=1)
    print(len(rows), "cases,", sum(row["ok"] for row in rows), "valid")


main()
