#!/usr/bin/env python3
"""Reads what the stairway said.

    verdicts.py ms REPORT                milliseconds of a migration
    verdicts.py wrong REPORT TRUTH       migrations whose verdict is not the truth's; their names go to stderr
    verdicts.py wrong-peer LOG TRUTH     the same of the peer, which knows restored, differs and stops
"""
import json
import sys

VERDICTS = {"pass": "pass", "note": "note", "schema": "fail", "data": "fail", "irreversible": "irreversible"}
# A peer that compares schemas has no word for an order of columns: the rows below it do not count against it.
PEER = {"pass": {"restored"}, "note": {"restored", "differs"}, "schema": {"differs"}, "data": {"differs"}, "irreversible": {"stops"}}


def main():
    mode, file = sys.argv[1:3]
    if mode == "ms":
        stairway = json.load(open(file))["stairway"]
        print(round(stairway["ms"] / len(stairway["steps"]), 1))
        return
    truth = [line.split("\t") for line in open(sys.argv[3]).read().splitlines()]
    if mode == "wrong":
        said = {step["name"]: step["verdict"] for step in json.load(open(file))["stairway"]["steps"]}
        wrong = [name for name, fault in truth if said.get(name) != VERDICTS[fault]]
    else:
        said = dict(line.rsplit(" ", 1) for line in open(file).read().splitlines() if line.count(" ") == 1)
        wrong = [name for name, fault in truth if said.get(name) not in PEER[fault]]
    print(len(wrong))
    print(*wrong, sep="\n", file=sys.stderr)


main()
