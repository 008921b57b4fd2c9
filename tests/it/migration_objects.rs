//! The fingerprint against every kind of object: a down that forgets it is caught with the object
//! named, and a faithful one leaves no difference.

use futures_util::StreamExt as _;
use stagectl::migration::{State, data_differences, schema_differences};

use crate::support::{Postgres, engine_or_skip};

/// One kind of object.
struct Case {
    /// What a finding must say.
    names: &'static str,
    setup: &'static str,
    up: &'static str,
    forgets: &'static str,
    restores: &'static str,
}

const fn case(
    names: &'static str,
    setup: &'static str,
    up: &'static str,
    forgets: &'static str,
    restores: &'static str,
) -> Case {
    Case { names, setup, up, forgets, restores }
}

const TABLE: &str = "CREATE TABLE t (id int PRIMARY KEY, a int, b text DEFAULT 'x'); INSERT INTO t VALUES (1, 1, 'one'), (2, 2, 'two'), (3, NULL, NULL);";

/// Every up and every down runs without an error; `TABLE` is there before each setup.
const CASES: &[Case] = &[
    case("table public.n was not there", "", "CREATE TABLE n (x int)", "SELECT 1", "DROP TABLE n"),
    case(
        "column public.t.c was not there",
        "",
        "ALTER TABLE t ADD c int",
        "SELECT 1",
        "ALTER TABLE t DROP c",
    ),
    case(
        "column public.t.a differs",
        "",
        "ALTER TABLE t ALTER a TYPE bigint",
        "SELECT 1",
        "ALTER TABLE t ALTER a TYPE int",
    ),
    case(
        "column public.t.b differs: before `default 'x'",
        "",
        "ALTER TABLE t ALTER b DROP DEFAULT",
        "SELECT 1",
        "ALTER TABLE t ALTER b SET DEFAULT 'x'",
    ),
    case(
        "column public.t.c differs: before `not null`",
        "ALTER TABLE t ADD c int NOT NULL DEFAULT 0",
        "ALTER TABLE t ALTER c DROP NOT NULL",
        "SELECT 1",
        "ALTER TABLE t ALTER c SET NOT NULL",
    ),
    case(
        "column public.t.g differs",
        "ALTER TABLE t ADD g int GENERATED ALWAYS AS (a * 2) STORED",
        "ALTER TABLE t ALTER g DROP EXPRESSION",
        "SELECT 1",
        "ALTER TABLE t DROP g; ALTER TABLE t ADD g int GENERATED ALWAYS AS (a * 2) STORED",
    ),
    case(
        "column public.t.id differs",
        "",
        "ALTER TABLE t ALTER id ADD GENERATED ALWAYS AS IDENTITY",
        "SELECT 1",
        "ALTER TABLE t ALTER id DROP IDENTITY",
    ),
    case(
        "storage e",
        "",
        "ALTER TABLE t ALTER b SET STORAGE EXTERNAL",
        "SELECT 1",
        "ALTER TABLE t ALTER b SET STORAGE EXTENDED",
    ),
    case(
        "statistics 500",
        "",
        "ALTER TABLE t ALTER b SET STATISTICS 500",
        "SELECT 1",
        "ALTER TABLE t ALTER b SET STATISTICS -1",
    ),
    case(
        "compression",
        "",
        "ALTER TABLE t ALTER b SET COMPRESSION pglz",
        "SELECT 1",
        "ALTER TABLE t ALTER b SET COMPRESSION default",
    ),
    case(
        "options n_distinct=5",
        "",
        "ALTER TABLE t ALTER a SET (n_distinct = 5)",
        "SELECT 1",
        "ALTER TABLE t ALTER a RESET (n_distinct)",
    ),
    case(
        "collation pg_catalog.\"C\"",
        "",
        "ALTER TABLE t ALTER b TYPE text COLLATE \"C\"",
        "SELECT 1",
        "ALTER TABLE t ALTER b TYPE text COLLATE \"default\"",
    ),
    case(
        "options fillfactor=50",
        "",
        "ALTER TABLE t SET (fillfactor = 50)",
        "SELECT 1",
        "ALTER TABLE t RESET (fillfactor)",
    ),
    case("unlogged", "", "ALTER TABLE t SET UNLOGGED", "SELECT 1", "ALTER TABLE t SET LOGGED"),
    case(
        "replica identity f",
        "",
        "ALTER TABLE t REPLICA IDENTITY FULL",
        "SELECT 1",
        "ALTER TABLE t REPLICA IDENTITY DEFAULT",
    ),
    case(
        "table public.t differs: before `owner postgres`",
        "",
        "ALTER TABLE t OWNER TO somebody",
        "SELECT 1",
        "ALTER TABLE t OWNER TO postgres",
    ),
    case(
        "rights public.t differs",
        "GRANT SELECT ON t TO somebody",
        "REVOKE SELECT ON t FROM somebody",
        "SELECT 1",
        "GRANT SELECT ON t TO somebody",
    ),
    case(
        "rights somebody=w/postgres",
        "",
        "GRANT UPDATE (a) ON t TO somebody",
        "SELECT 1",
        "REVOKE UPDATE (a) ON t FROM somebody",
    ),
    case(
        "constraint public.t.positive is gone",
        "ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0)",
        "ALTER TABLE t DROP CONSTRAINT positive",
        "SELECT 1",
        "ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0)",
    ),
    case(
        "not validated",
        "ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0)",
        "ALTER TABLE t DROP CONSTRAINT positive",
        "ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0) NOT VALID",
        "ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0)",
    ),
    case(
        "constraint public.c.c_t_fkey differs",
        "CREATE TABLE c (t int REFERENCES t ON DELETE CASCADE)",
        "ALTER TABLE c DROP CONSTRAINT c_t_fkey",
        "ALTER TABLE c ADD FOREIGN KEY (t) REFERENCES t",
        "ALTER TABLE c ADD FOREIGN KEY (t) REFERENCES t ON DELETE CASCADE",
    ),
    case(
        "constraint public.t.u is gone",
        "ALTER TABLE t ADD CONSTRAINT u UNIQUE (a)",
        "ALTER TABLE t DROP CONSTRAINT u",
        "SELECT 1",
        "ALTER TABLE t ADD CONSTRAINT u UNIQUE (a)",
    ),
    case(
        "constraint public.t.ex is gone",
        "ALTER TABLE t ADD CONSTRAINT ex EXCLUDE (a WITH =)",
        "ALTER TABLE t DROP CONSTRAINT ex",
        "SELECT 1",
        "ALTER TABLE t ADD CONSTRAINT ex EXCLUDE (a WITH =)",
    ),
    case(
        "index public.i differs",
        "CREATE INDEX i ON t (a) WHERE b = 'x'",
        "DROP INDEX i",
        "CREATE INDEX i ON t (a)",
        "CREATE INDEX i ON t (a) WHERE b = 'x'",
    ),
    case(
        "index public.i is gone",
        "CREATE INDEX i ON t (a)",
        "DROP INDEX i",
        "SELECT 1",
        "CREATE INDEX i ON t (a)",
    ),
    case(
        "index public.t_pkey differs: before ``, now `clustered`",
        "",
        "CLUSTER t USING t_pkey",
        "SELECT 1",
        "ALTER TABLE t SET WITHOUT CLUSTER",
    ),
    case(
        "view public.v differs",
        "CREATE VIEW v AS SELECT id FROM t",
        "CREATE OR REPLACE VIEW v AS SELECT id FROM t WHERE a > 1",
        "SELECT 1",
        "CREATE OR REPLACE VIEW v AS SELECT id FROM t",
    ),
    case(
        "options security_barrier=true",
        "CREATE VIEW v AS SELECT id FROM t",
        "ALTER VIEW v SET (security_barrier = true)",
        "SELECT 1",
        "ALTER VIEW v RESET (security_barrier)",
    ),
    case(
        "not populated",
        "CREATE MATERIALIZED VIEW m AS SELECT id FROM t",
        "DROP MATERIALIZED VIEW m",
        "CREATE MATERIALIZED VIEW m AS SELECT id FROM t WITH NO DATA",
        "CREATE MATERIALIZED VIEW m AS SELECT id FROM t",
    ),
    case(
        "function public.f(i integer) differs",
        "CREATE FUNCTION f(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'",
        "CREATE OR REPLACE FUNCTION f(i int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1'",
        "SELECT 1",
        "CREATE OR REPLACE FUNCTION f(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'",
    ),
    case(
        "function public.p() was not there",
        "",
        "CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1'",
        "SELECT 1",
        "DROP PROCEDURE p()",
    ),
    case(
        "function public.s(integer) was not there",
        "",
        "CREATE AGGREGATE s(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0')",
        "SELECT 1",
        "DROP AGGREGATE s(int)",
    ),
    case(
        "function public.f() differs",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC",
        "SELECT 1",
        "GRANT EXECUTE ON FUNCTION f() TO PUBLIC",
    ),
    case(
        "trigger public.t.g differs",
        "CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION tf()",
        "ALTER TABLE t DISABLE TRIGGER g",
        "SELECT 1",
        "ALTER TABLE t ENABLE TRIGGER g",
    ),
    case(
        "key trigger public.c.c_t_fkey differs",
        "CREATE TABLE c (t int REFERENCES t)",
        "ALTER TABLE c DISABLE TRIGGER ALL",
        "SELECT 1",
        "ALTER TABLE c ENABLE TRIGGER ALL",
    ),
    case(
        "rule public.t.r is gone",
        "CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING",
        "DROP RULE r ON t",
        "SELECT 1",
        "CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING",
    ),
    case(
        "policy public.t.p differs",
        "CREATE POLICY p ON t USING (a > 0)",
        "ALTER POLICY p ON t USING (true)",
        "SELECT 1",
        "ALTER POLICY p ON t USING (a > 0)",
    ),
    case(
        "row security",
        "",
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
        "SELECT 1",
        "ALTER TABLE t DISABLE ROW LEVEL SECURITY",
    ),
    case(
        "row security forced",
        "",
        "ALTER TABLE t FORCE ROW LEVEL SECURITY",
        "SELECT 1",
        "ALTER TABLE t NO FORCE ROW LEVEL SECURITY",
    ),
    case(
        "sequence public.s differs",
        "CREATE SEQUENCE s",
        "ALTER SEQUENCE s INCREMENT 5",
        "SELECT 1",
        "ALTER SEQUENCE s INCREMENT 1",
    ),
    case(
        "owned by public.t.id",
        "CREATE SEQUENCE s",
        "ALTER SEQUENCE s OWNED BY t.id",
        "SELECT 1",
        "ALTER SEQUENCE s OWNED BY NONE",
    ),
    case(
        "enum public.e differs",
        "CREATE TYPE e AS ENUM ('a', 'b')",
        "ALTER TYPE e RENAME VALUE 'b' TO 'c'",
        "SELECT 1",
        "ALTER TYPE e RENAME VALUE 'c' TO 'b'",
    ),
    // The same labels in another order are another type: ORDER BY changes.
    case(
        "enum public.e differs: before `'a', 'b'`, now `'b', 'a'`",
        "CREATE TYPE e AS ENUM ('a', 'b')",
        "DROP TYPE e",
        "CREATE TYPE e AS ENUM ('b', 'a')",
        "CREATE TYPE e AS ENUM ('a', 'b')",
    ),
    case(
        "domain public.d differs",
        "CREATE DOMAIN d AS text DEFAULT 'x'",
        "ALTER DOMAIN d DROP DEFAULT",
        "SELECT 1",
        "ALTER DOMAIN d SET DEFAULT 'x'",
    ),
    case(
        "constraint public.d.short is gone",
        "CREATE DOMAIN d AS text CONSTRAINT short CHECK (length(VALUE) < 9)",
        "ALTER DOMAIN d DROP CONSTRAINT short",
        "SELECT 1",
        "ALTER DOMAIN d ADD CONSTRAINT short CHECK (length(VALUE) < 9)",
    ),
    case(
        "attribute public.k.y was not there",
        "CREATE TYPE k AS (x int)",
        "ALTER TYPE k ADD ATTRIBUTE y int",
        "SELECT 1",
        "ALTER TYPE k DROP ATTRIBUTE y",
    ),
    case(
        "range type public.rg was not there",
        "",
        "CREATE TYPE rg AS RANGE (SUBTYPE = float8)",
        "SELECT 1",
        "DROP TYPE rg",
    ),
    case("schema app was not there", "", "CREATE SCHEMA app", "SELECT 1", "DROP SCHEMA app"),
    case(
        "schema public differs",
        "",
        "GRANT CREATE ON SCHEMA public TO somebody",
        "SELECT 1",
        "REVOKE CREATE ON SCHEMA public FROM somebody",
    ),
    case(
        "default rights",
        "",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO somebody",
        "SELECT 1",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM somebody",
    ),
    case(
        "comment column a of table public.t is gone",
        "COMMENT ON COLUMN t.a IS 'why'",
        "COMMENT ON COLUMN t.a IS NULL",
        "SELECT 1",
        "COMMENT ON COLUMN t.a IS 'why'",
    ),
    case(
        "comment schema public differs",
        "",
        "COMMENT ON SCHEMA public IS 'other'",
        "SELECT 1",
        "COMMENT ON SCHEMA public IS 'standard public schema'",
    ),
    case(
        "extension pgcrypto was not there",
        "",
        "CREATE EXTENSION pgcrypto",
        "SELECT 1",
        "DROP EXTENSION pgcrypto",
    ),
    case(
        "publication pub differs",
        "CREATE PUBLICATION pub FOR TABLE t",
        "ALTER PUBLICATION pub DROP TABLE t",
        "SELECT 1",
        "ALTER PUBLICATION pub ADD TABLE t",
    ),
    case(
        "table public.p1 differs",
        "CREATE TABLE p (x int) PARTITION BY RANGE (x); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9)",
        "ALTER TABLE p DETACH PARTITION p1",
        "ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (0) TO (99)",
        "ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (0) TO (9)",
    ),
    case(
        "table public.h differs",
        "CREATE TABLE h (LIKE t)",
        "ALTER TABLE h INHERIT t",
        "SELECT 1",
        "ALTER TABLE h NO INHERIT t",
    ),
    case(
        "event trigger et was not there",
        "CREATE FUNCTION ef() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "CREATE EVENT TRIGGER et ON ddl_command_end WHEN TAG IN ('DROP OWNED') EXECUTE FUNCTION ef()",
        "SELECT 1",
        "DROP EVENT TRIGGER et",
    ),
    case(
        "statistics public.st is gone",
        "CREATE STATISTICS st ON a, b FROM t",
        "DROP STATISTICS st",
        "SELECT 1",
        "CREATE STATISTICS st ON a, b FROM t",
    ),
    case(
        "collation public.co was not there",
        "",
        "CREATE COLLATION co FROM \"C\"",
        "SELECT 1",
        "DROP COLLATION co",
    ),
    case(
        "operator public.===(integer, integer) was not there",
        "",
        "CREATE OPERATOR === (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int)",
        "SELECT 1",
        "DROP OPERATOR === (int, int)",
    ),
    case(
        "cast (text as public.k) was not there",
        "CREATE TYPE k AS (x int)",
        "CREATE CAST (text AS k) WITH INOUT",
        "SELECT 1",
        "DROP CAST (text AS k)",
    ),
    case(
        "text search configuration public.cfg was not there",
        "",
        "CREATE TEXT SEARCH CONFIGURATION cfg (COPY = simple)",
        "SELECT 1",
        "DROP TEXT SEARCH CONFIGURATION cfg",
    ),
    case(
        "foreign server fs was not there",
        "CREATE FOREIGN DATA WRAPPER w",
        "CREATE SERVER fs FOREIGN DATA WRAPPER w",
        "SELECT 1",
        "DROP SERVER fs",
    ),
    case(
        "user mapping somebody on fs",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER fs FOREIGN DATA WRAPPER w",
        "CREATE USER MAPPING FOR somebody SERVER fs",
        "SELECT 1",
        "DROP USER MAPPING FOR somebody SERVER fs",
    ),
    // Back at the end of the table: another order of columns alone is no failure.
    case(
        "column public.t.b is gone",
        "CREATE TABLE keep AS SELECT id, b FROM t",
        "ALTER TABLE t DROP b; ALTER TABLE t ADD c int",
        "ALTER TABLE t DROP c",
        "ALTER TABLE t DROP c, ADD b text DEFAULT 'x'; UPDATE t SET b = k.b FROM keep k WHERE k.id = t.id; ALTER TABLE t DROP a; ALTER TABLE t ADD a int; UPDATE t SET a = id WHERE id < 3",
    ),
    // Data: the schema is back, the rows are not.
    case(
        "public.t: 3 rows before, 2 now",
        "",
        "DELETE FROM t WHERE id = 3",
        "SELECT 1",
        "INSERT INTO t VALUES (3, NULL, NULL)",
    ),
    case("public.t (b): 3 rows", "", "UPDATE t SET b = upper(b)", "SELECT 1", "UPDATE t SET b = lower(b)"),
    case(
        "public.t (b): 3 rows",
        "ALTER TABLE t ADD CONSTRAINT n CHECK (true)",
        "UPDATE t SET b = '' WHERE b IS NULL",
        "SELECT 1",
        "UPDATE t SET b = NULL WHERE b = ''",
    ),
    // Two rows that swap their values: the same set of values, and still another table.
    case("public.t (a): 3 rows", "", "UPDATE t SET a = 3 - a", "SELECT 1", "UPDATE t SET a = 3 - a"),
    case(
        "public.n: 2 rows",
        "CREATE TABLE n (x int, y int); INSERT INTO n VALUES (1, 2), (2, 1)",
        "UPDATE n SET y = 3 - y",
        "SELECT 1",
        "UPDATE n SET y = 3 - y",
    ),
    case(
        "public.t (b): 3 rows",
        "CREATE TABLE keep AS SELECT id, b FROM t",
        "ALTER TABLE t DROP b",
        "ALTER TABLE t ADD b text DEFAULT 'x'",
        "ALTER TABLE t ADD b text DEFAULT 'x'; UPDATE t SET b = k.b FROM keep k WHERE k.id = t.id",
    ),
];

