//! Runs that are killed, interrupted or refused.

use std::time::Duration;

use serde_json::Value;

use super::staging::{DOWN, Staging, UP};
use crate::support::{engine_or_skip, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_or_interrupted_run_leaves_nothing_that_the_next_one_does_not_clean() {
    if !engine_or_skip() {
        return;
    }
    let staging = Staging::start().await;
    staging.migration(
        "SELECT pg_sleep(30);\nALTER TABLE users ADD age int;",
        Some("ALTER TABLE users DROP age;"),
    );
    let handle = tokio::runtime::Handle::current();
    let at_work = "SELECT datname FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active' AND pid <> pg_backend_pid()";
    let wait = |known: &str| {
        eventually("the migration runs on a clone", Duration::from_secs(60), || {
            let found =
                tokio::task::block_in_place(|| handle.block_on(staging.server.texts("postgres", at_work)));
            found.into_iter().find(|database| database != known)
        })
    };
    // Killed: the clones stay, and the report says that it is incomplete.
    let mut child = staging.workspace.spawn(&["test-migration"]);
    let clone = wait("");
    assert!(clone.starts_with("staging_db__clone_"), "{clone}");
    child.kill().expect("kill stagectl");
    child.wait().expect("wait for stagectl");
    let files = staging.workspace.files("staging-backups", "migration-test-report-");
    let report: Value = serde_json::from_str(&staging.workspace.read(&files[0])).expect("JSON");
    assert_eq!(report["verdict"], "incomplete");
    assert!(staging.databases().await.len() > 1);

    // Interrupted: the run drops its own, and what the killed one had left.
    let child = staging.workspace.spawn(&["test-migration"]);
    wait(&clone);
    let pid = i32::try_from(child.id()).expect("a process id");
    let signalled =
        std::process::Command::new("kill").args(["-INT", &pid.to_string()]).status().expect("kill");
    assert!(signalled.success());
    let output = child.wait_with_output().expect("wait for stagectl");
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(staging.databases().await, ["staging_db"]);

    // And the next one runs.
    staging.migration(UP, Some(DOWN));
    let outcome = staging.test(&["--only", "logic", "--keep-clone"]).expect_code(0);
    let kept = outcome.json()["kept_clone"].as_str().expect("a kept clone").to_owned();
    assert_eq!(staging.databases().await, ["staging_db", &kept]);
    let labels = staging.server.texts(&kept, "SELECT enum_range(NULL::role)::text").await;
    assert_eq!(labels, ["{CUSTOMER,TEACHER,ADMIN}"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_tried_is_said_before_anything_is_done() {
    if !engine_or_skip() {
        return;
    }
    let staging = Staging::start().await;
    let outcome = staging.test(&["--only", "logic"]).expect_code(3);
    assert!(outcome.stderr.contains("there is no folder `migrations/one`"), "{}", outcome.stderr);
    for (up, code, words) in [
        (
            "SELECT 1;\nSELECT 'open;\n",
            3,
            "migrations/one/up.sql:2: the string that begins here is not closed",
        ),
        ("\\i other.sql\n", 3, "up.sql:1: `\\\\i` is a command of psql"),
        ("SELECT 1;\nDROP DATABASE staging_db;\n", 5, "up.sql:2: changes a database of the server"),
        ("-- nothing\n", 3, "holds no statement"),
    ] {
        staging.migration(up, Some("SELECT 1"));
        let outcome = staging.test(&[]).expect_code(code);
        assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
    }
    staging.migration(UP, Some(DOWN));
    let plan = staging.test(&["--dry-run"]).expect_code(0).json();
    assert_eq!(plan["actions"].as_array().expect("actions").len(), 6);
    assert!(staging.workspace.files("staging-backups", "migration").is_empty(), "a plan writes no report");
    assert_eq!(staging.databases().await, ["staging_db"]);

    // A session in the middle of its work is not cut: the run gives up and says who it is.
    let busy = staging.server.session("staging_db").await;
    busy.batch_execute("SET application_name = 'importer'; BEGIN; UPDATE users SET note = 'x'")
        .await
        .expect("write");
    let outcome = staging.test(&[]).expect_code(4);
    assert!(outcome.stderr.contains("of importer is idle in transaction"), "{}", outcome.stderr);
    busy.batch_execute("COMMIT").await.expect("the session was left alone");
}
