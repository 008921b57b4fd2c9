//! Full disks, Ctrl-C, and a production that could be written: what is left, and what the next run does.

use std::net::TcpListener;
use std::process::{Child, Command};
use std::time::Duration;

use serde_json::Value;

use crate::bad_files::absent;
use crate::copy_apply::{RULES, Sides};
use crate::migration::staging::{DOWN, Staging, UP};
use crate::support::{
    Postgres, Stack, Workspace, docker, engine_or_skip, eventually, image, with_own_mounts,
};

fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("send the signal").success());
}

#[test]
fn a_full_disk_stops_generate_and_the_next_run_completes_it() {
    let workspace = Workspace::with_config(&absent());
    let script = "
        mkdir small && mount -t tmpfs -o size=12k tmpfs small && cp stagectl.yml small && cd small || exit 99
        $STAGECTL generate; echo full: $? >&2
        mount -o remount,size=8m . || exit 99
        $STAGECTL generate && $STAGECTL generate --check";
    let Some(outcome) = with_own_mounts(&workspace, script) else { return };
    let stderr = &outcome.stderr;
    assert!(stderr.contains("full: 4\n"), "{stderr}");
    assert!(stderr.contains("No space left on device"), "{stderr}");
    assert!(stderr.contains("hint: free some space"), "{stderr}");
    outcome.expect_code(0);
}

