#!/usr/bin/env python3
"""Prints what stagectl and the witness say of Prefect's downs, to stderr; then, to stdout, the revisions, those on which
both agree, and the failures that stagectl gives no reason for.

    table.py REPORT.json WITNESS.tsv
"""
import json
import sys
from collections import Counter

WORDS = {
    "restores": "restores the schema to the letter",
    "order": "restores it but for the order of columns",
    "differs": "runs and does not restore it",
    "fails": "stops",
    "irreversible": "declared irreversible",
    "skipped": "skipped",
}


def ours(step):
    findings, notes = step["findings"], step["notes"]
    if step["verdict"] in ("irreversible", "skipped"):
        return step["verdict"]
    # The second up may stop too, over what the down has left.
    downs = [finding for finding in findings if not finding.startswith("up of ")]
    if any("ended with code" in finding or "did not end" in finding for finding in downs):
        return "fails"
    if findings:
        return "differs"
    return "order" if any("order only" in note for note in notes) else "restores"


report, witness = sys.argv[1:]
steps = {step["name"]: step for step in json.load(open(report))["stairway"]["steps"]}
truth = dict(line.split("\t")[:2] for line in open(witness).read().splitlines())
said = {name: ours(step) for name, step in steps.items()}
counts = Counter(said.values()), Counter(truth.values())
print(f"{'down ...':45} {'stagectl':>9} {'pg_dump -s':>11}", file=sys.stderr)
for word, words in WORDS.items():
    print(f"{words:45} {counts[0][word]:9} {counts[1][word]:11}", file=sys.stderr)
print(file=sys.stderr)
for name, step in steps.items():
    mark = "" if said[name] == truth.get(name) else f"   (pg_dump -s: {truth.get(name, 'not tried')})"
    if step["findings"] or mark:
        lines = [" ".join(line.split()) for line in step["findings"]]
        print(f"{name} {said[name]}{mark}: {'; '.join(lines)[-400:]}", file=sys.stderr)
agreed = sum(said[name] == truth.get(name) for name in steps)
unnamed = sum(said[name] in ("differs", "fails") and not step["findings"] for name, step in steps.items())
print(len(steps), agreed, unnamed, sep="\t")
