#!/usr/bin/env python3
"""Prints Prefect's revisions for PostgreSQL, oldest first, one on a line. Runs in the environment that has Prefect."""
import pathlib

import prefect.server.database
from alembic.script import ScriptDirectory

migrations = pathlib.Path(prefect.server.database.__file__).parent / "_migrations"
script = ScriptDirectory(str(migrations), version_locations=[str(migrations / "versions" / "postgresql")])
for revision in reversed(list(script.walk_revisions())):
    print(revision.revision)
