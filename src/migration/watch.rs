//! A second session that looks at the migrating one: which locks it holds while and after each
//! statement, and how much write-ahead log the server wrote.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio_postgres::Statement;

use super::locks::{LockMode, relation_kind};
use crate::postgres::Session;

/// How long to wait between two looks at a running statement.
const INTERVAL: Duration = Duration::from_millis(3);

/// Relations that the watching session cannot see were born in the migration: nobody waits for them.
const LOCKS: &str = "
SELECT format('%I.%I', n.nspname, c.relname), c.relkind::text, l.mode
FROM pg_locks l
JOIN pg_class c ON c.oid = l.relation
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE l.pid = $1 AND l.locktype = 'relation' AND l.granted
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

/// Relation, kind and mode.
pub type Lock = (String, &'static str, LockMode);

/// Watches one backend.
pub struct Watch {
    session: Session,
    locks: Statement,
    pid: i32,
    seen: Mutex<BTreeSet<Lock>>,
}

impl Watch {
    /// `session` must see all backends; `pid` is the one to look at.
    pub async fn new(session: Session, pid: i32) -> Result<Self> {
        let locks = session.prepare(LOCKS).await.context("prepare to watch locks")?;
        Ok(Self { session, locks, pid, seen: Mutex::default() })
    }

    /// Looks again and again, until dropped.
    pub async fn keep_looking(&self) {
        loop {
            tokio::time::sleep(INTERVAL).await;
            if self.look().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// Looks once and remembers.
    pub async fn look(&self) -> Result<()> {
        let rows = self.session.query(&self.locks, &[&self.pid]).await.context("look at the locks")?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for row in rows {
            let (relation, kind, mode): (String, String, String) = (row.get(0), row.get(1), row.get(2));
            if let Some(mode) = LockMode::parse(&mode) {
                seen.insert((relation, relation_kind(&kind), mode));
            }
        }
        Ok(())
    }

    /// What was seen since the last call.
    pub fn take(&self) -> Vec<Lock> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *seen).into_iter().collect()
    }

    /// Where the server's write-ahead log stands, in bytes.
    pub async fn log_position(&self) -> Result<i64> {
        let row = self
            .session
            .query_one("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint", &[])
            .await
            .context("ask for the log's position")?;
        Ok(row.get(0))
    }
}
