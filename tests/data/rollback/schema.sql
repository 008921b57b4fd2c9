-- Objects of the schema that a down forgets. Each case begins with `create table t` of tests/it/migration/corpus.rs.

-- case: table added
-- finds: table public.n was not there
-- up:
CREATE TABLE n (x int);
-- forgets:
SELECT 1;
-- restores:
DROP TABLE n;

-- case: column added
-- finds: column public.t.c was not there
-- up:
ALTER TABLE t ADD c int;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE t DROP c;

-- case: column type
-- finds: column public.t.a differs
-- up:
ALTER TABLE t ALTER a TYPE bigint;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE t ALTER a TYPE int;

-- case: column default
-- finds: column public.t.b differs: before `default 'x'
-- up:
ALTER TABLE t ALTER b DROP DEFAULT;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE t ALTER b SET DEFAULT 'x';

-- case: column not null
-- finds: column public.t.c differs: before `not null`
-- setup:
ALTER TABLE t ADD c int NOT NULL DEFAULT 0;
-- up:
ALTER TABLE t ALTER c DROP NOT NULL;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE t ALTER c SET NOT NULL;

-- case: generated column
-- finds: column public.t.g differs
-- setup:
ALTER TABLE t ADD g int GENERATED ALWAYS AS (a * 2) STORED;
-- up:
ALTER TABLE t ALTER g DROP EXPRESSION;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE t DROP g; ALTER TABLE t ADD g int GENERATED ALWAYS AS (a * 2) STORED;

-- case: identity added
-- finds: column public.t.id differs
-- up:
ALTER TABLE t ALTER id ADD GENERATED ALWAYS AS IDENTITY;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE t ALTER id DROP IDENTITY;

-- case: storage
-- finds: storage e
-- up:
ALTER TABLE t ALTER b SET STORAGE EXTERNAL;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE t ALTER b SET STORAGE EXTENDED;

-- case: statistics target
-- finds: statistics 500
-- up:
ALTER TABLE t ALTER b SET STATISTICS 500;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE t ALTER b SET STATISTICS -1;

-- case: compression
-- finds: compression
-- up:
ALTER TABLE t ALTER b SET COMPRESSION pglz;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE t ALTER b SET COMPRESSION default;

-- case: column option
-- finds: options n_distinct=5
-- up:
ALTER TABLE t ALTER a SET (n_distinct = 5);
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE t ALTER a RESET (n_distinct);

-- case: column collation
-- finds: collation pg_catalog."C"
-- up:
ALTER TABLE t ALTER b TYPE text COLLATE "C";
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE t ALTER b TYPE text COLLATE "default";

-- case: table option
-- finds: options fillfactor=50
-- up:
ALTER TABLE t SET (fillfactor = 50);
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE t RESET (fillfactor);

-- case: unlogged table
-- finds: unlogged
-- up:
ALTER TABLE t SET UNLOGGED;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE t SET LOGGED;

-- case: replica identity
-- finds: replica identity f
-- up:
ALTER TABLE t REPLICA IDENTITY FULL;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE t REPLICA IDENTITY DEFAULT;

-- case: table owner
-- finds: table public.t differs: before `owner postgres`
-- up:
ALTER TABLE t OWNER TO somebody;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE t OWNER TO postgres;

-- case: table rights
-- finds: rights public.t differs
-- setup:
GRANT SELECT ON t TO somebody;
-- up:
REVOKE SELECT ON t FROM somebody;
-- forgets:
SELECT 1;
-- restores:
GRANT SELECT ON t TO somebody;

-- case: column rights
-- finds: rights somebody=w/postgres
-- up:
GRANT UPDATE (a) ON t TO somebody;
-- forgets:
SELECT 1;
-- restores:
REVOKE UPDATE (a) ON t FROM somebody;

-- case: check constraint
-- finds: constraint public.t.positive is gone
-- setup:
ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0);
-- up:
ALTER TABLE t DROP CONSTRAINT positive;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0);

-- case: constraint not validated
-- finds: not validated
-- setup:
ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0);
-- up:
ALTER TABLE t DROP CONSTRAINT positive;
-- forgets:
ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0) NOT VALID;
-- restores:
ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0);

-- case: foreign key action
-- finds: constraint public.c.c_t_fkey differs
-- setup:
CREATE TABLE c (t int REFERENCES t ON DELETE CASCADE);
-- up:
ALTER TABLE c DROP CONSTRAINT c_t_fkey;
-- forgets:
ALTER TABLE c ADD FOREIGN KEY (t) REFERENCES t;
-- restores:
ALTER TABLE c ADD FOREIGN KEY (t) REFERENCES t ON DELETE CASCADE;

-- case: unique constraint
-- finds: constraint public.t.u is gone
-- setup:
ALTER TABLE t ADD CONSTRAINT u UNIQUE (a);
-- up:
ALTER TABLE t DROP CONSTRAINT u;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE t ADD CONSTRAINT u UNIQUE (a);

-- case: exclusion constraint
-- finds: constraint public.t.ex is gone
-- setup:
ALTER TABLE t ADD CONSTRAINT ex EXCLUDE (a WITH =);
-- up:
ALTER TABLE t DROP CONSTRAINT ex;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE t ADD CONSTRAINT ex EXCLUDE (a WITH =);

-- case: index predicate
-- finds: index public.i differs
-- setup:
CREATE INDEX i ON t (a) WHERE b = 'x';
-- up:
DROP INDEX i;
-- forgets:
CREATE INDEX i ON t (a);
-- restores:
CREATE INDEX i ON t (a) WHERE b = 'x';

-- case: index dropped
-- finds: index public.i is gone
-- setup:
CREATE INDEX i ON t (a);
-- up:
DROP INDEX i;
-- forgets:
SELECT 1;
-- restores:
CREATE INDEX i ON t (a);

-- case: index clustered
-- finds: index public.t_pkey differs: before ``, now `clustered`
-- up:
CLUSTER t USING t_pkey;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE t SET WITHOUT CLUSTER;

-- case: view definition
-- finds: view public.v differs
-- setup:
CREATE VIEW v AS SELECT id FROM t;
-- up:
CREATE OR REPLACE VIEW v AS SELECT id FROM t WHERE a > 1;
-- forgets:
SELECT 1;
-- restores:
CREATE OR REPLACE VIEW v AS SELECT id FROM t;

-- case: view option
-- finds: options security_barrier=true
-- setup:
CREATE VIEW v AS SELECT id FROM t;
-- up:
ALTER VIEW v SET (security_barrier = true);
-- forgets:
SELECT 1;
-- restores:
ALTER VIEW v RESET (security_barrier);

-- case: materialised view not populated
-- finds: not populated
-- setup:
CREATE MATERIALIZED VIEW m AS SELECT id FROM t;
-- up:
DROP MATERIALIZED VIEW m;
-- forgets:
CREATE MATERIALIZED VIEW m AS SELECT id FROM t WITH NO DATA;
-- restores:
CREATE MATERIALIZED VIEW m AS SELECT id FROM t;

-- case: function body
-- finds: function public.f(i integer) differs
-- setup:
CREATE FUNCTION f(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
-- up:
CREATE OR REPLACE FUNCTION f(i int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1';
-- forgets:
SELECT 1;
-- restores:
CREATE OR REPLACE FUNCTION f(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';

-- case: procedure added
-- finds: function public.p() was not there
-- up:
CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
-- forgets:
SELECT 1;
-- restores:
DROP PROCEDURE p();

-- case: aggregate added
-- finds: function public.s(integer) was not there
-- up:
CREATE AGGREGATE s(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
-- forgets:
SELECT 1;
-- restores:
DROP AGGREGATE s(int);

-- case: function rights
-- finds: function public.f() differs
-- setup:
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- up:
REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC;
-- forgets:
SELECT 1;
-- restores:
GRANT EXECUTE ON FUNCTION f() TO PUBLIC;

-- case: trigger disabled
-- finds: trigger public.t.g differs
-- setup:
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION tf();
-- up:
ALTER TABLE t DISABLE TRIGGER g;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE t ENABLE TRIGGER g;

-- case: key trigger disabled
-- finds: key trigger public.c.c_t_fkey differs
-- setup:
CREATE TABLE c (t int REFERENCES t);
-- up:
ALTER TABLE c DISABLE TRIGGER ALL;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE c ENABLE TRIGGER ALL;

-- case: rule dropped
-- finds: rule public.t.r is gone
-- setup:
CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING;
-- up:
DROP RULE r ON t;
-- forgets:
SELECT 1;
-- restores:
CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING;

-- case: policy changed
-- finds: policy public.t.p differs
-- setup:
CREATE POLICY p ON t USING (a > 0);
-- up:
ALTER POLICY p ON t USING (true);
-- forgets:
SELECT 1;
-- restores:
ALTER POLICY p ON t USING (a > 0);

-- case: row security
-- finds: row security
-- up:
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE t DISABLE ROW LEVEL SECURITY;

-- case: row security forced
-- finds: row security forced
-- up:
ALTER TABLE t FORCE ROW LEVEL SECURITY;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE t NO FORCE ROW LEVEL SECURITY;

-- case: sequence increment
-- finds: sequence public.s differs
-- setup:
CREATE SEQUENCE s;
-- up:
ALTER SEQUENCE s INCREMENT 5;
-- forgets:
SELECT 1;
-- restores:
ALTER SEQUENCE s INCREMENT 1;

-- case: sequence owner
-- finds: owned by public.t.id
-- setup:
CREATE SEQUENCE s;
-- up:
ALTER SEQUENCE s OWNED BY t.id;
-- forgets:
SELECT 1;
-- restores:
ALTER SEQUENCE s OWNED BY NONE;

-- case: enum label
-- finds: enum public.e differs
-- setup:
CREATE TYPE e AS ENUM ('a', 'b');
-- up:
ALTER TYPE e RENAME VALUE 'b' TO 'c';
-- forgets:
SELECT 1;
-- restores:
ALTER TYPE e RENAME VALUE 'c' TO 'b';

-- case: enum order
-- finds: enum public.e differs: before `'a', 'b'`, now `'b', 'a'`
-- setup:
CREATE TYPE e AS ENUM ('a', 'b');
-- up:
DROP TYPE e;
-- forgets:
CREATE TYPE e AS ENUM ('b', 'a');
-- restores:
CREATE TYPE e AS ENUM ('a', 'b');

-- case: domain changed
-- finds: domain public.d differs
-- setup:
CREATE DOMAIN d AS text DEFAULT 'x';
-- up:
ALTER DOMAIN d DROP DEFAULT;
-- forgets:
SELECT 1;
-- restores:
ALTER DOMAIN d SET DEFAULT 'x';

-- case: domain constraint
-- finds: constraint public.d.short is gone
-- setup:
CREATE DOMAIN d AS text CONSTRAINT short CHECK (length(VALUE) < 9);
-- up:
ALTER DOMAIN d DROP CONSTRAINT short;
-- forgets:
SELECT 1;
-- restores:
ALTER DOMAIN d ADD CONSTRAINT short CHECK (length(VALUE) < 9);

-- case: composite attribute
-- finds: attribute public.k.y was not there
-- setup:
CREATE TYPE k AS (x int);
-- up:
ALTER TYPE k ADD ATTRIBUTE y int;
-- forgets:
SELECT 1;
-- restores:
ALTER TYPE k DROP ATTRIBUTE y;

-- case: range type
-- finds: range type public.rg was not there
-- up:
CREATE TYPE rg AS RANGE (SUBTYPE = float8);
-- forgets:
SELECT 1;
-- restores:
DROP TYPE rg;

-- case: schema added
-- finds: schema app was not there
-- up:
CREATE SCHEMA app;
-- forgets:
SELECT 1;
-- restores:
DROP SCHEMA app;

-- case: schema rights
-- finds: schema public differs
-- up:
GRANT CREATE ON SCHEMA public TO somebody;
-- forgets:
SELECT 1;
-- restores:
REVOKE CREATE ON SCHEMA public FROM somebody;

-- case: default rights
-- finds: default rights
-- up:
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO somebody;
-- forgets:
SELECT 1;
-- restores:
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM somebody;

-- case: column comment
-- finds: comment column a of table public.t is gone
-- setup:
COMMENT ON COLUMN t.a IS 'why';
-- up:
COMMENT ON COLUMN t.a IS NULL;
-- forgets:
SELECT 1;
-- restores:
COMMENT ON COLUMN t.a IS 'why';

-- case: schema comment
-- finds: comment schema public differs
-- up:
COMMENT ON SCHEMA public IS 'other';
-- forgets:
SELECT 1;
-- restores:
COMMENT ON SCHEMA public IS 'standard public schema';

-- case: extension
-- finds: extension pgcrypto was not there
-- up:
CREATE EXTENSION pgcrypto;
-- forgets:
SELECT 1;
-- restores:
DROP EXTENSION pgcrypto;

-- case: publication tables
-- finds: publication pub differs
-- setup:
CREATE PUBLICATION pub FOR TABLE t;
-- up:
ALTER PUBLICATION pub DROP TABLE t;
-- forgets:
SELECT 1;
-- restores:
ALTER PUBLICATION pub ADD TABLE t;

-- case: partition detached
-- finds: table public.p1 differs
-- setup:
CREATE TABLE p (x int) PARTITION BY RANGE (x); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9);
-- up:
ALTER TABLE p DETACH PARTITION p1;
-- forgets:
ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (0) TO (99);
-- restores:
ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (0) TO (9);

-- case: inheritance
-- finds: table public.h differs
-- setup:
CREATE TABLE h (LIKE t);
-- up:
ALTER TABLE h INHERIT t;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE h NO INHERIT t;

-- case: event trigger
-- finds: event trigger et was not there
-- setup:
CREATE FUNCTION ef() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
-- up:
CREATE EVENT TRIGGER et ON ddl_command_end WHEN TAG IN ('DROP OWNED') EXECUTE FUNCTION ef();
-- forgets:
SELECT 1;
-- restores:
DROP EVENT TRIGGER et;

-- case: statistics object
-- finds: statistics public.st is gone
-- setup:
CREATE STATISTICS st ON a, b FROM t;
-- up:
DROP STATISTICS st;
-- forgets:
SELECT 1;
-- restores:
CREATE STATISTICS st ON a, b FROM t;

-- case: collation added
-- finds: collation public.co was not there
-- up:
CREATE COLLATION co FROM "C";
-- forgets:
SELECT 1;
-- restores:
DROP COLLATION co;

-- case: operator added
-- finds: operator public.===(integer, integer) was not there
-- up:
CREATE OPERATOR === (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int);
-- forgets:
SELECT 1;
-- restores:
DROP OPERATOR === (int, int);

-- case: cast added
-- finds: cast (text as public.k) was not there
-- setup:
CREATE TYPE k AS (x int);
-- up:
CREATE CAST (text AS k) WITH INOUT;
-- forgets:
SELECT 1;
-- restores:
DROP CAST (text AS k);

-- case: text search configuration
-- finds: text search configuration public.cfg was not there
-- up:
CREATE TEXT SEARCH CONFIGURATION cfg (COPY = simple);
-- forgets:
SELECT 1;
-- restores:
DROP TEXT SEARCH CONFIGURATION cfg;

-- case: foreign server
-- finds: foreign server fs was not there
-- setup:
CREATE FOREIGN DATA WRAPPER w;
-- up:
CREATE SERVER fs FOREIGN DATA WRAPPER w;
-- forgets:
SELECT 1;
-- restores:
DROP SERVER fs;

-- case: user mapping
-- finds: user mapping somebody on fs
-- setup:
CREATE FOREIGN DATA WRAPPER w; CREATE SERVER fs FOREIGN DATA WRAPPER w;
-- up:
CREATE USER MAPPING FOR somebody SERVER fs;
-- forgets:
SELECT 1;
-- restores:
DROP USER MAPPING FOR somebody SERVER fs;

-- case: identity kind
-- finds: column public.n.x differs
-- setup:
CREATE TABLE n (x int GENERATED ALWAYS AS IDENTITY);
-- up:
ALTER TABLE n ALTER x SET GENERATED BY DEFAULT;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE n ALTER x SET GENERATED ALWAYS;

-- case: column renamed
-- finds: column public.t.a is gone
-- up:
ALTER TABLE t RENAME a TO amount;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE t RENAME amount TO a;

-- case: names that differ in their last letter
-- finds: column public.t.a_name_that_is_as_long_as_a_name_may_be_and_still_goes_on_unti1 is gone
-- setup:
ALTER TABLE t ADD a_name_that_is_as_long_as_a_name_may_be_and_still_goes_on_unti1 int;
-- up:
ALTER TABLE t RENAME a_name_that_is_as_long_as_a_name_may_be_and_still_goes_on_unti1 TO a_name_that_is_as_long_as_a_name_may_be_and_still_goes_on_unti2;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE t RENAME a_name_that_is_as_long_as_a_name_may_be_and_still_goes_on_unti2 TO a_name_that_is_as_long_as_a_name_may_be_and_still_goes_on_unti1;

-- case: constraint renamed
-- finds: constraint public.t.t_pkey is gone
-- up:
ALTER TABLE t RENAME CONSTRAINT t_pkey TO t_key;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE t RENAME CONSTRAINT t_key TO t_pkey;

-- case: deferrable key
-- finds: DEFERRABLE
-- setup:
CREATE TABLE c (id int PRIMARY KEY, t int CONSTRAINT ct REFERENCES t);
-- up:
ALTER TABLE c ALTER CONSTRAINT ct DEFERRABLE INITIALLY DEFERRED;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE c ALTER CONSTRAINT ct NOT DEFERRABLE;

-- case: index columns included
-- finds: index public.i differs
-- setup:
CREATE INDEX i ON t (a);
-- up:
DROP INDEX i; CREATE INDEX i ON t (a) INCLUDE (b);
-- forgets:
SELECT 1;
-- restores:
DROP INDEX i; CREATE INDEX i ON t (a);

-- case: index method
-- finds: index public.i differs
-- setup:
CREATE INDEX i ON t (a);
-- up:
DROP INDEX i; CREATE INDEX i ON t USING hash (a);
-- forgets:
SELECT 1;
-- restores:
DROP INDEX i; CREATE INDEX i ON t (a);

-- case: index expression
-- finds: index public.i differs
-- setup:
CREATE INDEX i ON t (lower(b));
-- up:
DROP INDEX i; CREATE INDEX i ON t (upper(b));
-- forgets:
SELECT 1;
-- restores:
DROP INDEX i; CREATE INDEX i ON t (lower(b));

-- case: index left invalid
-- finds: invalid
-- setup:
CREATE INDEX i ON t (a);
-- up:
DROP INDEX i; CREATE INDEX i ON t (a);
-- forgets:
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass;
-- restores:
SELECT 1;

-- case: index option
-- finds: fillfactor
-- setup:
CREATE INDEX i ON t (a);
-- up:
ALTER INDEX i SET (fillfactor = 70);
-- forgets:
SELECT 1;
-- restores:
ALTER INDEX i RESET (fillfactor);

-- case: unique index with equal NULLs
-- finds: NULLS NOT DISTINCT
-- setup:
CREATE TABLE n (x int); CREATE UNIQUE INDEX i ON n (x);
-- up:
DROP INDEX i; CREATE UNIQUE INDEX i ON n (x) NULLS NOT DISTINCT;
-- forgets:
SELECT 1;
-- restores:
DROP INDEX i; CREATE UNIQUE INDEX i ON n (x);

-- case: view owner
-- finds: view public.v differs
-- setup:
CREATE VIEW v AS SELECT 1 AS x;
-- up:
ALTER VIEW v OWNER TO somebody;
-- forgets:
SELECT 1;
-- restores:
ALTER VIEW v OWNER TO postgres;

-- case: view column default
-- finds: column public.v.a differs
-- setup:
CREATE VIEW v AS SELECT id, a FROM t;
-- up:
ALTER VIEW v ALTER a SET DEFAULT 7;
-- forgets:
SELECT 1;
-- restores:
ALTER VIEW v ALTER a DROP DEFAULT;

-- case: materialised view definition
-- finds: materialized view public.m differs
-- setup:
CREATE MATERIALIZED VIEW m AS SELECT 1 AS x;
-- up:
DROP MATERIALIZED VIEW m; CREATE MATERIALIZED VIEW m AS SELECT 2 AS x;
-- forgets:
SELECT 1;
-- restores:
DROP MATERIALIZED VIEW m; CREATE MATERIALIZED VIEW m AS SELECT 1 AS x;

-- case: function volatility
-- finds: function public.f() differs
-- setup:
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- up:
ALTER FUNCTION f() STABLE;
-- forgets:
SELECT 1;
-- restores:
ALTER FUNCTION f() VOLATILE;

-- case: function setting
-- finds: search_path
-- setup:
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- up:
ALTER FUNCTION f() SET search_path = public;
-- forgets:
SELECT 1;
-- restores:
ALTER FUNCTION f() RESET search_path;

-- case: function with the caller's or the owner's rights
-- finds: SECURITY DEFINER
-- setup:
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- up:
ALTER FUNCTION f() SECURITY DEFINER;
-- forgets:
SELECT 1;
-- restores:
ALTER FUNCTION f() SECURITY INVOKER;

-- case: function owner
-- finds: owner somebody
-- setup:
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- up:
ALTER FUNCTION f() OWNER TO somebody;
-- forgets:
SELECT 1;
-- restores:
ALTER FUNCTION f() OWNER TO postgres;

-- case: trigger function's argument
-- finds: trigger public.t.g differs
-- setup:
CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION g('x');
-- up:
DROP TRIGGER g ON t; CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION g('y');
-- forgets:
SELECT 1;
-- restores:
DROP TRIGGER g ON t; CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION g('x');

-- case: rule disabled
-- finds: rule public.t.r differs
-- setup:
CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING;
-- up:
ALTER TABLE t DISABLE RULE r;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE t ENABLE RULE r;

-- case: policy roles
-- finds: to somebody
-- setup:
CREATE POLICY p ON t USING (true);
-- up:
ALTER POLICY p ON t TO somebody;
-- forgets:
SELECT 1;
-- restores:
ALTER POLICY p ON t TO PUBLIC;

-- case: sequence type and bounds
-- finds: sequence public.s differs
-- setup:
CREATE SEQUENCE s;
-- up:
ALTER SEQUENCE s MAXVALUE 1000 CYCLE;
-- forgets:
SELECT 1;
-- restores:
ALTER SEQUENCE s NO MAXVALUE NO CYCLE;

-- case: sequence rights
-- finds: rights public.s differs
-- setup:
CREATE SEQUENCE s;
-- up:
GRANT USAGE ON SEQUENCE s TO somebody;
-- forgets:
SELECT 1;
-- restores:
REVOKE ALL ON SEQUENCE s FROM somebody;

-- case: type rights
-- finds: rights
-- setup:
CREATE TYPE e AS ENUM ('a');
-- up:
REVOKE USAGE ON TYPE e FROM PUBLIC;
-- forgets:
SELECT 1;
-- restores:
GRANT USAGE ON TYPE e TO PUBLIC;

-- case: domain default
-- finds: domain public.d differs
-- setup:
CREATE DOMAIN d AS int;
-- up:
ALTER DOMAIN d SET DEFAULT 3;
-- forgets:
SELECT 1;
-- restores:
ALTER DOMAIN d DROP DEFAULT;

-- case: enum type left behind
-- finds: enum public.mood was not there
-- up:
CREATE TYPE mood AS ENUM ('good', 'bad'); ALTER TABLE t ADD mood mood;
-- forgets:
ALTER TABLE t DROP mood;
-- restores:
ALTER TABLE t DROP mood; DROP TYPE mood;

-- case: comment on an index
-- finds: comment index public.i was not there
-- setup:
CREATE INDEX i ON t (a);
-- up:
COMMENT ON INDEX i IS 'fast';
-- forgets:
SELECT 1;
-- restores:
COMMENT ON INDEX i IS NULL;

-- case: comment on a constraint
-- finds: comment constraint t_pkey on table public.t
-- up:
COMMENT ON CONSTRAINT t_pkey ON t IS 'the key';
-- forgets:
SELECT 1;
-- restores:
COMMENT ON CONSTRAINT t_pkey ON t IS NULL;

-- case: comment on a function
-- finds: comment function public.f()
-- setup:
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- up:
COMMENT ON FUNCTION f() IS 'one';
-- forgets:
SELECT 1;
-- restores:
COMMENT ON FUNCTION f() IS NULL;

-- case: publication columns
-- finds: columns a, id
-- setup:
CREATE PUBLICATION pub FOR TABLE t;
-- up:
ALTER PUBLICATION pub SET TABLE t (id, a);
-- forgets:
SELECT 1;
-- restores:
ALTER PUBLICATION pub SET TABLE t;

-- case: publication rows
-- finds: where
-- setup:
CREATE PUBLICATION pub FOR TABLE t;
-- up:
ALTER PUBLICATION pub SET TABLE t WHERE (id > 1);
-- forgets:
SELECT 1;
-- restores:
ALTER PUBLICATION pub SET TABLE t;

-- case: publication of a schema
-- finds: schemas public
-- setup:
CREATE PUBLICATION pub;
-- up:
ALTER PUBLICATION pub ADD TABLES IN SCHEMA public;
-- forgets:
SELECT 1;
-- restores:
ALTER PUBLICATION pub DROP TABLES IN SCHEMA public;

-- case: subscription
-- finds: subscription sub was not there
-- up:
CREATE SUBSCRIPTION sub CONNECTION 'host=nowhere.invalid' PUBLICATION pub WITH (connect = false, slot_name = NONE, create_slot = false, enabled = false);
-- forgets:
SELECT 1;
-- restores:
DROP SUBSCRIPTION sub;

-- case: event trigger disabled
-- finds: event trigger et differs
-- setup:
CREATE FUNCTION et() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER et ON ddl_command_end WHEN TAG IN ('CREATE RULE') EXECUTE FUNCTION et();
-- up:
ALTER EVENT TRIGGER et DISABLE;
-- forgets:
SELECT 1;
-- restores:
ALTER EVENT TRIGGER et ENABLE;

-- case: statistics object's target
-- finds: target 50
-- setup:
CREATE STATISTICS st ON id, a FROM t;
-- up:
ALTER STATISTICS st SET STATISTICS 50;
-- forgets:
SELECT 1;
-- restores:
ALTER STATISTICS st SET STATISTICS -1;

-- case: partition bound
-- finds: table public.p1 differs
-- setup:
CREATE TABLE p (x int) PARTITION BY RANGE (x); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
-- up:
DROP TABLE p1; CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (20);
-- forgets:
SELECT 1;
-- restores:
DROP TABLE p1; CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);

-- case: partition's index detached
-- finds: index public.p1_x differs
-- setup:
CREATE TABLE p (x int) PARTITION BY RANGE (x); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); CREATE INDEX p_x ON ONLY p (x); CREATE INDEX p1_x ON p1 (x);
-- up:
ALTER INDEX p_x ATTACH PARTITION p1_x;
-- forgets:
SELECT 1;
-- restores:
DROP INDEX p_x; CREATE INDEX p_x ON ONLY p (x); CREATE INDEX p1_x ON p1 (x);

-- case: text search dictionary
-- finds: text search dictionary public.dict differs
-- setup:
CREATE TEXT SEARCH DICTIONARY dict (TEMPLATE = simple);
-- up:
ALTER TEXT SEARCH DICTIONARY dict (StopWords = english);
-- forgets:
SELECT 1;
-- restores:
ALTER TEXT SEARCH DICTIONARY dict (StopWords);

-- case: operator class
-- finds: operator class public.oc using hash was not there
-- up:
CREATE OPERATOR CLASS oc FOR TYPE int USING hash AS OPERATOR 1 =, FUNCTION 1 hashint4(int);
-- forgets:
SELECT 1;
-- restores:
DROP OPERATOR CLASS oc USING hash; DROP OPERATOR FAMILY oc USING hash;

-- case: conversion
-- finds: conversion public.cv was not there
-- up:
CREATE CONVERSION cv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
-- forgets:
SELECT 1;
-- restores:
DROP CONVERSION cv;

-- case: foreign table option
-- finds: foreign
-- setup:
CREATE FOREIGN DATA WRAPPER w; CREATE SERVER fs FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE ft (x int) SERVER fs;
-- up:
ALTER FOREIGN TABLE ft OPTIONS (ADD name 'other');
-- forgets:
SELECT 1;
-- restores:
ALTER FOREIGN TABLE ft OPTIONS (DROP name);

-- case: language rights
-- finds: language plpgsql differs
-- up:
REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;
-- forgets:
SELECT 1;
-- restores:
GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC;

-- case: table of a type
-- finds: table public.n differs
-- setup:
CREATE TYPE k AS (x int); CREATE TABLE n OF k;
-- up:
ALTER TABLE n NOT OF;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE n OF k;

-- case: access method
-- finds: access method heap2 was not there
-- up:
CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;
-- forgets:
SELECT 1;
-- restores:
DROP ACCESS METHOD heap2;
