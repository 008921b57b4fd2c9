//! A planted fault in each category.

use super::staging::{DOWN, Staging, UP, expect};
use crate::support::engine_or_skip;

#[tokio::test(flavor = "multi_thread")]
async fn a_planted_fault_in_each_category_turns_the_verdict_red_and_names_the_culprit() {
    if !engine_or_skip() {
        return;
    }
    let staging = Staging::start().await;
    let conversion = "  conversions:\n    - {table: users, column: role, from: LEARNER, to: CUSTOMER}\n";

    // Prerequisites: a conversion of a column that is not there.
    staging.migration(UP, Some(DOWN));
    staging.configure("  conversions:\n    - {table: users, column: rank, from: LEARNER, to: CUSTOMER}\n");
    let report = staging.test(&["--only", "prerequisites"]).expect_code(1).json();
    expect(&report, "MIG-PRE-008", "fail", "`rank`");
    staging.server.execute("postgres", "ALTER ROLE app SUPERUSER").await;
    staging.configure("  irreversible: [two]\n");
    let report = staging.test(&["--only", "prerequisites"]).expect_code(1).json();
    expect(&report, "MIG-PRE-002", "fail", "no step `two`");
    expect(&report, "MIG-PRE-004", "fail", "`app` is a superuser");
    expect(&report, "MIG-PRE-006", "pass", "MB free");
    staging.server.execute("postgres", "ALTER ROLE app NOSUPERUSER").await;
    staging
        .server
        .execute("staging_db", "CREATE TABLE empty_one (x int); ALTER TABLE empty_one OWNER TO app")
        .await;
    staging.configure("");
    staging.migration("ALTER TABLE empty_one ADD y int", None);
    let report = staging.test(&["--only", "prerequisites"]).expect_code(0).json();
    expect(&report, "MIG-PRE-001", "warn", "one: there is no down");
    expect(&report, "MIG-PRE-009", "warn", "public.empty_one is empty");

    // Logic: one row is left, another one is converted that should not be.
    staging.migration(
        "ALTER TABLE users ALTER role DROP DEFAULT, ALTER role TYPE text;\nUPDATE users SET role = 'CUSTOMER' WHERE id > 2;",
        Some("SELECT 1"),
    );
    staging.configure(&format!(
        "{conversion}  assertions:\n    - {{name: no learner, sql: \"SELECT 1 FROM users WHERE role = 'LEARNER'\"}}\n"
    ));
    let report = staging.test(&["--only", "logic"]).expect_code(1).json();
    expect(&report, "MIG-LOG-002", "fail", "1 rows still hold LEARNER");
    expect(&report, "MIG-LOG-003", "fail", "3 rows went from TEACHER to CUSTOMER");
    expect(&report, "MIG-LOG-005", "fail", "no learner: 1 rows");

    // Logic: row security hides every row from the role, and the update looks like a success.
    let secured = "ALTER TABLE orders ENABLE ROW LEVEL SECURITY; ALTER TABLE orders FORCE ROW LEVEL SECURITY";
    staging.server.execute("staging_db", secured).await;
    staging.migration("UPDATE orders SET total = 0;", Some("SELECT 1"));
    staging.configure("");
    let report = staging.test(&["--only", "logic"]).expect_code(0).json();
    expect(&report, "MIG-LOG-004", "warn", "up.sql:1 touched no row");
    let open =
        "ALTER TABLE orders DISABLE ROW LEVEL SECURITY; ALTER TABLE orders NO FORCE ROW LEVEL SECURITY";
    staging.server.execute("staging_db", open).await;

    // Logic: up does not apply; the line is that of the very word.
    staging.configure("");
    staging.migration("SELECT 1;\n\nALTER TABLE users\n  ADD COLUMN email text;\n", Some("SELECT 1"));
    let report = staging.test(&[]).expect_code(1).json();
    expect(&report, "MIG-LOG-001", "fail", "up.sql:3");
    expect(&report, "MIG-ROL-001", "fail", "already exists");
    staging.migration("SELECT 1;\nSELECT\n  2 +\n  ) 3;\n", Some("SELECT 1"));
    let report = staging.test(&["--only", "logic"]).expect_code(1).json();
    expect(&report, "MIG-LOG-001", "fail", "up.sql:4 (syntax error");

    // Integrity: an orphan behind a key that was never validated, a lost row, a dropped guard.
    staging.migration(
        "ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey;\nUPDATE orders SET user_id = 99 WHERE id = 1;\n\
         ALTER TABLE orders ADD CONSTRAINT orders_user_fk FOREIGN KEY (user_id) REFERENCES users NOT VALID;\n\
         DELETE FROM orders WHERE id = 2;\nALTER TABLE orders DROP CONSTRAINT orders_total_check;\n\
         UPDATE orders SET total = -1 WHERE id = 3;\nALTER TABLE orders ADD CONSTRAINT total_ok CHECK (total >= 0) NOT VALID;",
        Some("SELECT 1"),
    );
    let report = staging.test(&["--only", "integrity"]).expect_code(1).json();
    expect(&report, "MIG-INT-001", "fail", "orders_user_fk on orders: 1 rows");
    expect(&report, "MIG-INT-002", "fail", "total_ok on orders: 1 rows");
    expect(&report, "MIG-INT-003", "warn", "orders_user_fk");
    expect(&report, "MIG-INT-005", "fail", "public.orders: 12 rows before, 11 now");
    expect(&report, "MIG-INT-006", "warn", "orders_total_check is gone");

    // Integrity: hidden in code, the migration reaches for the staging database itself.
    staging.migration(
        "DO $$ BEGIN EXECUTE 'ALTER DATABASE staging_db SET work_mem = ''9MB'''; END $$;",
        Some("SELECT 1"),
    );
    let report = staging.test(&["--only", "logic"]).expect_code(1).json();
    expect(&report, "MIG-INT-008", "fail", "work_mem");
    staging.server.execute("postgres", "ALTER DATABASE staging_db RESET work_mem").await;

    // Rollback: a default, a grant and a comment are forgotten, and a column's values are lost.
    staging
        .server
        .execute("staging_db", "GRANT SELECT ON users TO pg_monitor; COMMENT ON COLUMN users.note IS 'why'")
        .await;
    staging.server.execute("staging_db", "UPDATE users SET note = 'note ' || id WHERE id < 4").await;
    staging.migration(
        "ALTER TABLE users DROP note;\nALTER TABLE users ALTER role DROP DEFAULT;\nREVOKE SELECT ON users FROM pg_monitor;",
        Some("ALTER TABLE users ADD note varchar(20);"),
    );
    let report = staging.test(&["--only", "rollback"]).expect_code(1).json();
    expect(&report, "MIG-ROL-002", "fail", "column public.users.role differs: before `default 'LEARNER'");
    expect(&report, "MIG-ROL-002", "fail", "rights public.users differs");
    expect(&report, "MIG-ROL-002", "fail", "comment column note of table public.users is gone");
    expect(&report, "MIG-ROL-003", "fail", "public.users (note): 8 rows, 3 of them differ");

    // Performance: the index that a query needs goes, and a lock is held too long.
    staging.server.execute("staging_db", "INSERT INTO orders SELECT i, 1 + i % 8, i FROM generate_series(100, 30000) i; CREATE INDEX by_total ON orders (total); ANALYZE orders").await;
    staging.migration(
        "DROP INDEX by_total;\nSELECT pg_sleep(0.2);",
        Some("CREATE INDEX by_total ON orders (total);"),
    );
    staging.configure("  queries:\n    - {name: one order, sql: SELECT id FROM orders WHERE total = 77}\n");
    let text = staging.workspace.read("stagectl.yml").replace("lock_ms: 60000", "lock_ms: 100\n  up_ms: 150");
    staging.workspace.write("stagectl.yml", &text);
    let report = staging.test(&["--only", "performance"]).expect_code(1).json();
    expect(&report, "MIG-PRF-002", "fail", "one order now reads orders as a whole");
    expect(&report, "MIG-PRF-003", "fail", "ACCESS EXCLUSIVE on table public.orders");
    expect(&report, "MIG-PRF-005", "fail", "ms and");
    staging.migration(
        "ALTER TABLE orders RENAME total TO sum;\nALTER TABLE orders ALTER id TYPE bigint;",
        Some("ALTER TABLE orders ALTER id TYPE int;\nALTER TABLE orders RENAME sum TO total;"),
    );
    let report = staging.test(&["--only", "performance"]).expect_code(1).json();
    expect(&report, "MIG-PRF-001", "fail", "one order does not run after up");
    expect(&report, "MIG-PRF-004", "warn", "up.sql:2 writes public.orders anew");
    assert_eq!(staging.databases().await, ["staging_db"]);
}
