//! Traffic while a migration runs: queries of the application's kind, sent by a few sessions, and
//! what became of them. `statistics` takes them from the server's own counts, where none are configured;
//! `tally` counts, pure; `blocked` says who made a query wait.

mod blocked;
pub mod statistics;
mod tally;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;

use self::blocked::Watcher;
pub use self::tally::{Replay, Sample, Stall, tally};
use crate::config::migration::WorkloadQuery;
use crate::migration::lab::backend;
use crate::model::DatabaseAddress;
use crate::postgres::{Session, connect, explain};

/// Sessions that send queries.
const SESSIONS: usize = 4;
/// Between two queries of a session, so that the migration gets its share of the machine.
const PAUSE: Duration = Duration::from_millis(2);
/// How long the traffic runs alone, to know what is usual.
const ALONE: Duration = Duration::from_millis(600);

/// Sends `queries` to the database at `address`, runs `up` meanwhile and returns what each saw.
/// `admin` is a session that sees every backend.
pub async fn replay<T>(
    address: &DatabaseAddress,
    admin: Session,
    queries: &[WorkloadQuery],
    up: impl Future<Output = Result<T>>,
) -> Result<(Replay, T)> {
    let turns: Vec<usize> = queries
        .iter()
        .enumerate()
        .flat_map(|(index, query)| std::iter::repeat_n(index, query.weight.clamp(1, 100) as usize))
        .collect();
    let (mut sessions, mut pids) = (Vec::new(), Vec::new());
    for _ in 0..SESSIONS {
        let session = connect(address).await?;
        pids.push(backend(&session).await?);
        sessions.push(session);
    }
    let watcher = Watcher::new(admin, pids.clone()).await?;
    let (stop, start) = (AtomicBool::new(false), Instant::now());
    let send = futures_util::future::join_all(sessions.iter().zip(&pids).enumerate().map(
        |(number, (session, pid))| {
            let first = number * turns.len() / SESSIONS;
            keep_sending(session, *pid, queries, &turns, first, start, &stop)
        },
    ));
    let whole = async {
        tokio::time::sleep(ALONE).await;
        let began = start.elapsed();
        let result = up.await;
        let ended = start.elapsed();
        stop.store(true, Ordering::Relaxed);
        result.map(|result| (result, began, ended))
    };
    let work = async { tokio::join!(send, whole) };
    let (samples, outcome) = tokio::select! {
        done = work => done,
        error = watcher.keep_looking(start) => return Err(error),
    };
    let (result, began, ended) = outcome?;
    let samples: Vec<Sample> = samples.into_iter().flatten().collect();
    Ok((tally(queries, &samples, &watcher.seen(), began, ended), result))
}

async fn keep_sending(
    session: &Session,
    pid: i32,
    queries: &[WorkloadQuery],
    turns: &[usize],
    first: usize,
    start: Instant,
    stop: &AtomicBool,
) -> Vec<Sample> {
    let mut samples = Vec::new();
    for query in turns.iter().cycle().skip(first) {
        if stop.load(Ordering::Relaxed) || session.is_closed() {
            break;
        }
        let begin = start.elapsed();
        let result = session.simple_query(&queries[*query].sql).await;
        let error = result.err().map(|error| explain(&error));
        if error.is_some() {
            // A query of several statements may have left its transaction open.
            let _ = session.batch_execute("ROLLBACK").await;
        }
        samples.push(Sample { pid, query: *query, begin, end: start.elapsed(), error });
        tokio::time::sleep(PAUSE).await;
    }
    samples
}
