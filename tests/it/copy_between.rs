//! `stagectl copy-data --from URL --to URL`: two servers, no stack, and what it refuses.

use crate::copy_apply::{PRODUCTION, RULES};
use crate::support::{Outcome, Postgres, Workspace, engine_or_skip};

/// Two servers and a masking file.
pub struct Servers {
    pub production: Postgres,
    pub staging: Postgres,
    pub workspace: Workspace,
}

impl Servers {
    pub async fn start() -> Self {
        let (production, staging) = (Postgres::start(), Postgres::start());
        production.execute("postgres", "CREATE DATABASE shop").await;
        production.execute("shop", PRODUCTION).await;
        let workspace = Workspace::new()
            .env("STAGECTL_FROM", production.url("shop"))
            .env("STAGECTL_TO", staging.url("shop"))
            .env("STAGECTL_MASKING_KEY", "a-key-for-tests-only-0123456789");
        workspace.write("masking.yml", &format!("tables:{RULES}"));
        Self { production, staging, workspace }
    }

    pub fn copy(&self, more: &[&str]) -> Outcome {
        let mut args = vec!["copy-data", "--masking", "masking.yml", "--all", "--json"];
        args.extend_from_slice(more);
        self.workspace.stagectl(&args)
    }

    pub async fn here(&self, sql: &str) -> Vec<String> {
        self.staging.texts("shop", sql).await
    }

    pub async fn databases(&self) -> Vec<String> {
        let sql = "SELECT datname FROM pg_database WHERE datname LIKE 'shop%' ORDER BY 1";
        self.staging.texts("postgres", sql).await
    }
}

