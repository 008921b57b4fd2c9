//! `stagectl test-migration` over all categories: what passes, and what it leaves.

use std::time::Duration;

use super::staging::{DOWN, Staging, UP, expect};
use crate::support::{engine_or_skip, eventually};

/// What the sample production holds, as the application's role owns it after a copy.
const SAMPLE_ROWS: &str = r#"
INSERT INTO "User" (id, email, name, role) SELECT 'u' || i, i || '@staging.local', 'User ' || i, (ARRAY['LEARNER', 'TEACHER', 'LEARNER', 'ADMIN'])[1 + i % 4]::"UserRole" FROM generate_series(1, 10) i;
INSERT INTO "Story" (id, title, slug, content, "authorId") SELECT 's' || i, 'Story', 'story-' || i, 'text', 'u' || i FROM generate_series(1, 10) i;
INSERT INTO "UserStory" ("userId", "storyId", progress) SELECT 'u' || i, 's' || i, 10 * i FROM generate_series(1, 10) i;"#;

/// The checks whose verdict is about time.
const TIMED: [&str; 4] = ["MIG-PRF-001", "MIG-PRF-003", "MIG-PRF-005", "MIG-PRF-007"];

#[tokio::test(flavor = "multi_thread")]
async fn a_faithful_migration_passes_every_category_and_leaves_nothing_but_its_results() {
    if !engine_or_skip() {
        return;
    }
    let staging = Staging::start().await;
    staging.migration(UP, Some(DOWN));
    staging.configure(
        "  conversions:\n    - {table: users, column: role, from: LEARNER, to: CUSTOMER}\n\
         \x20 assertions:\n    - {name: all have a role, sql: SELECT 1 FROM users WHERE role IS NULL}\n\
         \x20 queries:\n    - {name: by role, sql: 'SELECT role, count(*) FROM users GROUP BY role'}\n",
    );
    // An idle session as of a connection pool: it is closed for the moment of the copy.
    let pool = staging.server.session("staging_db").await;
    let report = staging.test(&[]).json();
    for check in report["checks"].as_array().expect("checks") {
        let id = check["id"].as_str().expect("an id");
        // No column of these tables points to a row without a key, and no small tablespace is named; the
        // rest has something to look at.
        let expected = if ["MIG-EDG-014", "MIG-EDG-015"].contains(&id) { "skip" } else { "pass" };
        // How long things take is the machine's doing, and other tests plant slowness.
        assert!(check["status"] == expected || TIMED.contains(&id), "{check:#}");
    }
    for category in ["prerequisites", "logic", "integrity", "rollback", "performance", "edge-cases"] {
        assert!(
            report["checks"].as_array().expect("checks").iter().any(|c| c["category"] == category),
            "{category}"
        );
    }
    expect(&report, "MIG-PRE-007", "pass", "stagectl (1)");
    expect(&report, "MIG-LOG-002", "pass", "4 rows converted");
    expect(&report, "MIG-INT-008", "pass", "same");
    assert_eq!(report["conversions"][0]["to_after"], 4);
    assert!(pool.batch_execute("SELECT 1").await.is_err(), "the idle session was closed");

    // The staging database is as it was, no clone and no session stays, the results are written down.
    assert_eq!(staging.databases().await, ["staging_db"]);
    let sessions = "SELECT datname FROM pg_stat_activity WHERE application_name LIKE 'stagectl%' AND pid <> pg_backend_pid()";
    eventually("the sessions are gone", Duration::from_secs(10), || {
        let gone = tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(staging.server.texts("postgres", sessions))
        });
        gone.is_empty().then_some(())
    });
    let roles =
        staging.server.texts("staging_db", "SELECT count(*) FROM users WHERE role::text = 'LEARNER'").await;
    assert_eq!(roles, ["4"]);
    let log = "SELECT table_name || ' ' || row_id || ' ' || old_value || ' ' || new_value FROM staging_migrations.role_migration_log ORDER BY 1";
    let log = staging.server.texts("staging_db", log).await;
    assert_eq!(log.len(), 4);
    assert_eq!(log[0], "users 2 LEARNER CUSTOMER");
    let results =
        "SELECT count(*) || ' ' || min(run_id) FROM staging_migrations.test_results WHERE status = 'pass'";
    let results = staging.server.texts("staging_db", results).await;
    assert_eq!(
        results,
        [format!("{} {}", report["counts"]["pass"], report["run_id"].as_str().expect("a run id"))]
    );

    // The report on the disk is the one that was printed; a second run is as good as the first.
    let mut files = staging.workspace.files("staging-backups", "migration-test-report-");
    files.retain(|file| file.extension().is_some_and(|e| e == "json"));
    let text = staging.workspace.read(&files[0]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("JSON"), report);
    for (extension, words) in [("html", "<h1>"), ("xml", "<testsuite name=\"stairway\" tests=\"1\"")] {
        assert!(staging.workspace.read(files[0].with_extension(extension)).contains(words), "{extension}");
    }
    staging.test(&["--only", "rollback"]).expect_code(0);
    let json = |prefix: &str| {
        let files = staging.workspace.files("staging-backups", prefix);
        files.iter().filter(|file| file.extension().is_some_and(|e| e == "json")).count()
    };
    assert_eq!((json("migration-test-report-"), json("migration-test-partial-")), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_migration_of_the_sample_can_be_applied_and_taken_back() {
    if !engine_or_skip() {
        return;
    }
    let staging = Staging::start().await;
    let sample = |path: &str| {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/sample");
        fs_err::read_to_string(root.join(path)).expect("a file of the sample")
    };
    // The schema is written for psql; its commands and roles are the production's own.
    let schema: Vec<String> = sample("production/schema.sql")
        .lines()
        .filter(|line| !line.starts_with('\\') && !line.starts_with("CREATE ROLE"))
        .map(str::to_owned)
        .collect();
    staging.server.execute("postgres", "CREATE ROLE stories_app; CREATE ROLE stories_reader").await;
    staging.server.execute("staging_db", "DROP TABLE orders, users; DROP TYPE role").await;
    staging.server.execute("staging_db", &format!("SET ROLE app; {}", schema.join("\n"))).await;
    staging.server.execute("staging_db", &format!("SET ROLE app; {SAMPLE_ROWS}")).await;
    // The trail that the migration itself writes, where the environment keeps one.
    let trail = include_str!("../../../src/postgres/sql/staging_schemas.sql");
    staging.server.execute("staging_db", &format!("SET ROLE app; {trail}")).await;
    let folder = "migrations/20261101_role_learner_to_customer";
    staging.migration(&sample(&format!("{folder}/up.sql")), Some(&sample(&format!("{folder}/down.sql"))));
    staging.configure("  conversions:\n    - {table: User, column: role, from: LEARNER, to: CUSTOMER}\n");

    let report = staging.test(&[]).expect_code(0).json();
    // It changes the type of a column, which writes the table anew: the advice is right to say so.
    assert_eq!(report["verdict"], "ready-with-warnings", "{report:#}");
    expect(&report, "MIG-PRF-006", "warn", "MIG-ADV-001");
    expect(&report, "MIG-LOG-002", "pass", "5 rows converted");
    expect(&report, "MIG-ROL-002", "pass", "1 step");
    expect(&report, "MIG-EDG-004", "pass", "stops cleanly");
}
