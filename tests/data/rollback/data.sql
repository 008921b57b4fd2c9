-- Rows and sequences that a down does not bring back. Each case begins with `create table t` of tests/it/migration/corpus.rs.

-- case: row deleted
-- finds: public.t: 3 rows before, 2 now
-- up:
DELETE FROM t WHERE id = 3;
-- forgets:
SELECT 1;
-- restores:
INSERT INTO t VALUES (3, NULL, NULL);

-- case: values changed
-- finds: public.t (b): 3 rows
-- up:
UPDATE t SET b = upper(b);
-- forgets:
SELECT 1;
-- restores:
UPDATE t SET b = lower(b);

-- case: NULL became empty
-- finds: public.t (b): 3 rows
-- setup:
ALTER TABLE t ADD CONSTRAINT n CHECK (true);
-- up:
UPDATE t SET b = '' WHERE b IS NULL;
-- forgets:
SELECT 1;
-- restores:
UPDATE t SET b = NULL WHERE b = '';

-- case: values swapped between rows
-- finds: public.t (a): 3 rows
-- up:
UPDATE t SET a = 3 - a;
-- forgets:
SELECT 1;
-- restores:
UPDATE t SET a = 3 - a;

-- case: values swapped without a key
-- finds: public.n: 2 rows
-- setup:
CREATE TABLE n (x int, y int); INSERT INTO n VALUES (1, 2), (2, 1);
-- up:
UPDATE n SET y = 3 - y;
-- forgets:
SELECT 1;
-- restores:
UPDATE n SET y = 3 - y;

-- case: column dropped and made again
-- finds: public.t (b): 3 rows
-- setup:
CREATE TABLE keep AS SELECT id, b FROM t;
-- up:
ALTER TABLE t DROP b;
-- forgets:
ALTER TABLE t ADD b text DEFAULT 'x';
-- restores:
ALTER TABLE t ADD b text DEFAULT 'x'; UPDATE t SET b = k.b FROM keep k WHERE k.id = t.id;

-- case: sequence position set
-- finds: sequence public.s stood at 5 and now at 100
-- setup:
CREATE SEQUENCE s; SELECT setval('s', 5);
-- up:
SELECT setval('s', 100);
-- forgets:
SELECT 1;
-- restores:
SELECT setval('s', 5);

-- case: sequence restarted
-- finds: sequence public.s stood at
-- setup:
CREATE SEQUENCE s;
-- up:
ALTER SEQUENCE s RESTART WITH 50;
-- forgets:
SELECT 1;
-- restores:
ALTER SEQUENCE s RESTART WITH 1;

-- case: sequence set back below its rows
-- finds: sequence public.n_id_seq stood at 2 and now at 1
-- setup:
CREATE TABLE n (id serial PRIMARY KEY); INSERT INTO n DEFAULT VALUES; INSERT INTO n DEFAULT VALUES;
-- up:
UPDATE n SET id = id;
-- forgets:
SELECT setval('n_id_seq', 1);
-- restores:
SELECT setval('n_id_seq', 2);

-- case: table emptied
-- finds: public.t: 3 rows before, 0 now
-- up:
TRUNCATE t;
-- forgets:
SELECT 1;
-- restores:
INSERT INTO t VALUES (1, 1, 'one'), (2, 2, 'two'), (3, NULL, NULL);

-- case: scale of a number
-- finds: public.n (x): 1 rows
-- setup:
CREATE TABLE n (id int PRIMARY KEY, x numeric); INSERT INTO n VALUES (1, 1.0);
-- up:
UPDATE n SET x = 1.00;
-- forgets:
SELECT 1;
-- restores:
UPDATE n SET x = 1.0;

-- case: interval of equal length
-- finds: public.n (x): 1 rows
-- setup:
CREATE TABLE n (id int PRIMARY KEY, x interval); INSERT INTO n VALUES (1, '1 month');
-- up:
UPDATE n SET x = '30 days';
-- forgets:
SELECT 1;
-- restores:
UPDATE n SET x = '1 month';

-- case: json text
-- finds: public.n (x): 1 rows
-- setup:
CREATE TABLE n (id int PRIMARY KEY, x json); INSERT INTO n VALUES (1, '{"a": 1}');
-- up:
UPDATE n SET x = x::jsonb || '{"b": 2}';
-- forgets:
UPDATE n SET x = (x::jsonb - 'b' - 'a')::json;
-- restores:
UPDATE n SET x = '{"a": 1}';

-- case: bytes
-- finds: public.n (x): 1 rows
-- setup:
CREATE TABLE n (id int PRIMARY KEY, x bytea); INSERT INTO n VALUES (1, '\x00ff');
-- up:
UPDATE n SET x = '\x00';
-- forgets:
SELECT 1;
-- restores:
UPDATE n SET x = '\x00ff';

