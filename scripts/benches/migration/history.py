#!/usr/bin/env python3
"""Writes a history of migrations as a growing application has one, always the same.

    history.py FOLDER [COUNT]

Each migration is FOLDER/NNNN_name/{up,down}.sql. Most downs are faithful. FOLDER/truth.tsv says of
each what a test has to find: pass, note (columns in another order), schema, data, irreversible.
"""
import pathlib
import sys

NOUNS = """account project invoice crate release owner team badge token ticket comment review
message channel member label milestone plan payment refund address device session report export
import webhook delivery schedule task worker audit policy quota region bucket object article page
translation course lesson exam grade certificate""".split()


class History:
    def __init__(self, folder):
        self.folder = folder
        self.tables = []
        self.truth = []
        # Tables whose updated_at a trigger sets at every update.
        self.touched = set()

    def add(self, name, up, down, truth="pass"):
        step = self.folder / f"{len(self.truth) + 1:04}_{name}"
        step.mkdir(parents=True)
        (step / "up.sql").write_text(up.strip() + "\n")
        if down is not None:
            (step / "down.sql").write_text(down.strip() + "\n")
        self.truth.append((step.name, truth))


def table(h, i):
    name = NOUNS[len(h.tables)] + "s"
    parent = h.tables[len(h.tables) // 2] if h.tables else None
    key = f",\n  {parent[:-1]}_id integer REFERENCES {parent}" if parent else ""
    index = f"CREATE INDEX {name}_{parent}_idx ON {name} ({parent[:-1]}_id);" if parent else ""
    value = "(g % 20) + 1" if parent else None
    columns, values = ("name, state, amount, created_at", "'row ' || g, 'open', g * 1.5, timestamptz '2026-01-01' + g * interval '1 hour'")
    if parent:
        columns, values = f"{columns}, {parent[:-1]}_id", f"{values}, {value}"
    h.tables.append(name)
    h.add(f"create_{name}", f"""
CREATE TABLE {name} (
  id serial PRIMARY KEY,
  name text NOT NULL,
  state varchar(20) NOT NULL DEFAULT 'new',
  amount numeric(12,2) NOT NULL DEFAULT 0 CHECK (amount >= 0),
  note text,
  active boolean NOT NULL DEFAULT true,
  settings jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(){key}
);
CREATE UNIQUE INDEX {name}_name_idx ON {name} (lower(name));
{index}
COMMENT ON TABLE {name} IS 'what the application knows of {name}';
INSERT INTO {name} ({columns}) SELECT {values} FROM generate_series(1, 200) g;
""", f"DROP TABLE {name};")


def column(h, i):
    t = h.tables[i % len(h.tables)]
    wrong = i % 97 == 10
    h.add(f"add_{t}_field_{i}", f"ALTER TABLE {t} ADD COLUMN field_{i} integer NOT NULL DEFAULT {i};",
          "SELECT 1;" if wrong else f"ALTER TABLE {t} DROP COLUMN field_{i};", "schema" if wrong else "pass")


def index(h, i):
    t = h.tables[(i * 7) % len(h.tables)]
    concurrently = " CONCURRENTLY" if i % 4 == 1 else ""
    h.add(f"index_{t}_{i}", f"CREATE INDEX{concurrently} {t}_recent_{i} ON {t} (created_at, state) WHERE active;",
          f"DROP INDEX{concurrently} {t}_recent_{i};")


def enum(h, i):
    t = h.tables[(i * 5) % len(h.tables)]
    forgets = i % 4 == 1
    h.add(f"kind_of_{t}_{i}", f"""
CREATE TYPE kind_{i} AS ENUM ('small', 'medium', 'large');
ALTER TABLE {t} ADD COLUMN kind_{i} kind_{i} NOT NULL DEFAULT 'small';
CREATE INDEX {t}_kind_{i} ON {t} (kind_{i});
""", f"ALTER TABLE {t} DROP COLUMN kind_{i};" + ("" if forgets else f"\nDROP TYPE kind_{i};"),
          "schema" if forgets else "pass")


def trigger(h, i):
    t = h.tables[(i * 3) % len(h.tables)]
    h.touched.add(t)
    h.add(f"touch_{t}_{i}", f"""
CREATE FUNCTION touch_{i}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := now();
  RETURN NEW;
END $$;
CREATE TRIGGER touch_{i} BEFORE UPDATE ON {t} FOR EACH ROW EXECUTE FUNCTION touch_{i}();
""", f"DROP TRIGGER touch_{i} ON {t};\nDROP FUNCTION touch_{i}();")


def constraint(h, i):
    t = h.tables[(i * 11) % len(h.tables)]
    h.add(f"check_{t}_{i}", f"""
ALTER TABLE {t} ADD CONSTRAINT {t}_note_{i} CHECK (length(note) < {1000 + i}) NOT VALID;
ALTER TABLE {t} VALIDATE CONSTRAINT {t}_note_{i};
""", f"ALTER TABLE {t} DROP CONSTRAINT {t}_note_{i};")


def data(h, i):
    t = h.tables[(i * 13) % len(h.tables)]
    loses = i % 3 == 2
    if loses:
        # The schema is restored, the rows are not.
        h.add(f"states_of_{t}_{i}", f"UPDATE {t} SET state = 'state {i}' WHERE id <= 50;",
              f"UPDATE {t} SET state = 'new' WHERE state = 'state {i}';", "data")
        return
    # Where a trigger touches updated_at, up and down both overwrite it, and nobody kept it.
    h.add(f"states_of_{t}_{i}", f"""
CREATE TABLE old_states_{i} AS SELECT id, state FROM {t} WHERE id <= 50;
UPDATE {t} SET state = 'state {i}' WHERE id <= 50;
""", f"""
UPDATE {t} SET state = o.state FROM old_states_{i} o WHERE o.id = {t}.id;
DROP TABLE old_states_{i};
""", "data" if t in h.touched else "pass")


def view(h, i):
    a = h.tables[(i * 17) % len(h.tables)]
    h.add(f"view_{a}_{i}", f"""
CREATE VIEW open_{a}_{i} AS SELECT id, name, amount FROM {a} WHERE state = 'open';
GRANT SELECT ON open_{a}_{i} TO PUBLIC;
COMMENT ON VIEW open_{a}_{i} IS 'those that wait';
""", f"DROP VIEW open_{a}_{i};")


def alter(h, i):
    t = h.tables[(i * 19) % len(h.tables)]
    forgets = i % 5 == 0
    h.add(f"default_{t}_{i}", f"""
ALTER TABLE {t} ALTER COLUMN active SET DEFAULT false;
COMMENT ON COLUMN {t}.active IS 'switched on by hand, {i}';
""", f"ALTER TABLE {t} ALTER COLUMN active SET DEFAULT true;\n"
          + ("" if forgets else f"COMMENT ON COLUMN {t}.active IS NULL;"), "schema" if forgets else "pass")
    # The next migration begins where this one's faithful down would have ended.
    h.add(f"default_{t}_{i}_again", f"ALTER TABLE {t} ALTER COLUMN active SET DEFAULT true;\nCOMMENT ON COLUMN {t}.active IS NULL;",
          f"ALTER TABLE {t} ALTER COLUMN active SET DEFAULT false;\nCOMMENT ON COLUMN {t}.active IS 'switched on by hand, {i}';")


def drop(h, i):
    t = h.tables[(i * 23) % len(h.tables)]
    h.add(f"spare_{t}_{i}", f"ALTER TABLE {t} ADD COLUMN spare_{i} text;\nALTER TABLE {t} ADD COLUMN after_{i} text;",
          f"ALTER TABLE {t} DROP COLUMN after_{i};\nALTER TABLE {t} DROP COLUMN spare_{i};")
    h.add(f"drop_spare_{t}_{i}", f"ALTER TABLE {t} DROP COLUMN spare_{i};", f"ALTER TABLE {t} ADD COLUMN spare_{i} text;", "note")


def irreversible(h, i):
    t = h.tables[(i * 29) % len(h.tables)]
    h.add(f"forget_notes_of_{t}_{i}", f"UPDATE {t} SET settings = NULL, note = NULL WHERE id > 100;" if i % 2 else
          f"DELETE FROM {t} WHERE id > 190 AND NOT EXISTS (SELECT FROM pg_constraint WHERE confrelid = '{t}'::regclass);",
          "DO $$ BEGIN RAISE EXCEPTION 'the notes are gone: this migration cannot be taken back'; END $$;", "irreversible")


def main():
    folder = pathlib.Path(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 285
    h = History(folder)
    turn = [column, index, table, enum, trigger, table, constraint, column, data, view, table, alter, column, index, drop, data, table, view]
    for _ in range(4):
        table(h, 0)
    i = 0
    while len(h.truth) < count:
        i += 1
        kind = turn[i % len(turn)]
        if kind is table and len(h.tables) == len(NOUNS):
            kind = column
        if i % 60 == 0:
            kind = irreversible
        kind(h, i)
    (folder / "truth.tsv").write_text("".join(f"{name}\t{truth}\n" for name, truth in h.truth))


main()
