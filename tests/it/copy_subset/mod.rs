//! The rows of a subset against a brute-force fixpoint in SQL, on generated schemas and on real ones.

mod brute_force;
mod conditions;
mod generated;

use std::io::Write as _;
use std::process::{Command, Stdio};

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use stagectl::config::data::{Copy, KeyPolicy};
use stagectl::data::catalog;
use stagectl::data::model::Catalog;
use stagectl::data::subset::{self, Selected};
use stagectl::postgres::connect_url_read_only;

use self::brute_force::{assert_whole, brute_force, chosen};
use self::generated::{script, tables};
use crate::support::{Postgres, engine_or_skip};

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const SCHEMAS: usize = 12;

async fn select(server: &Postgres, database: &str, copy: &Copy, limit: Option<u32>) -> (Catalog, Selected) {
    let session = connect_url_read_only(&format!("{}?sslmode=disable", server.url(database)))
        .await
        .expect("what the test has made");
    session.batch_execute(BEGIN).await.expect("what the test has made");
    let catalog = catalog::read(&session, &copy.schemas).await.expect("what the test has made");
    let selected = subset::select(&session, &catalog, copy, limit).await.expect("what the test has made");
    (catalog, selected)
}
#[tokio::test(flavor = "multi_thread")]
async fn the_rows_of_a_subset_are_those_of_a_brute_force_fixpoint_on_generated_schemas() {
    if !engine_or_skip() {
        return;
    }
    let server = Postgres::start();
    let mut runner = TestRunner::deterministic();
    let (mut rows, mut nulled) = (0, 0);
    for nth in 0..SCHEMAS {
        let (shape, limit) = tables().new_tree(&mut runner).expect("what the test has made").current();
        let database = format!("generated_{nth}");
        let (sql, copy) = script(&shape);
        server.execute("postgres", &format!("CREATE DATABASE {database}")).await;
        server.execute(&database, &sql).await;
        let (catalog, selected) = select(&server, &database, &copy, Some(limit)).await;
        let expected = brute_force(&server, &database, &catalog, &selected).await;
        assert_eq!(chosen(&selected), expected, "{shape:#?}");
        assert_whole(&server, &database, &catalog, &selected).await;
        rows += expected.len();
        nulled += selected.subset.values().map(|selection| selection.nulled.len()).sum::<usize>();
    }
    assert!(rows > 100 && nulled > 10, "the generated schemas have become too simple: {rows} {nulled}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_of_a_subset_are_those_of_a_brute_force_fixpoint_on_real_schemas() {
    if !engine_or_skip() {
        return;
    }
    let Some(folder) = std::env::var_os("STAGECTL_TEST_SCHEMAS") else {
        eprintln!("SKIPPED: STAGECTL_TEST_SCHEMAS names no folder with pagila.sql and northwind.sql");
        return;
    };
    let server = Postgres::start();
    for (database, root) in [("pagila", "customer"), ("northwind", "customers")] {
        server.execute("postgres", &format!("CREATE DATABASE {database}")).await;
        let script = fs_err::read(std::path::Path::new(&folder).join(format!("{database}.sql")))
            .expect("what the test has made");
        psql(&server, database, &script);
        for policy in [None, Some(KeyPolicy::Follow)] {
            let mut copy = Copy { root: Some(root.into()), ..Copy::default() };
            let (catalog, selected) = select(&server, database, &copy, Some(5)).await;
            if let Some(policy) = policy {
                copy.foreign_keys = catalog.keys.iter().map(|key| (key.from(), policy)).collect();
                copy.foreign_keys.retain(|name, _| !name.contains('+'));
            }
            let (catalog, selected) = if policy.is_some() {
                select(&server, database, &copy, Some(5)).await
            } else {
                (catalog, selected)
            };
            let expected = brute_force(&server, database, &catalog, &selected).await;
            assert!(expected.len() > 5, "{database}: {expected:?}");
            assert_eq!(chosen(&selected), expected, "{database}");
            assert_whole(&server, database, &catalog, &selected).await;
        }
    }
}

fn psql(server: &Postgres, database: &str, script: &[u8]) {
    let mut child = Command::new("docker")
        .args(["exec", "-i", &server.container.id, "psql", "-q", "-U", "postgres", "-d", database])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("what the test has made");
    child.stdin.take().expect("what the test has made").write_all(script).expect("what the test has made");
    assert!(child.wait().expect("what the test has made").success());
}
