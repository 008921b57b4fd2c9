//! Migrations in the layouts of real tools, by their own commands, on any server; and for real.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Outcome, Postgres, Workspace, engine_or_skip};

const PASSWORD: &str = "p@ss/word";

/// A server on which the role `app` owns the databases of a test and may make more.
async fn server() -> Postgres {
    let server = Postgres::start();
    server.execute("postgres", &format!("CREATE ROLE app LOGIN CREATEDB PASSWORD '{PASSWORD}'")).await;
    server
}

async fn database(server: &Postgres, name: &str) {
    server.execute("postgres", &format!("CREATE DATABASE {name} OWNER app")).await;
}

fn url(server: &Postgres, database: &str) -> String {
    format!("postgresql://app:p%40ss%2Fword@127.0.0.1:{}/{database}", server.port)
}

fn fixture(layout: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/migrations").join(layout)
}

fn test(workspace: &Workspace, url: &str, args: &[&str]) -> Outcome {
    let output = workspace
        .command(&[&["test-migration", "--json", "--only", "rollback"], args].concat())
        .env("STAGECTL_DATABASE_URL", url)
        .output()
        .expect("run stagectl");
    Outcome {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn steps(report: &Value) -> Vec<&str> {
    report["steps"].as_array().expect("steps").iter().filter_map(|step| step["name"].as_str()).collect()
}

/// A check's status and all that it says.
#[track_caller]
fn check(report: &Value, id: &str) -> (String, String) {
    let checks = report["checks"].as_array().expect("checks");
    let check =
        checks.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("no {id} in {report:#}"));
    (
        check["status"].as_str().unwrap_or_default().to_owned(),
        format!("{} {}", check["found"], check["evidence"]),
    )
}

async fn companions(server: &Postgres, database: &str) -> Vec<String> {
    let sql = format!("SELECT datname FROM pg_database WHERE datname LIKE '{database}\\_\\_%' ORDER BY 1");
    server.texts("postgres", &sql).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_every_tool_climb_their_stairs_on_any_server() {
    if !engine_or_skip() {
        return;
    }
    let server = server().await;
    let workspace = Workspace::new();
    let has_psql = std::process::Command::new("psql").arg("--version").output().is_ok();
    if !has_psql {
        eprintln!("SKIPPED sqitch's files: psql is not here, and a script of theirs needs it");
    }
    for (layout, count, irreversible) in [
        ("plain", 2, ""),
        ("diesel", 4, ""),
        ("sqlx", 2, ""),
        ("golang-migrate", 2, ""),
        ("timestamps", 2, ""),
        ("dbmate", 2, ""),
        ("goose", 2, ""),
        ("sqitch", 3, ""),
        ("flyway", 5, "R__cheap_items"),
        ("prisma", 2, "20200101000000_init"),
        ("sqlx-simple", 3, "10_stock"),
    ] {
        if layout == "sqitch" && !has_psql {
            continue;
        }
        let name = format!("shop_{}", layout.replace('-', "_"));
        database(&server, &name).await;
        let folder = fixture(layout);
        let mut args = vec!["--migrations", folder.to_str().expect("a path")];
        if layout == "golang-migrate" {
            // Beside a Cargo.toml, as here, the same names are taken for sqlx's.
            args.extend(["--layout", "golang-migrate"]);
        }
        let outcome = test(&workspace, &url(&server, &name), &args);
        let report = outcome.json();
        assert_eq!(steps(&report).len(), count, "{layout}");
        for id in ["MIG-ROL-001", "MIG-ROL-002", "MIG-ROL-004", "MIG-INT-008"] {
            let (status, said) = check(&report, id);
            assert_ne!(status, "fail", "{layout} {id}: {said}");
        }
        let (status, said) = check(&report, "MIG-ROL-005");
        assert_eq!(status, if irreversible.is_empty() { "pass" } else { "fail" }, "{layout}: {said}");
        assert!(said.contains(irreversible), "{layout}: {said}");
        assert_eq!(companions(&server, &name).await, Vec::<String>::new(), "{layout}");
        assert!(!report.to_string().contains("p%40ss") && !report.to_string().contains(PASSWORD));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_tool_has_applied_is_the_base_and_the_rest_is_pending() {
    if !engine_or_skip() {
        return;
    }
    let server = server().await;
    let workspace = Workspace::new();
    let folder = fixture("diesel");
    let migrations = folder.to_str().expect("a path");
    database(&server, "shop").await;
    server
        .execute(
            "shop",
            "SET ROLE app;
             CREATE TABLE __diesel_schema_migrations (version varchar(50) PRIMARY KEY, run_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP);
             INSERT INTO __diesel_schema_migrations VALUES ('00000000000000'), ('20200102000000');
             CREATE TABLE items (id serial PRIMARY KEY, name text NOT NULL)",
        )
        .await;
    let pending =
        test(&workspace, &url(&server, "shop"), &["--migrations", migrations]).expect_code(0).json();
    assert_eq!(steps(&pending), ["2020-01-03-000000_add_price", "2020-01-04-000000_index_items"]);
    let session = server.session("shop").await;
    let dumped = test(&workspace, &url(&server, "shop"), &["--migrations", migrations, "--clone", "dump"]);
    if dumped.stderr.contains("pg_dump 15 or newer is not here") {
        eprintln!("SKIPPED the clone by a dump: there is no pg_dump here");
    } else {
        assert_eq!(steps(&dumped.expect_code(0).json()).len(), 2);
        session.batch_execute("SELECT 1").await.expect("a dump closes nobody's session");
    }
    // A copy by the server needs the database alone, and `app` may not close a superuser's session.
    drop(session);
    let all = test(&workspace, &url(&server, "shop"), &["--migrations", migrations, "--all-migrations"]);
    assert_eq!(steps(&all.expect_code(0).json()).len(), 4);

    server
        .execute(
            "shop",
            "INSERT INTO __diesel_schema_migrations VALUES ('20200103000000'), ('20200104000000')",
        )
        .await;
    let none = test(&workspace, &url(&server, "shop"), &["--migrations", migrations]).expect_code(0).json();
    assert_eq!(check(&none, "MIG-PRE-010").0, "warn");

    let refused = test(&workspace, &url(&server, "shop_production"), &["--migrations", migrations]);
    assert_eq!(refused.code, 5, "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tools_own_commands_run_on_clones_and_what_their_downs_forget_is_named() {
    if !engine_or_skip() {
        return;
    }
    if std::process::Command::new("psql").arg("--version").output().is_err() {
        eprintln!("SKIPPED: psql is not here, and stands for the tool");
        return;
    }
    let server = server().await;
    let workspace = Workspace::new();
    database(&server, "shop").await;
    workspace.write("list", "one\ntwo\nthree\n");
    workspace.write("one.up", "CREATE TABLE a (x int)");
    workspace.write("one.down", "DROP TABLE a");
    workspace.write("two.up", "CREATE TABLE b (x int); CREATE INDEX forgotten ON a (x)");
    workspace.write("two.down", "DROP TABLE b");
    workspace.write("three.up", "DROP TABLE b");
    workspace.write("three.down", "DO $$ BEGIN RAISE EXCEPTION 'IrreversibleError: b is gone'; END $$");
    let url = url(&server, "shop");
    let commands = [
        "--steps-command",
        "cat list",
        "--up-command",
        "psql -qXv ON_ERROR_STOP=1 -f {step}.up",
        "--down-command",
        "psql -qXv ON_ERROR_STOP=1 -f {step}.down",
    ];
    let report = test(&workspace, &url, &commands).expect_code(1).json();
    assert_eq!(steps(&report), ["one", "two", "three"]);
    let (status, said) = check(&report, "MIG-ROL-002");
    assert!(status == "fail" && said.contains("two: index public.forgotten"), "{said}");
    let (status, said) = check(&report, "MIG-ROL-005");
    assert!(status == "fail" && said.contains("three") && !said.contains("two is declared"), "{said}");
    assert_eq!(check(&report, "MIG-INT-008").0, "pass");
    assert_eq!(companions(&server, "shop").await, Vec::<String>::new());

    let broken = test(&workspace, &url, &["--up-command", "echo $PGPASSWORD is wrong; exit 3"]);
    let (status, said) = check(&broken.expect_code(1).json(), "MIG-ROL-001");
    assert!(status == "fail" && said.contains("**** is wrong") && !said.contains(PASSWORD), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_takes_steps_and_takes_them_back_and_a_failure_leaves_staging_as_before() {
    if !engine_or_skip() {
        return;
    }
    let server = server().await;
    database(&server, "staging_db").await;
    let workspace = Workspace::with_config(&format!(
        "version: 1\nproject: lab\nservices:\n  db:\n    role: database\n    image: postgres:15.8\n    container_name: '{}'\n    ports: ['{}:5432']\n\
         database:\n  service: db\n  name: staging_db\n  user: app\n  password: '{PASSWORD}'\n  admin_password: {}\n\
         migration:\n  path: migrations\n  assertions:\n    - {{name: no price is low, sql: SELECT 1 FROM items WHERE price < 0}}\n",
        server.container.id,
        server.port,
        server.password()
    ));
    for (name, up, down) in [
        ("01_items", "CREATE TABLE items (id int PRIMARY KEY)", "DROP TABLE items"),
        ("02_price", "ALTER TABLE items ADD price int", "ALTER TABLE items DROP price"),
    ] {
        workspace.write(&format!("migrations/{name}/up.sql"), up);
        workspace.write(&format!("migrations/{name}/down.sql"), down);
    }
    let migrate = |args: &[&str]| workspace.stagectl(&[&["migrate", "--json"], args].concat());
    let columns = "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = to_regclass('items') AND attnum > 0 AND NOT attisdropped";

    let plan = migrate(&["up", "--dry-run"]).expect_code(0).json();
    assert_eq!(plan["steps"], serde_json::json!(["01_items", "02_price"]));
    assert_eq!(server.texts("staging_db", columns).await, ["NULL"]);
    migrate(&["up"]).expect_code(5);
    migrate(&["up", "--yes"]).expect_code(0);
    assert_eq!(server.texts("staging_db", columns).await, ["id price"]);
    assert_eq!(migrate(&["up", "--dry-run"]).expect_code(0).json()["steps"], serde_json::json!([]));
    migrate(&["down", "--yes"]).expect_code(0);
    assert_eq!(server.texts("staging_db", columns).await, ["id"]);
    assert_eq!(companions(&server, "staging_db").await.len(), 1, "the copy of before, and no older one");

    // The first step is done when the second fails: staging goes back before both.
    server.execute("staging_db", "INSERT INTO items VALUES (1)").await;
    workspace.write("migrations/03_bad/up.sql", "UPDATE items SET price = 1 / 0");
    workspace.write("migrations/03_bad/down.sql", "SELECT 1");
    let failed = migrate(&["up", "--yes"]).expect_code(6);
    assert!(
        failed.stderr.contains("division by zero") && failed.stderr.contains("is as before"),
        "{}",
        failed.stderr
    );
    assert_eq!(server.texts("staging_db", columns).await, ["id"]);
    assert_eq!(server.texts("staging_db", "SELECT id FROM items").await, ["1"]);
    let kept = companions(&server, "staging_db").await;
    let kept = kept.iter().find(|name| name.contains("__fail_")).expect("what failed is kept");
    assert_eq!(server.texts(kept, columns).await, ["id price"]);

    // An assertion that does not hold is a failure as well.
    workspace.write("migrations/03_bad/up.sql", "UPDATE items SET price = -1");
    let failed = migrate(&["up", "--yes"]).expect_code(6);
    assert!(failed.stderr.contains("no price is low"), "{}", failed.stderr);
    assert_eq!(server.texts("staging_db", columns).await, ["id"]);

    // A run that was killed leaves its copy under this name: the next one starts from there.
    let copy = "staging_db__undo_20261121t010203z_1_1";
    server.execute("postgres", &format!("CREATE DATABASE {copy} TEMPLATE staging_db OWNER app")).await;
    server.execute("staging_db", "SET ROLE app; ALTER TABLE items ADD half int").await;
    workspace.write("migrations/03_bad/up.sql", "SELECT 1");
    migrate(&["up", "--yes"]).expect_code(0);
    assert_eq!(server.texts("staging_db", columns).await, ["id price"]);
}