#[test]
fn a_full_disk_stops_a_report_and_leaves_no_half_of_one() {
    let workspace = Workspace::with_config(&absent());
    for command in ["report", "validate --quick --only INF-001"] {
        let script = format!(
            "mkdir -p staging-backups && mount -t tmpfs -o size=4k tmpfs staging-backups || exit 99
             echo x > staging-backups/in-the-way; $STAGECTL {command}; code=$?; ls -A staging-backups; exit $code"
        );
        let Some(outcome) = with_own_mounts(&workspace, &script) else { return };
        let outcome = outcome.expect_code(4);
        assert!(outcome.stderr.contains("hint: free some space"), "{}", outcome.stderr);
        assert_eq!(outcome.stdout.trim(), "in-the-way", "{command} left something");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_room_for_the_backup_stops_a_copy_before_staging_is_touched() {
    if !engine_or_skip() {
        return;
    }
    let sides = Sides::start().await;
    let large = "CREATE TABLE large AS SELECT md5(random()::text) FROM generate_series(1, 20000)";
    sides.staging.execute("staging_db", large).await;
    let before = sides.dump("staging_db");
    let script = "mkdir -p staging-backups && mount -t tmpfs -o size=128k tmpfs staging-backups || exit 99
                  $STAGECTL copy-data --yes; code=$?; ls -A staging-backups; exit $code";
    let Some(outcome) = with_own_mounts(&sides.workspace, script) else { return };
    let outcome = outcome.expect_code(4);
    assert!(outcome.stderr.contains("No space left on device"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("hint: free some space"), "{}", outcome.stderr);
    assert!(!outcome.stdout.contains("staging-backup-"), "half a backup stays: {}", outcome.stdout);
    assert_eq!(sides.databases().await, ["staging_db"]);
    assert!(sides.dump("staging_db") == before, "staging has changed");
    sides.copy().expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_room_on_the_twins_server_stops_a_copy_and_leaves_staging_as_it_was() {
    if !engine_or_skip() {
        return;
    }
    let sides = Sides::start_over(Postgres::start_with_disk(60)).await;
    let large = r#"CREATE TABLE large ("userId" int NOT NULL REFERENCES "User", body text);
        ALTER TABLE large ALTER body SET STORAGE EXTERNAL;
        INSERT INTO large SELECT i, repeat('0123456789', 500000) FROM generate_series(0, 39) i"#;
    sides.production.execute("shop", large).await;
    sides.configure(&format!("{RULES}    large: {{body: {{keep: digits}}}}\n"));
    let before = sides.dump("staging_db");
    let outcome = sides.copy().expect_code(4);
    assert!(outcome.stderr.contains("No space left on device"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("on the disk of the database's server"), "{}", outcome.stderr);
    assert_eq!(sides.databases().await, ["staging_db"]);
    assert!(sides.dump("staging_db") == before, "staging has changed");
    let report = sides.workspace.files("staging-backups", "test-data-summary-").pop().expect("a report");
    let report: Value = serde_json::from_str(&sides.workspace.read(report)).expect("JSON");
    assert_eq!(report["verdict"], "not-ready");
    // With less to copy there is room: the failed run has given its own back.
    sides.production.execute("shop", "TRUNCATE large").await;
    sides.copy().expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_room_for_a_clone_stops_a_test_of_the_migration() {
    if !engine_or_skip() {
        return;
    }
    // Room for the server and staging, not for a second staging.
    let staging = Staging::start_over(Postgres::start_with_disk(38)).await;
    staging.migration(UP, Some(DOWN));
    let report = staging.test(&[]).expect_code(1).json();
    let failed: Vec<&Value> =
        report["checks"].as_array().expect("checks").iter().filter(|c| c["status"] == "fail").collect();
    assert!(failed.len() == 1 && failed[0]["id"] == "MIG-PRE-006", "{report:#}");
    assert_eq!(failed[0]["title"], "free disk");
    assert!(!failed[0]["remedy"].as_str().unwrap_or_default().is_empty(), "{report:#}");
    assert_eq!(staging.databases().await, ["staging_db"]);
    assert_eq!(staging.server.texts("staging_db", "SELECT count(*) FROM users").await, ["8"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn production_that_could_be_written_is_read_only_all_the_same() {
    if !engine_or_skip() {
        return;
    }
    // The role of `production.database_url` is the superuser here.
    let sides = Sides::start().await;
    let written = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_all_tables";
    let settled = || async {
        // A session that has ended has told its counters.
        let others =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop' AND pid <> pg_backend_pid()";
        while sides.production.texts("shop", others).await != ["0"] {
            tokio::task::yield_now().await;
        }
        sides.production.texts("shop", written).await
    };
    let before = settled().await;
    sides.copy().expect_code(0);
    assert_eq!(settled().await, before, "a copy has written to production");
    let now = sides.workspace.stagectl(&["copy-data", "--limit", "4294967295", "--yes"]).expect_code(0);
    assert!(now.stdout.contains("rows of"), "{}", now.stdout);
    assert_eq!(settled().await, before, "a whole copy has written to production");
    assert_eq!(sides.here(r#"SELECT count(*) FROM "User""#).await, ["40"]);
    sides.production.execute("shop", "CREATE TABLE written (id int); INSERT INTO written VALUES (1)").await;
    assert_ne!(settled().await, before, "the counters do not count");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_interrupted_drops_what_it_made_and_the_next_one_works() {
    if !engine_or_skip() {
        return;
    }
    let sides = Sides::start().await;
    let before = sides.dump("staging_db");
    let child = sides.workspace.spawn(&["copy-data", "--yes"]);
    let handle = tokio::runtime::Handle::current();
    eventually("the new database appears", Duration::from_secs(60), || {
        let found = tokio::task::block_in_place(|| handle.block_on(sides.databases()));
        found.iter().any(|name| name.contains("__new_")).then_some(())
    });
    interrupt(&child);
    let output = child.wait_with_output().expect("its end");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("error: interrupted") && stderr.contains("hint: "), "{stderr}");
    assert_eq!(sides.databases().await, ["staging_db"]);
    assert!(sides.dump("staging_db") == before, "staging has changed");
    let ours = docker(&["ps", "-aq", "--filter", "name=^copying-one-shot-"]);
    assert_eq!(ours, "", "a container of the copy stays");
    sides.copy().expect_code(0);
}

#[test]
fn a_validation_that_is_interrupted_ends_at_once_and_is_no_proof() {
    // A database that takes connections and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("its number").port();
    let config = format!(
        "version: 1\nproject: silent\nservices: {{db: {{role: database, image: 'a:1', ports: ['{port}:5432']}}}}\n\
         database: {{service: db, name: staging_db, user: app, password: a-password, admin_password: another}}\n"
    );
    let workspace = Workspace::with_config(&config).env("DOCKER_HOST", "tcp://127.0.0.1:1");
    let child = workspace.spawn(&["validate"]);
    eventually("the check waits for the database", Duration::from_secs(20), || {
        silent.set_nonblocking(true).ok()?;
        silent.accept().ok()
    });
    let start = std::time::Instant::now();
    interrupt(&child);
    let output = child.wait_with_output().expect("its end");
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(start.elapsed() < Duration::from_secs(5), "it went on for {:?}", start.elapsed());
    let report = workspace.files("staging-backups", "staging-validation-report-").pop().expect("a report");
    let report: Value = serde_json::from_str(&workspace.read(report)).expect("JSON");
    assert_eq!(report["verdict"], "incomplete");
    let verdict = workspace.stagectl(&["report"]).expect_code(2);
    assert!(verdict.stdout.contains("did not finish"), "{}", verdict.stdout);
}

#[test]
fn a_taken_port_stops_setup_before_a_container_is_made() {
    if !engine_or_skip() {
        return;
    }
    let holder = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = holder.local_addr().expect("its number").port();
    let project = format!("stest-taken-{}", std::process::id());
    let config = format!(
        "version: 1\nproject: {project}\nservices:\n  db: {{role: database, image: {}, user: '1:1', ports: ['{port}:5432']}}\n",
        image("postgres")
    );
    let stack = Stack::over(Workspace::with_config(&config), project);
    let outcome = stack.stagectl(&["setup"]).expect_code(4);
    assert!(outcome.stderr.contains(&port.to_string()), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("hint: "), "{}", outcome.stderr);
    assert!(stack.containers().is_empty(), "a container was made");
}

#[test]
fn a_twin_that_is_not_there_is_told_by_every_command_that_needs_it() {
    if !engine_or_skip() {
        return;
    }
    // The engine answers; nothing of this project runs.
    let workspace = Workspace::with_config(&absent());
    workspace.write("migrations/one/up.sql", "SELECT 1;\n");
    workspace.write("migrations/one/down.sql", "SELECT 1;\n");
    for command in
        ["copy-data --yes", "copy-data --dry-run", "test-migration", "rollback data", "reset --yes"]
    {
        let outcome = workspace.stagectl(&command.split(' ').collect::<Vec<_>>()).expect_code(4);
        assert!(outcome.stderr.contains("hint: "), "{command}: {}", outcome.stderr);
        assert!(!outcome.stderr.contains("panicked"), "{command}: {}", outcome.stderr);
    }
    let validated = workspace.stagectl(&["validate", "--json", "--only", "DB"]).expect_code(1).json();
    let results = validated["results"].as_array().expect("results");
    assert!(!results.is_empty() && results.iter().all(|result| result["status"] != "pass"), "{validated:#}");
    let verdict = workspace.stagectl(&["report"]).expect_code(1);
    assert!(verdict.stdout.contains("NOT READY"), "{}", verdict.stdout);
}
