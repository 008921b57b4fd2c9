//! `stagectl copy-data --dry-run` on real servers: a whole subset, nothing written, no value shown.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use stagectl::config::data::{Copy, KeyPolicy};
use stagectl::data::model::{Catalog, RowId, Rows, Selection, Subset, TableName};
use stagectl::data::{catalog, subset};
use stagectl::postgres::connect_url_read_only;

use crate::support::{Postgres, Workspace, docker, engine_or_skip, eventually, free_port};

/// The rows of a selection that was made row by row.
fn places(selection: &Selection) -> &BTreeSet<RowId> {
    let Rows::Chosen(rows) = &selection.rows else { panic!("every row was taken") };
    rows
}

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Statements of a psql script, with its variables put in and its commands left out.
pub fn script(name: &str) -> String {
    let path = format!("{}/scripts/sample/production/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = fs_err::read_to_string(path).expect("read the sample");
    let lines = text.lines().filter(|line| !line.starts_with('\\') && !line.starts_with("VACUUM"));
    let text = lines.collect::<Vec<_>>().join("\n");
    text.replace(":'app_password'", "'app-password'")
        .replace(":'reader_password'", "'reader-password'")
        .replace(":users", "300")
}

struct Twin {
    server: Postgres,
    workspace: Workspace,
}

impl Twin {
    /// An empty `production` and an empty `staging_db` on one server.
    async fn start() -> Self {
        let server = Postgres::start();
        server.execute("postgres", "CREATE DATABASE production").await;
        server.execute("postgres", "CREATE DATABASE staging_db").await;
        Self { workspace: Workspace::new(), server }
    }

    /// With the sample's schema and rows as production.
    async fn sample() -> Self {
        let twin = Self::start().await;
        twin.server.execute("production", &script("schema.sql")).await;
        twin.server.execute("production", &script("generate.sql")).await;
        twin.configure(&twin.reader("production"), &blueprint_copy());
        twin
    }

    /// The URL of the role that may only SELECT.
    fn reader(&self, database: &str) -> String {
        format!(
            "postgresql://stories_reader:reader-password@127.0.0.1:{}/{database}?sslmode=disable",
            self.server.port
        )
    }

    fn admin(&self, host: &str, database: &str) -> String {
        format!(
            "postgresql://postgres:{}@{host}:{}/{database}?sslmode=disable",
            self.server.password(),
            self.server.port
        )
    }

    fn configure(&self, url: &str, sections: &str) {
        self.workspace.write(
            "stagectl.yml",
            &format!(
                "version: 1\nproject: copyplan\nenv:\n  STAGECTL_MASKING_KEY: 0123456789abcdef0123456789abcdef\n\
                 services:\n  db:\n    role: database\n    image: postgres:15.8\n    ports: ['{}:5432']\n\
                 database:\n  service: db\n  name: staging_db\n  user: postgres\n  password: {}\n  admin_password: {}\n\
                 production:\n  database_url: {url}\n{sections}",
                self.server.port,
                self.server.password(),
                self.server.password()
            ),
        );
    }

    /// Rows written so far, by database; sizes would miss an update in place.
    async fn written(&self) -> Vec<String> {
        // A backend adds its counts at the latest when it ends.
        let sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname IN ('production', 'staging_db')";
        let count = ["psql", "--username=postgres", "--no-align", "--tuples-only", "--command", sessions];
        eventually("the sessions end", Duration::from_secs(20), || {
            self.server.container.try_exec(&count).filter(|count| count == "0")
        });
        self.server
            .texts(
                "postgres",
                "SELECT concat_ws(' ', datname, tup_inserted, tup_updated, tup_deleted) FROM pg_stat_database
                 WHERE datname IN ('production', 'staging_db') ORDER BY datname",
            )
            .await
    }

    /// Production's catalogue and a subset of it, as seen by a superuser.
    async fn select(&self, copy: &Copy, limit: u32) -> (Catalog, Subset, Vec<String>) {
        let session =
            connect_url_read_only(&self.admin("127.0.0.1", "production")).await.expect("read production");
        session.batch_execute(BEGIN).await.expect("read production");
        let catalog = catalog::read(&session, &copy.schemas).await.expect("read production");
        let selected = subset::select(&session, &catalog, copy, Some(limit)).await.expect("read production");
        (catalog, selected.subset, selected.warnings)
    }

    /// By brute force: every reference of a selected row leads to a selected row or was cut.
    async fn assert_whole(&self, catalog: &Catalog, subset: &Subset) {
        for key in &catalog.keys {
            let Some(children) = subset.get(&key.child) else { continue };
            let join: Vec<String> = key
                .child_columns
                .iter()
                .zip(&key.parent_columns)
                .map(|(c, p)| format!("c.\"{c}\" = p.\"{p}\""))
                .collect();
            let sql = format!(
                "SELECT c.tableoid || ' ' || c.ctid || ' ' || p.tableoid || ' ' || p.ctid FROM {} c JOIN {} p ON {}",
                key.child.sql(),
                key.parent.sql(),
                join.join(" AND ")
            );
            for line in self.server.texts("production", &sql).await {
                let words: Vec<&str> = line.split(' ').collect();
                let selected = |table: &TableName, at: usize| {
                    subset.get(table).is_some_and(|s| {
                        places(s).iter().any(|row| {
                            row.partition.to_string() == words[at] && row.place.to_string() == words[at + 1]
                        })
                    })
                };
                if !selected(&key.child, 0) || selected(&key.parent, 2) {
                    continue;
                }
                let cut = children.nulled.iter().any(|(row, columns)| {
                    row.partition.to_string() == words[0]
                        && row.place.to_string() == words[1]
                        && key.child_columns.iter().any(|column| columns.contains(column))
                });
                assert!(cut, "{}.{} leads out of the subset", key.child, key.name);
            }
        }
    }
}

/// `copy` and `masking` of the first blueprint.
pub fn blueprint_copy() -> String {
    let text = include_str!("../../compose/blueprints/nextjs-postgres/stagectl.yml");
    let from = text.find("\ncopy:").expect("a copy section");
    let to = text.find("\n# Which Redis keys").expect("the section after masking");
    text[from..to].to_owned()
}

fn rows(plan: &Value) -> BTreeMap<String, u64> {
    let tables = plan["tables"].as_array().expect("tables");
    tables
        .iter()
        .map(|t| {
            (
                t["table"]["name"].as_str().expect("a name and a count of rows").to_owned(),
                t["rows"].as_u64().expect("a name and a count of rows"),
            )
        })
        .collect()
}

fn named(name: &str) -> TableName {
    TableName { schema: "public".into(), name: name.into() }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_is_planned_whole_with_nothing_undecided_written_or_shown() {
    if !engine_or_skip() {
        return;
    }
    let twin = Twin::sample().await;
    let before = twin.written().await;
    let text = twin.workspace.stagectl(&["copy-data", "--dry-run"]).expect_code(0);
    let outcome = twin.workspace.stagectl(&["copy-data", "--dry-run", "--json"]).expect_code(0);
    let plan = outcome.json()["database"].clone();
    assert_eq!(plan["undecided"], serde_json::json!([]), "{plan:#}");
    let counts = rows(&plan);
    assert_eq!(counts["_prisma_migrations"], 3);
    assert!(counts["User"] >= 10 && counts["Story"] > 0 && counts["UserStory"] > 0, "{counts:?}");
    assert_eq!(twin.written().await, before, "a dry run wrote");
    let files = twin.workspace.files(".", "");
    assert_eq!(files.len(), 1, "a dry run left files: {files:?}");

    let values = "SELECT v FROM (SELECT email AS v FROM \"User\" UNION SELECT name FROM \"User\" UNION SELECT phone FROM \"User\"
        UNION SELECT \"receiptIban\" FROM \"Donation\" UNION SELECT profile->'address'->>'street' FROM \"User\") x WHERE v IS NOT NULL";
    let values = twin.server.texts("production", values).await;
    assert!(values.len() > 500);
    for shown in [&text.stdout, &text.stderr, &outcome.stdout, &outcome.stderr] {
        for value in &values {
            assert!(!shown.contains(value.as_str()), "the plan shows `{value}`");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_foreign_key_of_the_sample_holds_within_the_subset() {
    if !engine_or_skip() {
        return;
    }
    let twin = Twin::sample().await;
    let copy = Copy { root: Some("User".into()), order_by: Some("id".into()), ..Copy::default() };
    let (catalog, subset, warnings) = twin.select(&copy, 40).await;
    twin.assert_whole(&catalog, &subset).await;
    assert_eq!(warnings, Vec::<String>::new());
    let users = &subset[&named("User")];
    assert_eq!(users.reasons["root"], 40);
    assert!(!users.nulled.is_empty(), "no inviter stayed behind: {:?}", users.reasons);
    // Other users come only as authors: never as readers of a selected author's stories.
    assert_eq!(
        places(users).len() as u64,
        40 + users.reasons["needed by Story.authorId"],
        "{:?}",
        users.reasons
    );
    // All that belongs to the users of the root came along, and nothing of the authors they need.
    let sql =
        "SELECT count(*) FROM \"Order\" WHERE \"userId\" IN (SELECT id FROM \"User\" ORDER BY id LIMIT 40)";
    assert_eq!(
        places(&subset[&named("Order")]).len().to_string(),
        twin.server.texts("production", sql).await[0]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn circles_self_references_composite_keys_and_tables_without_a_key_are_selected_whole() {
    if !engine_or_skip() {
        return;
    }
    let twin = Twin::start().await;
    twin.server
        .execute(
            "production",
            "CREATE TABLE tenant (id int PRIMARY KEY, owner int);
             CREATE TABLE users (id int, tenant int NOT NULL REFERENCES tenant, boss int, mentor int NOT NULL, code text UNIQUE,
               PRIMARY KEY (tenant, id), UNIQUE (id), FOREIGN KEY (mentor) REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
               FOREIGN KEY (tenant, boss) REFERENCES users (tenant, id));
             ALTER TABLE tenant ADD FOREIGN KEY (id, owner) REFERENCES users (tenant, id) DEFERRABLE INITIALLY DEFERRED;
             CREATE TABLE badge (code text REFERENCES users (code), at timestamptz) PARTITION BY RANGE (at);
             CREATE TABLE badge_old PARTITION OF badge FOR VALUES FROM (MINVALUE) TO ('2026-01-01');
             CREATE TABLE badge_new PARTITION OF badge FOR VALUES FROM ('2026-01-01') TO (MAXVALUE);
             CREATE TABLE country (id int PRIMARY KEY);
             CREATE TABLE lonely (id int);
             BEGIN;
             INSERT INTO tenant SELECT i, i FROM generate_series(1, 5) i;
             INSERT INTO users SELECT i, 1 + (i - 1) % 5, CASE WHEN i > 10 THEN i - 5 END, 1 + (i * 7) % 100, 'c' || i FROM generate_series(1, 100) i;
             COMMIT;
             INSERT INTO badge SELECT 'c' || i, timestamptz '2025-06-01' + i * interval '10 days' FROM generate_series(1, 60) i;
             INSERT INTO badge SELECT 'c' || i, timestamptz '2025-06-01' + i * interval '10 days' FROM generate_series(1, 60) i;
             INSERT INTO country VALUES (1); INSERT INTO lonely VALUES (1);",
        )
        .await;
    let (catalog, subset, warnings) = twin.select(&Copy::default(), 3).await;
    twin.assert_whole(&catalog, &subset).await;
    assert_eq!(subset[&named("users")].reasons["root"], 3);
    assert!(subset[&named("users")].reasons.contains_key("needed by users.mentor"));
    // The tenant of a composite key is shared with other keys: never nulled.
    let nulled: std::collections::BTreeSet<&String> =
        subset.values().flat_map(|s| s.nulled.values().flatten()).collect();
    assert!(nulled.iter().all(|column| ["boss", "owner"].contains(&column.as_str())), "{nulled:?}");
    let badges = &subset[&named("badge")];
    assert!(places(badges).len() > 2 && places(badges).len().is_multiple_of(2), "{:?}", badges.reasons);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings.iter().any(|w| w.contains("`lonely`")) && warnings.iter().any(|w| w.contains("`country`"))
    );

    // Followed, the bosses come along to the last one.
    let follow = BTreeMap::from([("users.boss".to_owned(), KeyPolicy::Follow)]);
    let copy = Copy { foreign_keys: follow, ..Copy::default() };
    let (catalog, subset, _) = twin.select(&copy, 3).await;
    twin.assert_whole(&catalog, &subset).await;
    assert!(subset[&named("users")].nulled.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undecided_column_or_json_path_stops_with_an_entry_to_paste() {
    if !engine_or_skip() {
        return;
    }
    let twin = Twin::sample().await;
    let rest = blueprint_copy()
        .replace("          guardianEmail: email\n", "")
        .replace("      receiptIban: iban\n", "");
    twin.configure(&twin.reader("production"), &rest);
    let before = twin.written().await;
    for args in [vec!["copy-data", "--limit", "100"], vec!["copy-data", "--dry-run", "--limit", "100"]] {
        let outcome = twin.workspace.stagectl(&args).expect_code(5);
        let shown = format!("{}{}", outcome.stdout, outcome.stderr);
        for words in ["Donation.receiptIban", "User.profile", "receiptIban: iban", "guardianEmail: email"] {
            assert!(shown.contains(words), "{words}: {shown}");
        }
        assert!(!shown.contains(".example"), "{shown}");
    }
    assert_eq!(twin.written().await, before);
    let masked = ["copy-data", "--dry-run", "--limit", "100", "--unclassified", "mask", "--json"];
    let plan = twin.workspace.stagectl(&masked).expect_code(0).json()["database"].clone();
    assert!(plan.to_string().contains("looks like an IBAN"), "{plan:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_entry_that_is_proposed_decides_everything() {
    if !engine_or_skip() {
        return;
    }
    let twin = Twin::sample().await;
    let copy = "copy:\n  root: User\n";
    twin.configure(&twin.reader("production"), copy);
    let refused = twin.workspace.stagectl(&["copy-data", "--dry-run"]).expect_code(5);
    let entry: Vec<&str> = refused
        .stdout
        .lines()
        .skip_while(|line| *line != "masking:")
        .take_while(|line| line.starts_with(' ') || *line == "masking:")
        .collect();
    twin.configure(&twin.reader("production"), &format!("{copy}{}\n", entry.join("\n")));
    twin.workspace.stagectl(&["copy-data", "--dry-run"]).expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_database_by_another_name_is_refused() {
    if !engine_or_skip() {
        return;
    }
    let twin = Twin::start().await;
    twin.configure(&twin.admin("localhost", "staging_db"), "");
    let outcome = twin.workspace.stagectl(&["copy-data", "--dry-run"]).expect_code(5);
    assert!(outcome.stderr.contains("same database"), "{}", outcome.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn production_that_does_not_answer_is_the_environments_fault() {
    if !engine_or_skip() {
        return;
    }
    let twin = Twin::start().await;
    let url = format!("postgresql://reader:topsecret@127.0.0.1:{}/production", free_port());
    twin.configure(&url, "");
    let outcome = twin.workspace.stagectl(&["copy-data", "--dry-run"]).expect_code(4);
    assert!(!outcome.stderr.contains("topsecret"), "{}", outcome.stderr);
}

/// A hot standby of the twin's server, in the same container; returns the address of its host.
fn standby(server: &Postgres) -> String {
    let id = server.container.id.as_str();
    let inside = |line: &str| docker(&["exec", "--user", "postgres", id, "sh", "-c", line]);
    inside(
        "pg_basebackup --host=/var/run/postgresql --pgdata=/tmp/standby --write-recovery-conf --checkpoint=fast",
    );
    // A standby must have room for all that its primary may do.
    let room = inside(
        "psql --no-align --tuples-only --command=\"SELECT string_agg('-c ' || name || '=' || setting, ' ') FROM pg_settings WHERE name ~ '^max_(connections|prepared|worker_p|wal_s|locks_per_t)'\"",
    );
    inside(&format!(
        "pg_ctl --pgdata=/tmp/standby --wait --log=/tmp/standby.log --options=\"-c port=5433 -c listen_addresses='*' {room}\" start"
    ));
    docker(&["inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", id])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hot_standby_and_a_role_that_may_only_select_are_enough_and_production_stays_untouched() {
    if !engine_or_skip() {
        return;
    }
    let twin = Twin::sample().await;
    let host = standby(&twin.server);
    // All that a write, a temporary table or an object of any kind would move.
    let traces = "SELECT concat_ws(' ', tup_inserted, tup_updated, tup_deleted, temp_files) FROM pg_stat_database WHERE datname = 'production'
        UNION ALL SELECT count(*)::text FROM pg_class UNION ALL SELECT count(*)::text FROM pg_namespace";
    twin.written().await;
    let before = twin.server.texts("production", traces).await;
    let here = twin.workspace.stagectl(&["copy-data", "--dry-run", "--json"]).expect_code(0).json();

    let url = format!("postgresql://stories_reader:reader-password@{host}:5433/production?sslmode=disable");
    twin.configure(&url, &blueprint_copy());
    let there = twin.workspace.stagectl(&["copy-data", "--dry-run", "--json"]).expect_code(0).json();
    assert_eq!(there["database"], here["database"], "the standby selects what its primary does");
    let report = twin.workspace.stagectl(&["copy-data", "--json", "--yes"]).expect_code(0).json();
    assert_eq!(report["phase"], "done");
    let users = twin.server.texts("staging_db", "SELECT count(*) FROM \"User\"").await;
    assert_eq!(users[0], rows(&here["database"])["User"].to_string());
    twin.written().await;
    assert_eq!(twin.server.texts("production", traces).await, before);
}
