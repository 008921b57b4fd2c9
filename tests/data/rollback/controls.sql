-- Downs that restore everything, though not by the way that up took. Each case begins with `create table t` of tests/it/migration/corpus.rs.

-- case: columns in another order
-- setup:
CREATE TABLE n (x int, y int);
-- up:
ALTER TABLE n DROP x;
-- restores:
ALTER TABLE n ADD x int;

-- case: rows in another order on the disk
-- up:
UPDATE t SET a = a + 1;
-- restores:
UPDATE t SET a = a - 1;

-- case: rows deleted and put back
-- setup:
CREATE TABLE keep AS SELECT * FROM t;
-- up:
DELETE FROM t;
-- restores:
INSERT INTO t SELECT * FROM keep ORDER BY id DESC;

-- case: rows that went through a sequence
-- setup:
CREATE TABLE n (id serial PRIMARY KEY, x int);
-- up:
INSERT INTO n (x) SELECT generate_series(1, 10);
-- restores:
DELETE FROM n;

-- case: table made again
-- setup:
CREATE TABLE n (x int PRIMARY KEY, y text); INSERT INTO n VALUES (1, 'a');
-- up:
CREATE TABLE keep AS SELECT * FROM n; DROP TABLE n;
-- restores:
CREATE TABLE n (x int PRIMARY KEY, y text); INSERT INTO n SELECT * FROM keep; DROP TABLE keep;

-- case: rights given as they are by default
-- setup:
CREATE TABLE n (x int);
-- up:
GRANT SELECT ON n TO somebody;
-- restores:
REVOKE SELECT ON n FROM somebody;

-- case: function made again
-- setup:
CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql AS 'SELECT x';
-- up:
DROP FUNCTION f(int);
-- restores:
CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql AS 'SELECT x';

-- case: enum made again
-- setup:
CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE n (id int PRIMARY KEY, x e); INSERT INTO n VALUES (1, 'b');
-- up:
ALTER TABLE n ALTER x TYPE text; DROP TYPE e;
-- restores:
CREATE TYPE e AS ENUM ('a', 'b'); ALTER TABLE n ALTER x TYPE e USING x::e;

-- case: table rewritten
-- up:
ALTER TABLE t ALTER a TYPE bigint;
-- restores:
ALTER TABLE t ALTER a TYPE int;

-- case: generated column made again
-- setup:
ALTER TABLE t ADD g int GENERATED ALWAYS AS (a + 1) STORED;
-- up:
ALTER TABLE t DROP g;
-- restores:
ALTER TABLE t ADD g int GENERATED ALWAYS AS (a + 1) STORED;

-- case: names that need quotes
-- setup:
CREATE TABLE "Odd.Na""me" ("Id" int PRIMARY KEY, "sélect" text); INSERT INTO "Odd.Na""me" VALUES (1, 'ä');
-- up:
UPDATE "Odd.Na""me" SET "sélect" = 'b';
-- restores:
UPDATE "Odd.Na""me" SET "sélect" = 'ä';
