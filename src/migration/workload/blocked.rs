//! Which session waits for which lock, and what the one that has it runs.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio_postgres::Statement;

use crate::postgres::Session;

const INTERVAL: Duration = Duration::from_millis(5);

/// Those that wait among ours, and among whom they wait for the one that is not ours.
const WAITING: &str = "
SELECT w.pid, w.mode, coalesce(format('%I.%I', n.nspname, c.relname), w.locktype), a.query
FROM pg_catalog.pg_locks w
CROSS JOIN LATERAL unnest(pg_catalog.pg_blocking_pids(w.pid)) AS b(pid)
JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid
LEFT JOIN pg_catalog.pg_class c ON c.oid = w.relation
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT w.granted AND w.pid = ANY ($1) AND NOT b.pid = ANY ($1)";

/// A session was seen waiting.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub pid: i32,
    /// Since the traffic began.
    pub at: Duration,
    /// The mode it wants, as the server calls it.
    pub wants: String,
    /// The relation, or what else it waits for.
    pub on: String,
    /// What the one who holds the lock ran last.
    pub statement: String,
}

pub struct Watcher {
    session: Session,
    waiting: Statement,
    pids: Vec<i32>,
    seen: Mutex<Vec<Waiting>>,
}

impl Watcher {
    pub async fn new(session: Session, pids: Vec<i32>) -> Result<Self> {
        let waiting = session.prepare(WAITING).await.context("prepare to watch who waits")?;
        Ok(Self { session, waiting, pids, seen: Mutex::default() })
    }

    /// Looks again and again; returns only where it cannot.
    pub async fn keep_looking(&self, start: Instant) -> anyhow::Error {
        loop {
            tokio::time::sleep(INTERVAL).await;
            match self.session.query(&self.waiting, &[&self.pids]).await {
                Ok(rows) => {
                    let at = start.elapsed();
                    let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                    seen.extend(rows.iter().map(|row| Waiting {
                        pid: row.get(0),
                        at,
                        wants: row.get(1),
                        on: row.get(2),
                        statement: row.get::<_, Option<String>>(3).unwrap_or_default(),
                    }));
                }
                Err(error) => return anyhow::Error::new(error).context("watch who waits"),
            }
        }
    }

    pub fn seen(&self) -> Vec<Waiting> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
