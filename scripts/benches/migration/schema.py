#!/usr/bin/env python3
"""Prints a schema of about as many objects as are asked for: schema.py COUNT

Tables with keys, checks, indexes and comments, views, functions with triggers, enums, grants.
"""
import sys

# What one table brings with it, as the fingerprint counts: 12 columns, its order and rights, 6 constraints, and so on.
OBJECTS_OF_A_TABLE = 38


def table(i):
    parent = f"REFERENCES t{i // 2} (id)" if i > 1 else ""
    return f"""
CREATE TYPE kind{i} AS ENUM ('small', 'medium', 'large');
CREATE TABLE t{i} (
  id serial PRIMARY KEY, parent_id integer {parent}, name text NOT NULL UNIQUE, kind kind{i} NOT NULL DEFAULT 'small',
  amount numeric(12,2) NOT NULL DEFAULT 0 CHECK (amount >= 0), rate double precision DEFAULT 1.5, active boolean NOT NULL DEFAULT true,
  settings jsonb DEFAULT '{{}}', tags text[], code varchar(20) CHECK (code <> ''), created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX t{i}_parent ON t{i} (parent_id);
CREATE INDEX t{i}_recent ON t{i} (created_at DESC, kind) WHERE active;
CREATE INDEX t{i}_lower ON t{i} (lower(name));
COMMENT ON TABLE t{i} IS 'things of kind {i}';
COMMENT ON COLUMN t{i}.rate IS 'a share';
CREATE FUNCTION touch{i}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at := now(); RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON t{i} FOR EACH ROW EXECUTE FUNCTION touch{i}();
CREATE VIEW open{i} AS SELECT id, name, amount * rate AS worth FROM t{i} WHERE active;
GRANT SELECT ON open{i} TO PUBLIC;"""


print("BEGIN;", *(table(i) for i in range(1, max(2, round(int(sys.argv[1]) / OBJECTS_OF_A_TABLE)) + 1)), "COMMIT;", sep="\n")
