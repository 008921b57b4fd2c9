//! The fingerprint against every kind of object: a down that forgets it is caught with the object
//! named, and a faithful one leaves no difference.

use futures_util::StreamExt as _;
use stagectl::migration::Reader;

use super::corpus::{Case, FILES, ROLE, parse, try_case};
use crate::support::{Postgres, engine_or_skip};

/// Databases that are worked on at a time.
const AT_ONCE: usize = 4;

/// Tries these cases in a database of their own.
async fn try_all(server: &Postgres, database: &str, cases: Vec<Case>) -> Vec<String> {
    server.execute("postgres", &format!("CREATE DATABASE {database}")).await;
    let session = server.session(database).await;
    let mut reader = Reader::open(&session).await.expect("prepare the fingerprint");
    let mut wrong = Vec::new();
    for case in cases {
        match try_case(&session, &mut reader, &case).await {
            Err(error) => {
                wrong.push(error);
                let _ = session.batch_execute("ROLLBACK").await;
            }
            Ok((caught, quiet)) => {
                if let Some(caught) = caught
                    && !caught.iter().any(|line| line.contains(&case.finds))
                {
                    wrong.push(format!("{}: `{}` is not named; found {:?}", case.name, case.finds, caught));
                }
                if !quiet.is_empty() {
                    wrong.push(format!("{}: a faithful down is blamed: {:?}", case.name, quiet));
                }
            }
        }
    }
    wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn a_down_that_forgets_any_kind_of_object_is_caught_and_a_faithful_one_passes() {
    if !engine_or_skip() {
        return;
    }
    let server = Postgres::start();
    server.execute("postgres", &format!("CREATE ROLE {ROLE}")).await;
    let cases: Vec<Case> = FILES.iter().flat_map(|(_, text)| parse(text)).collect();
    assert!(cases.len() >= 150, "{}", cases.len());
    let size = cases.len().div_ceil(AT_ONCE);
    let wrong: Vec<String> = futures_util::stream::iter(cases.chunks(size).enumerate())
        .map(async |(number, cases)| try_all(&server, &format!("part_{number}"), cases.to_vec()).await)
        .buffer_unordered(AT_ONCE)
        .concat()
        .await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