-- case: a second of a time
-- finds: public.n (x): 1 rows
-- setup:
CREATE TABLE n (id int PRIMARY KEY, x timestamptz); INSERT INTO n VALUES (1, '2026-01-01 00:00:00.000001Z');
-- up:
UPDATE n SET x = date_trunc('second', x);
-- forgets:
SELECT 1;
-- restores:
UPDATE n SET x = '2026-01-01 00:00:00.000001Z';

-- case: duplicate row of a table without a key
-- finds: public.n: 3 rows before, 2 now
-- setup:
CREATE TABLE n (x int, y text); INSERT INTO n VALUES (1, 'a'), (1, 'a'), (2, NULL);
-- up:
CREATE TABLE keep AS SELECT * FROM n; TRUNCATE n; INSERT INTO n SELECT DISTINCT * FROM keep;
-- forgets:
DROP TABLE keep;
-- restores:
TRUNCATE n; INSERT INTO n SELECT * FROM keep; DROP TABLE keep;

-- case: trailing space
-- finds: public.t (b): 3 rows
-- up:
UPDATE t SET b = b || ' ' WHERE id = 1;
-- forgets:
SELECT 1;
-- restores:
UPDATE t SET b = rtrim(b) WHERE id = 1;

-- case: array's order
-- finds: public.n (x): 1 rows
-- setup:
CREATE TABLE n (id int PRIMARY KEY, x int[]); INSERT INTO n VALUES (1, '{1,2}');
-- up:
UPDATE n SET x = '{2,1}';
-- forgets:
SELECT 1;
-- restores:
UPDATE n SET x = '{1,2}';

-- case: row moved to another partition's key
-- finds: public.p1
-- setup:
CREATE TABLE p (x int, y int) PARTITION BY LIST (x); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2); INSERT INTO p VALUES (1, 1);
-- up:
UPDATE p SET x = 2;
-- forgets:
SELECT 1;
-- restores:
UPDATE p SET x = 1;

-- case: key of a compound kind
-- finds: public.n (v): 2 rows
-- setup:
CREATE TABLE n (a int, b text, v int, PRIMARY KEY (a, b)); INSERT INTO n VALUES (1, 'x', 1), (1, 'y', 2);
-- up:
UPDATE n SET v = 3 - v;
-- forgets:
SELECT 1;
-- restores:
UPDATE n SET v = 3 - v;

-- case: materialised view not refreshed
-- finds: public.m
-- setup:
CREATE MATERIALIZED VIEW m AS SELECT count(*) AS n FROM t;
-- up:
INSERT INTO t VALUES (9); REFRESH MATERIALIZED VIEW m;
-- forgets:
DELETE FROM t WHERE id = 9;
-- restores:
DELETE FROM t WHERE id = 9; REFRESH MATERIALIZED VIEW m;

-- case: values of an enum
-- finds: public.n (x): 1 rows
-- setup:
CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE n (id int PRIMARY KEY, x e); INSERT INTO n VALUES (1, 'a');
-- up:
UPDATE n SET x = 'b';
-- forgets:
SELECT 1;
-- restores:
UPDATE n SET x = 'a';

-- case: point, which has no hash
-- finds: public.n (x): 1 rows
-- setup:
CREATE TABLE n (id int PRIMARY KEY, x point); INSERT INTO n VALUES (1, '(1,2)');
-- up:
UPDATE n SET x = '(2,1)';
-- forgets:
SELECT 1;
-- restores:
UPDATE n SET x = '(1,2)';

-- case: type and back with loss
-- finds: public.n (x): 1 rows
-- setup:
CREATE TABLE n (id int PRIMARY KEY, x numeric(6,2)); INSERT INTO n VALUES (1, 1.25);
-- up:
ALTER TABLE n ALTER x TYPE int;
-- forgets:
ALTER TABLE n ALTER x TYPE numeric(6,2);
-- restores:
ALTER TABLE n ALTER x TYPE numeric(6,2); UPDATE n SET x = 1.25;

-- case: large object
-- finds: large objects
-- setup:
CREATE TABLE lo (id oid); INSERT INTO lo SELECT lo_from_bytea(0, 'one');
-- up:
SELECT lo_put(id, 0, 'two') FROM lo;
-- forgets:
SELECT 1;
-- restores:
SELECT lo_put(id, 0, 'one') FROM lo;

-- case: two columns swap their names
-- finds: public.t (a, c): 3 rows
-- setup:
ALTER TABLE t ADD c int; UPDATE t SET c = id * 10;
-- up:
ALTER TABLE t RENAME a TO x; ALTER TABLE t RENAME c TO a; ALTER TABLE t RENAME x TO c;
-- forgets:
SELECT 1;
-- restores:
ALTER TABLE t RENAME a TO x; ALTER TABLE t RENAME c TO a; ALTER TABLE t RENAME x TO c;
