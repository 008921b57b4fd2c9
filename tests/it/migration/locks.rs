//! The proxy and what it sees, against a real server: unsafe statements by kind, clients of every
//! manner, faults on purpose.

use std::path::{Path, PathBuf};

use stagectl::migration::advice::{Facts, Finding, Harm, advise};
use stagectl::migration::locks::LockMode;
use stagectl::migration::trace::Change;
use stagectl::migration::{Faults, Proxy};
use stagectl::postgres::{Session, connect};

use crate::support::{Postgres, engine_or_skip};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/unsafe")
}

fn read(path: &Path) -> String {
    fs_err::read_to_string(path).expect("read a case")
}

/// A database made from `template`, and a proxy before it.
async fn scratch(server: &Postgres, name: &str, template: &str, faults: Faults) -> Proxy {
    server.execute("postgres", &format!("CREATE DATABASE \"{name}\" TEMPLATE \"{template}\"")).await;
    Proxy::start(&server.address(name), server.session(name).await, faults).await.expect("start the proxy")
}

async fn through(proxy: &Proxy) -> Session {
    connect(proxy.address()).await.expect("connect through the proxy")
}

async fn findings(server: &Postgres, case: &Path) -> Vec<Finding> {
    let name = case.file_stem().expect("a name").to_string_lossy().into_owned();
    let proxy = scratch(server, &name, "pristine", Faults::default()).await;
    // A case may fail: that is what it is for.
    let _ = through(&proxy).await.batch_execute(&read(case)).await;
    let (before, after) = (server.session("pristine_seen").await, server.session(&name).await);
    let trace = proxy.trace();
    assert!(trace.problems.is_empty(), "{:?}", trace.problems);
    let facts = Facts::read(
        &before,
        &after,
        &trace,
        &std::collections::BTreeMap::new(),
        std::collections::BTreeSet::new(),
    )
    .await
    .expect("read the facts");
    advise(&trace, &facts)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_unsafe_statement_of_the_corpus_is_found_by_its_kind_and_no_safe_one() {
    if !engine_or_skip() {
        return;
    }
    let server = Postgres::start();
    server.execute("postgres", "CREATE DATABASE pristine").await;
    server.execute("pristine", &read(&corpus().join("schema.sql"))).await;
    server.execute("postgres", "CREATE DATABASE pristine_seen TEMPLATE pristine").await;
    let kinds = [
        ("blocks-all", 19, Some(Harm::BlocksAll)),
        ("blocks-writes", 6, Some(Harm::BlocksWrites)),
        ("data-loss", 4, Some(Harm::DataLoss)),
        ("breaks-code", 4, Some(Harm::BreaksCode)),
        ("fails-on-rows", 2, Some(Harm::FailsOnRows)),
        ("safe", 16, None),
    ];
    let mut wrong = Vec::new();
    for (kind, count, harm) in kinds {
        let mut cases: Vec<PathBuf> = fs_err::read_dir(corpus().join(kind))
            .expect("a folder of cases")
            .map(|entry| entry.expect("a case").path())
            .collect();
        cases.sort();
        assert_eq!(cases.len(), count, "{kind}");
        let found = futures_util::future::join_all(cases.iter().map(|case| findings(&server, case))).await;
        for (case, found) in cases.iter().zip(found) {
            let lines: Vec<String> = found.iter().map(Finding::line).collect();
            let right = match harm {
                Some(harm) => found.iter().any(|finding| finding.harm == harm),
                None => found.iter().all(|finding| finding.harm == Harm::Note),
            };
            if !right {
                wrong.push(format!("{}: {lines:#?}", case.display()));
            }
            for finding in found.iter().filter(|finding| finding.harm != Harm::Note) {
                assert!(!finding.safe.contains('{'), "{} is not filled in", finding.safe);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `app`'s database with one table of 100,000 rows, and the workspace that tests its migration.
async fn shop(server: Postgres, more: &str) -> super::staging::Staging {
    let staging = super::staging::Staging::start_over(server).await;
    let rows = "SET ROLE app; CREATE TABLE items (id int PRIMARY KEY, name text, price numeric, stock int);
        INSERT INTO items SELECT i, 'item ' || md5(i::text), i, i % 100 FROM generate_series(1, 100000) i; ANALYZE items";
    staging.server.execute("staging_db", rows).await;
    staging.configure(more);
    staging
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stall_is_measured_with_the_lock_and_statement_that_caused_it_and_time_is_estimated() {
    if !engine_or_skip() {
        return;
    }
    let staging = shop(
        Postgres::start(),
        "  workload:\n    - {name: one item, sql: SELECT name FROM items WHERE id = 7, weight: 3}\n\
         \x20   - {name: a user, sql: SELECT name FROM users WHERE id = 1}\n\
         \x20 production_rows: {items: 800000}\n",
    )
    .await;
    staging.migration(
        "ALTER TABLE items ADD COLUMN colour text;\nSELECT pg_sleep(1.2);\nALTER TABLE items ALTER COLUMN stock TYPE bigint;\n",
        Some("ALTER TABLE items ALTER COLUMN stock TYPE int;\nALTER TABLE items DROP COLUMN colour;\n"),
    );
    let report = staging.test(&["--only", "performance"]).json();
    let traffic = &report["traffic"];
    let stall = traffic["longest_stall_ms"].as_f64().expect("ms");
    // The lock is held from the first statement to the commit, and says how long itself.
    let cause = traffic["cause"].as_str().expect("a cause");
    let held = cause.split(" took ACCESS EXCLUSIVE for ").nth(1).and_then(|rest| rest.split(' ').next());
    let held: f64 = held.and_then(|ms| ms.parse().ok()).unwrap_or_else(|| panic!("{traffic:#}"));
    assert!(held > 1200.0 && (stall - held).abs() < 0.2 * held, "{traffic:#}");
    assert_eq!(traffic["stalled_query"], "one item");
    let check = super::staging::find(&report, "MIG-PRF-007");
    let found = check["found"].as_str().expect("words");
    assert!(found.contains("up.sql:1 took ACCESS EXCLUSIVE") && found.contains("public.items"), "{found}");
    let other = &traffic["queries"][1];
    assert_eq!((other["name"].as_str(), other["failed"].as_u64()), (Some("a user"), Some(0)), "{traffic:#}");

    let estimates = report["estimates"].as_array().expect("estimates");
    let rewrite = estimates.iter().find(|one| one["place"].as_str().is_some_and(|p| p.ends_with("up.sql:3")));
    let rewrite = rewrite.unwrap_or_else(|| panic!("{report:#}"));
    assert_eq!(rewrite["rows_in_production"], 800_000);
    assert_ne!(rewrite["growth"], "constant", "{rewrite:#}");
    assert!(rewrite["ms"].as_f64() > rewrite["ms_here"].as_f64(), "{rewrite:#}");
    let advice: Vec<&str> =
        report["advice"].as_array().expect("advice").iter().filter_map(|a| a["rule"].as_str()).collect();
    assert!(advice.contains(&"MIG-ADV-001") && advice.contains(&"MIG-ADV-015"), "{advice:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_every_manner_pass_through_untouched() {
    if !engine_or_skip() {
        return;
    }
    let server = Postgres::start();
    server.execute("postgres", "CREATE ROLE plain LOGIN PASSWORD 'other word'").await;
    server
        .execute("template1", "CREATE TABLE t (id int PRIMARY KEY, name text); INSERT INTO t VALUES (1, 'x')")
        .await;
    let proxy = scratch(&server, "manners", "template1", Faults::default()).await;
    // Prepared statements, parameters, rows in both directions, several sessions at once, notices, an error
    // inside a transaction and its repair.
    let (mut one, two) = (through(&proxy).await, through(&proxy).await);
    let row =
        two.query_one("SELECT name, $1::int + 1 FROM t WHERE id = $2", &[&41, &1]).await.expect("a row");
    assert_eq!((row.get::<_, &str>(0), row.get::<_, i32>(1)), ("x", 42));
    let transaction = one.transaction().await.expect("begin");
    transaction
        .batch_execute("ALTER TABLE t ADD COLUMN more int; SAVEPOINT s")
        .await
        .expect("two statements");
    let error = transaction.batch_execute("SELECT 1;\n SELECT missing").await.expect_err("no such column");
    let position = error.as_db_error().and_then(|db| db.position().cloned());
    assert_eq!(position, Some(tokio_postgres::error::ErrorPosition::Original(19)));
    transaction.batch_execute("ROLLBACK TO s; DEALLOCATE ALL; UPDATE t SET more = 5").await.expect("go on");
    transaction.commit().await.expect("commit");
    let sink = two.copy_in("COPY t (id, name) FROM stdin").await.expect("copy");
    let mut sink = std::pin::pin!(sink);
    futures_util::SinkExt::send(&mut sink, bytes::Bytes::from_static(b"2\ty\n3\tz\n")).await.expect("rows");
    assert_eq!(sink.finish().await.expect("the end of rows"), 2);
    // A request to cancel reaches the statement that it is for.
    let cancel = two.cancel_token();
    let (slept, ()) = tokio::join!(two.batch_execute("SELECT pg_sleep(60)"), async {
        let sleeping =
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'";
        while server.texts("postgres", sleeping).await.is_empty() {}
        cancel.cancel_query(tokio_postgres::NoTls).await.expect("cancel");
    });
    assert_eq!(slept.expect_err("cancelled").code().expect("a code").code(), "57014");
    assert!(two.batch_execute("CREATE INDEX CONCURRENTLY ON t (name)").await.is_ok());
    let trace = proxy.trace();
    let alter = trace.statements.iter().find(|seen| seen.text.starts_with("ALTER")).expect("seen");
    assert!(
        alter.locks.iter().any(|lock| lock.mode == LockMode::AccessExclusive && lock.relation == "public.t")
    );
    assert!(
        alter.changes.iter().any(|(_, change)| matches!(change, Change::ColumnAdded(c) if c.name == "more"))
    );
    assert!(trace.statements.iter().any(|seen| seen.error.as_ref().is_some_and(|(code, _)| code == "42703")));
    assert!(trace.problems.is_empty(), "{:?}", trace.problems);

    // A wrong password is refused by the server, in its own words.
    let mut address = proxy.address().clone();
    (address.user, address.password) = ("plain".into(), "wrong".to_owned().into());
    let refused = connect(&address).await.err().expect("refused");
    assert!(format!("{refused:#}").contains("28P01"), "{refused:#}");

    // Cut after the second statement: the third never runs, and the open transaction is gone.
    let cut = scratch(
        &server,
        "cut",
        "template1",
        Faults { cut_after: Some(2), lock_timeout: Some("150ms".into()) },
    )
    .await;
    let session = through(&cut).await;
    assert!(session.batch_execute("CREATE TABLE a (); CREATE TABLE b (); CREATE TABLE c ()").await.is_err());
    assert!(connect(cut.address()).await.is_err(), "nobody comes back through a cut proxy");
    assert_eq!(
        server.texts("cut", "SELECT count(*) FROM pg_class WHERE relname IN ('a', 'b', 'c')").await,
        ["0"]
    );
    let timeout = scratch(
        &server,
        "timeout",
        "template1",
        Faults { lock_timeout: Some("150ms".into()), ..Faults::default() },
    )
    .await;
    let holder = server.session("timeout").await;
    holder.batch_execute("BEGIN; LOCK TABLE t").await.expect("hold the table");
    let error =
        through(&timeout).await.batch_execute("ALTER TABLE t ADD c int").await.expect_err("waits in vain");
    assert_eq!(error.code().expect("a code").code(), "55P03");
}
