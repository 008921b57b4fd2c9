#!/usr/bin/env python3
"""Prints a shell script that takes all ups of a history in one session: ups.py statement|file FOLDER

`statement`: psql sends them one by one. `file`: a whole file is one message, but for those that may
not run inside a transaction.
"""
import pathlib
import shlex
import sys

manner, folder = sys.argv[1], pathlib.Path(sys.argv[2])
command = ["psql", "-qX", "-v", "ON_ERROR_STOP=1"]
for step in sorted(path for path in folder.iterdir() if path.is_dir()):
    up = step / "up.sql"
    command += ["-f", str(up)] if manner == "statement" else ["-c", up.read_text()]
print("#!/bin/sh", "exec " + shlex.join(command) + " >/dev/null", sep="\n")
