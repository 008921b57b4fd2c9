//! `stagectl test-migration` against a real server: what passes, what is caught, and what stays.

use std::time::Duration;

use serde_json::Value;

use crate::support::{Outcome, Postgres, Workspace, engine_or_skip, eventually};

const PASSWORD: &str = "application-password";

/// A staging database of users and orders, owned by the application's role.
const SCHEMA: &str = "
CREATE TYPE role AS ENUM ('LEARNER', 'TEACHER', 'ADMIN');
CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, email text UNIQUE, role role NOT NULL DEFAULT 'LEARNER', note varchar(20), visits int);
CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users, total numeric(10,2) CHECK (total >= 0));
CREATE INDEX orders_user_id ON orders (user_id);
INSERT INTO users SELECT i, 'user ' || i, i || '@staging.local', (ARRAY['LEARNER','TEACHER'])[1 + i % 2]::role, NULL FROM generate_series(1, 8) i;
INSERT INTO orders SELECT i, 1 + i % 8, i FROM generate_series(1, 12) i;";

pub const UP: &str = "ALTER TYPE role RENAME VALUE 'LEARNER' TO 'CUSTOMER';\n";
pub const DOWN: &str = "ALTER TYPE role RENAME VALUE 'CUSTOMER' TO 'LEARNER';\n";

pub struct Staging {
    pub server: Postgres,
    pub workspace: Workspace,
}

impl Staging {
    async fn start() -> Self {
        Self::start_over(Postgres::start()).await
    }

    /// On this server.
    pub async fn start_over(server: Postgres) -> Self {
        let create = format!("CREATE ROLE app LOGIN PASSWORD '{PASSWORD}'");
        server.execute("postgres", &create).await;
        server.execute("postgres", "CREATE DATABASE staging_db OWNER app").await;
        server.execute("staging_db", &format!("SET ROLE app; {SCHEMA}")).await;
        let staging = Self { workspace: Workspace::new(), server };
        staging.configure("");
        staging
    }

    /// Writes stagectl.yml with more lines below `migration`.
    fn configure(&self, more: &str) {
        self.workspace.write(
            "stagectl.yml",
            &format!(
                "version: 1\nproject: lab\nservices:\n  db:\n    role: database\n    image: postgres:15.8\n    container_name: '{}'\n    ports: ['{}:5432']\n\
                 database:\n  service: db\n  name: staging_db\n  user: app\n  password: {PASSWORD}\n  admin_password: {}\n\
                 migration:\n  path: migrations/one\n  lock_ms: 60000\n{more}",
                self.server.container.id,
                self.server.port,
                self.server.password()
            ),
        );
    }

    pub fn migration(&self, up: &str, down: Option<&str>) {
        self.workspace.write("migrations/one/up.sql", up);
        let path = self.workspace.path("migrations/one/down.sql");
        match down {
            Some(text) => self.workspace.write("migrations/one/down.sql", text),
            None if path.exists() => fs_err::remove_file(path).expect("remove down.sql"),
            None => {}
        }
    }

    pub fn test(&self, args: &[&str]) -> Outcome {
        self.workspace.stagectl(&[&["test-migration", "--json"], args].concat())
    }

    pub async fn databases(&self) -> Vec<String> {
        self.server
            .texts(
                "postgres",
                "SELECT datname FROM pg_database WHERE datname LIKE 'staging\\_db%' ORDER BY 1",
            )
            .await
    }
}

/// A check of a report.
#[track_caller]
fn find<'a>(report: &'a Value, id: &str) -> &'a Value {
    let checks = report["checks"].as_array().expect("checks");
    checks.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("no {id} in {report:#}"))
}

/// Asserts a check's status, and that it says these words.
#[track_caller]
fn expect(report: &Value, id: &str, status: &str, words: &str) {
    let check = find(report, id);
    assert_eq!(check["status"], status, "{check:#}");
    let said = format!("{} {}", check["found"], check["evidence"]);
    assert!(said.contains(words), "`{words}` is not said in {check:#}");
}

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
    let report = staging.test(&[]).expect_code(0).json();
    assert_eq!(report["verdict"], "ready", "{report:#}");
    assert_eq!(report["counts"]["skip"], 0, "{report:#}");
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
    let files = staging.workspace.files("staging-backups", "migration-test-report-");
    let text = staging.workspace.read(&files[0]);
    assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), report);
    staging.test(&["--only", "rollback"]).expect_code(0);
    assert_eq!(staging.workspace.files("staging-backups", "migration-test-report-").len(), 1);
    assert_eq!(staging.workspace.files("staging-backups", "migration-test-partial-").len(), 1);
}