#[tokio::test]
async fn two_urls_are_enough_and_only_staging_is_ever_replaced() {
    if !engine_or_skip() {
        return;
    }
    let servers = Servers::start().await;

    // A dry run writes nothing, on neither side and not on the disk.
    servers.copy(&["--dry-run"]).expect_code(0);
    assert!(servers.databases().await.is_empty());
    assert!(!servers.workspace.path("staging-backups").exists());

    // The database is made where it is missing, and marked.
    let report = servers.copy(&[]).expect_code(0).json();
    assert_eq!(servers.here(r#"SELECT count(*) FROM "User""#).await, ["40"]);
    assert_eq!(servers.here(r#"SELECT count(*) FROM "User" WHERE email LIKE '%mail.example'"#).await, ["0"]);
    assert_eq!(servers.databases().await, ["shop"], "nothing was there to be kept");
    assert!(report["lsn"].as_str().is_some_and(|lsn| lsn.contains('/')), "{report:#}");
    assert!(report["away_ms"].is_u64(), "{report:#}");
    let comment = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'shop'";
    assert_eq!(servers.staging.texts("postgres", comment).await, ["stagectl: staging"]);
    assert_eq!(servers.here("SELECT count(*) FROM pg_namespace WHERE nspname ~ '^staging_'").await, ["0"]);

    // Now there is something to lose: it is asked about, backed up, and comes back.
    servers
        .staging
        .execute("shop", "CREATE TABLE mine AS SELECT i, md5(i::text) FROM generate_series(1, 99999) i")
        .await;
    let before = servers.staging.dump("shop");
    servers.copy(&[]).expect_code(5);
    let report = servers.copy(&["--yes"]).expect_code(0).json();
    assert_eq!(servers.here("SELECT count(*) FROM pg_class WHERE relname = 'mine'").await, ["0"]);
    let backup = report["backup"]["path"].as_str().unwrap();
    servers.staging.execute("postgres", "CREATE DATABASE restored").await;
    let file = fs_err::File::open(servers.workspace.path(backup)).unwrap();
    let restore =
        "gunzip | PGPASSWORD=$POSTGRES_PASSWORD psql -qv ON_ERROR_STOP=1 -h 127.0.0.1 -U postgres restored";
    let restored = std::process::Command::new("docker")
        .args(["exec", "--interactive", &servers.staging.container.id, "sh", "-c", restore])
        .stdin(file.into_parts().0)
        .output()
        .unwrap();
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    assert!(servers.staging.dump("restored") == before, "the backup holds what was there");
    let kept = report["previous_database"].as_str().unwrap().to_owned();
    let planned = servers.workspace.stagectl(&["rollback", "data", "--dry-run"]).expect_code(0);
    assert!(planned.stdout.contains(&kept), "{}", planned.stdout);
    assert_eq!(servers.databases().await, ["shop".to_owned(), kept]);
    servers.workspace.stagectl(&["rollback", "data", "--yes"]).expect_code(0);
    assert!(servers.staging.dump("shop") == before, "all of it is back");

    // The sides in the wrong order: refused with all answers given beforehand, and nothing has changed.
    let (from, to) = (servers.staging.url("shop"), servers.production.url("shop"));
    let swapped = ["copy-data", "--from", &from, "--to", &to, "--all", "--unclassified", "mask", "--yes"];
    let outcome = servers.workspace.stagectl(&swapped).expect_code(5);
    assert!(outcome.stderr.contains("right order"), "{}", outcome.stderr);
    let habit =
        servers.workspace.stagectl(&[&swapped[..], &["--this-is-staging", "staging.example/shop"]].concat());
    assert!(habit.expect_code(5).stderr.contains("right order"));
    let databases = "SELECT count(*) FROM pg_database WHERE datname LIKE 'shop%'";
    assert_eq!(servers.production.texts("postgres", databases).await, ["1"]);

    // A full database that nobody has called staging, and one that others use.
    servers.staging.execute("postgres", "CREATE DATABASE live").await;
    servers.staging.execute("live", "CREATE TABLE precious AS SELECT 1").await;
    let live = servers.staging.url("live");
    let outcome = servers.copy(&["--to", &live, "--yes"]).expect_code(5);
    assert!(outcome.stderr.contains("--this-is-staging 127.0.0.1/live"), "{}", outcome.stderr);
    let other = tokio_postgres::connect(&live, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(other.1);
    let outcome = servers.copy(&["--to", &live, "--this-is-staging", "127.0.0.1/live"]).expect_code(5);
    assert!(outcome.stderr.contains("1 sessions of others"), "{}", outcome.stderr);
    servers.copy(&["--to", &live, "--this-is-staging", "127.0.0.1/live", "--yes"]).expect_code(0);
    servers.copy(&["--to", &live, "--yes"]).expect_code(0);
}

#[tokio::test]
async fn one_server_under_another_name_is_still_the_same() {
    if !engine_or_skip() {
        return;
    }
    let server = Postgres::start();
    server.execute("postgres", "CREATE DATABASE shop").await;
    server.execute("shop", PRODUCTION).await;
    server.execute("shop", "COMMENT ON DATABASE shop IS 'stagectl: staging'").await;
    // A role that may not read the control file is told apart by the server's start instead.
    server
        .execute("shop", "CREATE ROLE reader LOGIN PASSWORD 'reader-password' IN ROLE pg_read_all_data")
        .await;
    let address = crate::support::docker(&[
        "inspect",
        "--format",
        "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}",
        &server.container.id,
    ]);
    let workspace = Workspace::new();
    let port = server.port;
    let superuser = format!("postgres:{}", server.password());
    for (user, place) in [
        (superuser.as_str(), format!("localhost:{port}")),
        (superuser.as_str(), format!("{address}:5432")),
        (superuser.as_str(), format!("[::ffff:127.0.0.1]:{port}")),
        ("reader:reader-password", format!("localhost:{port}")),
        ("reader:reader-password", format!("{address}:5432")),
    ] {
        let from = format!("postgresql://{user}@{place}/shop");
        let outcome = workspace.stagectl(&[
            "copy-data",
            "--from",
            &from,
            "--to",
            &server.url("shop"),
            "--all",
            "--unclassified",
            "mask",
            "--yes",
        ]);
        let outcome = outcome.expect_code(5);
        assert!(
            outcome.stderr.contains("the same database on the same server"),
            "{place}: {}",
            outcome.stderr
        );
        assert!(!outcome.stderr.contains(server.password()));
    }
    let databases = "SELECT count(*) FROM pg_database WHERE datname LIKE 'shop%'";
    assert_eq!(server.texts("postgres", databases).await, ["1"]);
}
