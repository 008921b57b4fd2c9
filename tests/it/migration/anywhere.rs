//! Any server: one that takes encrypted sessions only, a migration that logs in by a URL of its own,
//! and the workload that the server has counted itself.

use super::staging::{expect, find};
use crate::support::{Outcome, Postgres, Workspace, engine_or_skip};

/// A key and a certificate of its own, and nobody in without TLS but from inside.
const TLS_ONLY: &str = "cd /var/lib/postgresql/data &&
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout server.key -out server.crt 2>/dev/null &&
chmod 600 server.key && chown postgres server.key server.crt && sed -i '1i hostnossl all all all reject' pg_hba.conf";

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_wants_tls_is_tested_as_the_role_of_a_url_under_the_queries_that_it_counted() {
    if !engine_or_skip() {
        return;
    }
    let server = Postgres::start();
    server.execute("postgres", "CREATE ROLE app LOGIN PASSWORD 'secret'").await;
    server.execute("postgres", "CREATE DATABASE shop OWNER app").await;
    let schema = "CREATE EXTENSION pg_stat_statements; SET ROLE app;
        CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, made timestamptz DEFAULT now());
        INSERT INTO items SELECT i, 'item ' || i FROM generate_series(1, 50) i;
        CREATE TABLE notes (id int PRIMARY KEY, text text);
        INSERT INTO notes VALUES (1, 'one');
        ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
        ALTER TABLE notes FORCE ROW LEVEL SECURITY";
    server.execute("shop", schema).await;
    for (sql, calls) in [
        ("SELECT name FROM items WHERE id = 7 LIMIT 3", 20),
        ("UPDATE items SET name = 'other' WHERE id = 3", 5),
        ("SELECT count(*) FROM pg_class", 30),
    ] {
        for _ in 0..calls {
            server.execute("shop", sql).await;
        }
    }
    server.container.try_exec(&["sh", "-c", TLS_ONLY]).expect("make a certificate");
    let on = server.container.try_exec(&[
        "su",
        "postgres",
        "-c",
        "psql -qc 'ALTER SYSTEM SET ssl = on' -c 'SELECT pg_reload_conf()'",
    ]);
    on.expect("switch TLS on");

    let workspace = Workspace::new();
    workspace.write("up.sql", "UPDATE notes SET text = 'two';\nALTER TABLE items ADD size int;\n");
    workspace.write("down.sql", "ALTER TABLE items DROP size;\n");
    let run = |mode: &str, args: &[&str]| {
        let plain = format!("127.0.0.1:{}/shop?sslmode={mode}", server.port);
        let output = workspace
            .command(&[&["test-migration", "--json", "--up", "up.sql", "--down", "down.sql"], args].concat())
            .env("STAGECTL_DATABASE_URL", format!("postgresql://postgres:{}@{plain}", server.password()))
            .env("STAGECTL_ROLE_URL", format!("postgresql://app:secret@{plain}"))
            .output()
            .expect("run stagectl");
        Outcome {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    };
    let refused = run("disable", &[]).expect_code(4);
    assert!(refused.stderr.contains("pg_hba.conf rejects connection"), "{}", refused.stderr);

    let report = run("require", &["--only", "logic", "--only", "rollback", "--only", "performance"]).json();
    expect(&report, "MIG-PRE-004", "pass", "`app` runs the migration");
    expect(&report, "MIG-LOG-001", "pass", "2 statements");
    // A superuser would have changed the row.
    expect(&report, "MIG-LOG-004", "warn", "up.sql:1 touched no row");
    expect(&report, "MIG-ROL-002", "pass", "1 step");
    let traffic = find(&report, "MIG-PRF-007")["evidence"].to_string();
    assert!(traffic.contains("the top of pg_stat_statements"), "{traffic}");
    let queries = report["traffic"]["queries"].as_array().expect("queries");
    let of = |words: &str| {
        let named = |query: &&serde_json::Value| query["name"].as_str().is_some_and(|n| n.contains(words));
        queries.iter().find(named).unwrap_or_else(|| panic!("{words} was not sent: {queries:#?}"))
    };
    for words in ["SELECT name FROM items WHERE id = $1", "UPDATE items SET name"] {
        assert!(of(words)["sent"].as_u64() > Some(0) && of(words)["failed"] == 0, "{queries:#?}");
    }
    assert!(!queries.iter().any(|query| query["name"].to_string().contains("pg_class")), "{queries:#?}");
    assert!(!report.to_string().contains("secret"));
}