/// What tells the database after up and `down` from the one before.
async fn findings(server: &Postgres, database: &str, case: &Case, down: &str) -> Vec<String> {
    server.execute("postgres", &format!("CREATE DATABASE {database} TEMPLATE template0")).await;
    let mut session = server.session(database).await;
    let run = async |sql: &str| {
        if let Err(error) = session.batch_execute(sql).await {
            panic!("{}: {} in {sql}", case.names, stagectl::postgres::explain(&error));
        }
    };
    run(TABLE).await;
    run(case.setup).await;
    let before = State::take(&mut session).await.expect("the fingerprint before");
    let run = async |sql: &str| {
        if let Err(error) = session.batch_execute(sql).await {
            panic!("{}: {} in {sql}", case.names, stagectl::postgres::explain(&error));
        }
    };
    run(case.up).await;
    run(down).await;
    let after = State::take(&mut session).await.expect("the fingerprint after");
    drop(session);
    server.execute("postgres", &format!("DROP DATABASE {database} WITH (FORCE)")).await;
    let schema = schema_differences(&before.schema, &after.schema);
    let schema = schema.iter().filter(|d| !d.note_only).map(stagectl::migration::Difference::line);
    let data = data_differences(&before.data, &after.data);
    schema.chain(data.iter().map(stagectl::migration::DataDifference::line)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_down_that_forgets_any_kind_of_object_is_caught_and_a_faithful_one_passes() {
    if !engine_or_skip() {
        return;
    }
    let server = Postgres::start();
    server.execute("postgres", "CREATE ROLE somebody").await;
    let wrong: Vec<String> = futures_util::stream::iter(CASES.iter().enumerate())
        .map(async |(number, case)| {
            let mut wrong = Vec::new();
            let caught = findings(&server, &format!("bad_{number}"), case, case.forgets).await;
            if !caught.iter().any(|line| line.contains(case.names)) {
                wrong.push(format!("`{}` is not named; found {caught:?}", case.names));
            }
            let quiet = findings(&server, &format!("good_{number}"), case, case.restores).await;
            if !quiet.is_empty() {
                wrong.push(format!("`{}`: a faithful down is blamed: {quiet:?}", case.names));
            }
            wrong
        })
        .buffer_unordered(4)
        .concat()
        .await;
    assert!(CASES.len() >= 30);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
