-- Every object of the database as (kind, identity, definition), in a form that does not depend on object ids or on the
-- order of creation. Runs with search_path = pg_catalog, so that every name comes out with its schema.
-- $1: schemas and $2: tables of bookkeeping, which are no part of what is compared.
-- A line that ends in `-- since N` is left out on servers whose version is lower.
WITH
own_namespace AS MATERIALIZED (
  SELECT oid, nspname, nspowner, nspacl FROM pg_namespace
  WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND nspname <> ALL ($1::text[])
),
member AS MATERIALIZED (SELECT classid, objid FROM pg_depend WHERE deptype = 'e'),
bookkeeping AS MATERIALIZED (
  SELECT oid FROM pg_class WHERE relname = ANY ($2::text[])
  UNION ALL
  SELECT i.indexrelid FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relname = ANY ($2::text[])
  UNION ALL
  SELECT d.objid FROM pg_depend d JOIN pg_class c ON c.oid = d.refobjid
  WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND c.relname = ANY ($2::text[])
),
relation AS MATERIALIZED (
  SELECT c.*, format('%I.%I', n.nspname, c.relname) AS identity
  FROM pg_class c JOIN own_namespace n ON n.oid = c.relnamespace
  WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_class'::regclass AND m.objid = c.oid)
    AND NOT EXISTS (SELECT FROM bookkeeping b WHERE b.oid = c.oid)
),
own_type AS MATERIALIZED (
  SELECT t.*, format('%I.%I', n.nspname, t.typname) AS identity
  FROM pg_type t JOIN own_namespace n ON n.oid = t.typnamespace
  WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_type'::regclass AND m.objid = t.oid)
),
routine AS MATERIALIZED (
  SELECT p.*, format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS identity
  FROM pg_proc p JOIN own_namespace n ON n.oid = p.pronamespace
  WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid)
),
object (kind, identity, definition) AS (
