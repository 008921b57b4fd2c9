//! Edge cases: cuts, locks, writers, rows that nobody thinks of.

use super::staging::{Staging, expect};
use crate::support::engine_or_skip;

#[tokio::test(flavor = "multi_thread")]
async fn edge_cases_find_what_a_quiet_run_does_not() {
    if !engine_or_skip() {
        return;
    }
    let staging = Staging::start().await;
    staging.server.execute("staging_db", "ALTER TABLE users ADD bio text DEFAULT 'short'").await;

    // Without a transaction: a cut leaves half, and a second run stops. Long text is cut silently.
    staging.configure("  transaction: never\n");
    staging.migration(
        "ALTER TABLE users ADD age int;\nUPDATE users SET bio = left(bio, 10);\nALTER TABLE users ADD size int;",
        Some("ALTER TABLE users DROP size;\nALTER TABLE users DROP age;"),
    );
    let report = staging.test(&["--only", "edge-cases"]).expect_code(1).json();
    expect(&report, "MIG-EDG-002", "fail", "cut after migrations/one/up.sql:1");
    expect(&report, "MIG-EDG-003", "fail", "cut after migrations/one/down.sql:1");
    expect(&report, "MIG-EDG-009", "fail", "up changes public.users.bio");
    expect(&report, "MIG-EDG-006", "pass", "values");

    // Each statement can be repeated: a cut is completed by a second run.
    staging.migration(
        "ALTER TABLE users ADD IF NOT EXISTS age int;\nALTER TABLE users ADD IF NOT EXISTS size int;",
        Some("ALTER TABLE users DROP IF EXISTS size;\nALTER TABLE users DROP IF EXISTS age;"),
    );
    let report = staging.test(&["--only", "edge-cases"]).expect_code(0).json();
    expect(&report, "MIG-EDG-001", "pass", "does nothing");
    expect(&report, "MIG-EDG-002", "pass", "1 completed by a second run; ended inside 2 statements");

    // A rename breaks the writers of the old code; a NULL that the catalogue allows stops up.
    staging.configure("");
    staging.migration(
        "ALTER TABLE users RENAME name TO title;\nALTER TABLE users ALTER bio SET NOT NULL;",
        Some("ALTER TABLE users ALTER bio DROP NOT NULL;\nALTER TABLE users RENAME title TO name;"),
    );
    let report = staging.test(&["--only", "edge-cases"]).expect_code(0).json();
    assert_eq!(report["verdict"], "ready-with-warnings", "{report:#}");
    expect(&report, "MIG-EDG-004", "pass", "stops cleanly");
    expect(&report, "MIG-EDG-005", "warn", "column \\\"name\\\" ");
    expect(&report, "MIG-EDG-006", "warn", "contains null values");

    // A key that is new and forgets what the catalogue allows: the same value twice, a row that is not
    // there, a word in another case. Up stops on each, and changes nothing.
    let tasks = "SET ROLE app; CREATE TABLE tasks (id int PRIMARY KEY, user_id int NOT NULL, state text NOT NULL, code text);
        INSERT INTO tasks SELECT i, 1 + i % 8, (ARRAY['Open', 'Done'])[1 + i % 2], 'c' || i FROM generate_series(1, 8) i";
    staging.server.execute("staging_db", tasks).await;
    staging.migration(
        "ALTER TABLE tasks ADD CONSTRAINT code UNIQUE (code);\n\
         ALTER TABLE tasks ADD CONSTRAINT owner FOREIGN KEY (user_id) REFERENCES users;\n\
         ALTER TABLE tasks ADD CONSTRAINT state CHECK (state IN ('Open', 'Done'));",
        Some(
            "ALTER TABLE tasks DROP CONSTRAINT state;\nALTER TABLE tasks DROP CONSTRAINT owner;\n\
             ALTER TABLE tasks DROP CONSTRAINT code;",
        ),
    );
    let report = staging.test(&["--only", "edge-cases"]).expect_code(0).json();
    expect(&report, "MIG-EDG-011", "warn", "violated by some row");
    expect(&report, "MIG-EDG-013", "warn", "could not create unique index");
    expect(&report, "MIG-EDG-014", "warn", "violates foreign key constraint \\\"owner\\\"");

    // No room on the disk: in one transaction nothing stays; without one the first statement's work does.
    // The server's own tablespace is never filled.
    let own = ["sh", "-c", "mkdir /small/space && chown postgres /small/space"];
    staging.server.container.try_exec(&own).expect("make the folder");
    staging.server.execute("postgres", "CREATE TABLESPACE small LOCATION '/small/space'").await;
    let disk = ["--only", "edge-cases", "--small-tablespace", "small"];
    staging.migration(
        "ALTER TABLE users ADD extra int;\nINSERT INTO orders SELECT i, 1, i FROM generate_series(1000, 90000) i;",
        Some("DELETE FROM orders WHERE id >= 1000;\nALTER TABLE users DROP extra;"),
    );
    let report = staging.test(&disk).json();
    expect(
        &report,
        "MIG-EDG-015",
        "pass",
        "it stops cleanly at migrations/one/up.sql:2, and runs once there is room",
    );
    staging.configure("  transaction: never\n");
    let report = staging.test(&disk).expect_code(1).json();
    expect(&report, "MIG-EDG-015", "fail", "left behind: column public.users.extra");
    staging.configure("  small_tablespace: pg_default\n");
    let report = staging.test(&["--only", "edge-cases"]).json();
    expect(&report, "MIG-EDG-015", "error", "filling it would stop everybody");
    staging.configure("");

    // Running twice adds twice.
    staging.migration(
        "INSERT INTO users SELECT max(id) + 1, 'new' FROM users;",
        Some("DELETE FROM users WHERE name = 'new';"),
    );
    let report = staging.test(&["--only", "edge-cases"]).expect_code(1).json();
    expect(&report, "MIG-EDG-001", "fail", "public.users");
    assert_eq!(staging.databases().await, ["staging_db"]);
}
