//! The proxy and what it sees, against a real server: unsafe statements by kind, clients of every
//! manner, faults on purpose.

use std::path::{Path, PathBuf};

use stagectl::migration::advice::{Facts, Finding, Harm, advise};
use stagectl::migration::locks::LockMode;
use stagectl::migration::trace::{Change, Trace};
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