/// What the sample production holds, as the application's role owns it after a copy.
const SAMPLE_ROWS: &str = r#"
INSERT INTO "User" (id, email, name, role) SELECT 'u' || i, i || '@staging.local', 'User ' || i, (ARRAY['LEARNER', 'TEACHER', 'LEARNER', 'ADMIN'])[1 + i % 4]::"UserRole" FROM generate_series(1, 10) i;
INSERT INTO "Story" (id, title, slug, content, "authorId") SELECT 's' || i, 'Story', 'story-' || i, 'text', 'u' || i FROM generate_series(1, 10) i;
INSERT INTO "UserStory" ("userId", "storyId", progress) SELECT 'u' || i, 's' || i, 10 * i FROM generate_series(1, 10) i;"#;

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
    let trail = include_str!("../../src/postgres/sql/staging_schemas.sql");
    staging.server.execute("staging_db", &format!("SET ROLE app; {trail}")).await;
    let folder = "migrations/20261101_role_learner_to_customer";
    staging.migration(&sample(&format!("{folder}/up.sql")), Some(&sample(&format!("{folder}/down.sql"))));
    staging.configure("  conversions:\n    - {table: User, column: role, from: LEARNER, to: CUSTOMER}\n");

    let report = staging.test(&[]).expect_code(0).json();
    assert_eq!(report["verdict"], "ready", "{report:#}");
    expect(&report, "MIG-LOG-002", "pass", "5 rows converted");
    expect(&report, "MIG-ROL-002", "pass", "1 step");
    expect(&report, "MIG-EDG-004", "pass", "stops cleanly");
}

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
    expect(&report, "MIG-PRE-001", "warn", "one has no down.sql");
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
    expect(&report, "MIG-EDG-002", "pass", "1 completed by a second run");

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

    // Running twice adds twice.
    staging.migration(
        "INSERT INTO users SELECT max(id) + 1, 'new' FROM users;",
        Some("DELETE FROM users WHERE name = 'new';"),
    );
    let report = staging.test(&["--only", "edge-cases"]).expect_code(1).json();
    expect(&report, "MIG-EDG-001", "fail", "public.users");
    assert_eq!(staging.databases().await, ["staging_db"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_steps_are_climbed_one_by_one_and_irreversible_ones_are_named() {
    if !engine_or_skip() {
        return;
    }
    let staging = Staging::start().await;
    let write = |name: &str, text: &str| staging.workspace.write(&format!("migrations/{name}"), text);
    write("1_age/up.sql", "ALTER TABLE users ADD age int;");
    write("1_age/down.sql", "ALTER TABLE users DROP age;");
    write("2_index/up.sql", "CREATE INDEX CONCURRENTLY users_age ON users (age);");
    write("2_index/down.sql", "-- forgotten\nSELECT 1;");
    write("3_drop/up.sql", "UPDATE users SET note = 'gone';");
    write("3_drop/down.sql", "DO $$ BEGIN RAISE EXCEPTION 'there is no way back'; END $$;");
    write("4_empty/up.sql", "ALTER TABLE users ADD size int;");
    write("4_empty/down.sql", "-- to be written\n");
    staging.configure("");
    let text = staging.workspace.read("stagectl.yml").replace("path: migrations/one", "path: migrations");
    staging.workspace.write("stagectl.yml", &text);

    let report = staging.test(&["--only", "rollback"]).expect_code(1).json();
    expect(&report, "MIG-ROL-002", "fail", "2_index: index public.users_age was not there before");
    assert_eq!(find(&report, "MIG-ROL-002")["evidence"].as_array().expect("evidence").len(), 1);
    expect(&report, "MIG-ROL-004", "fail", "2_index");
    expect(
        &report,
        "MIG-ROL-005",
        "fail",
        "3_drop is declared irreversible: down raises `there is no way back",
    );
    expect(&report, "MIG-ROL-005", "fail", "4_empty is declared irreversible: its down is empty");

    write("2_index/down.sql", "DROP INDEX CONCURRENTLY users_age;");
    staging.workspace.write("stagectl.yml", &format!("{text}  irreversible: [3_drop, 4_empty]\n"));
    let report = staging.test(&["--only", "rollback"]).expect_code(0).json();
    assert_eq!(report["verdict"], "ready-with-warnings");
    expect(&report, "MIG-ROL-005", "warn", "2 accepted");
}

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
