//! What all connections of a command share: what was there before, what was seen so far, and the
//! session beside it that looks into statements while they run.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::{Context as _, Result};
use tokio_postgres::{SimpleQueryMessage, Statement};

use super::look::{self, Looked};
use crate::migration::locks::LockMode;
use crate::migration::trace::{Relation, Seen, Trace};
use crate::postgres::Session;

/// What a backend has or waits for at this moment.
const SAMPLE: &str = "
SELECT relation, mode FROM pg_catalog.pg_locks
WHERE pid = $1 AND locktype = 'relation' AND granted AND relation >= 16384
  AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())";

pub struct Recorder {
    beside: Session,
    sample: Statement,
    started: Instant,
    before: BTreeMap<u32, Relation>,
    /// What committed transactions have left.
    known: Mutex<BTreeMap<u32, Looked>>,
    seen: Mutex<Vec<Seen>>,
    problems: Mutex<Vec<String>>,
    transactions: AtomicU64,
    connections: AtomicU32,
    /// Cuts every connection after this many statements.
    cut_after: Option<usize>,
    is_cut: AtomicBool,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Recorder {
    /// `beside` is a session on the same database that sees all backends.
    pub async fn new(beside: Session, cut_after: Option<usize>) -> Result<Self> {
        let sample = beside.prepare(SAMPLE).await.context("prepare to watch locks")?;
        let mut known = BTreeMap::new();
        for message in beside.simple_query(&look::all()).await.context("read what is there before")? {
            if let SimpleQueryMessage::Row(row) = message {
                let texts = (0..row.len()).map(|i| row.get(i).map(str::to_owned)).collect();
                let looked = Looked::from_texts(texts);
                known.insert(looked.oid, looked);
            }
        }
        let before = known
            .iter()
            .map(|(oid, looked)| {
                let relation = Relation {
                    oid: *oid,
                    schema: looked.schema.clone().unwrap_or_default(),
                    name: looked.name.clone().unwrap_or_default(),
                    kind: looked.kind.clone().unwrap_or_default(),
                    columns: looked.columns.clone().unwrap_or_default(),
                    table: looked.table,
                };
                (*oid, relation)
            })
            .collect();
        Ok(Self {
            beside,
            sample,
            started: Instant::now(),
            before,
            known: Mutex::new(known),
            seen: Mutex::default(),
            problems: Mutex::default(),
            transactions: AtomicU64::new(0),
            connections: AtomicU32::new(0),
            cut_after,
            is_cut: AtomicBool::new(false),
        })
    }

    pub fn now_ms(&self) -> f64 {
        self.started.elapsed().as_secs_f64() * 1000.0
    }

    pub fn before(&self) -> &BTreeMap<u32, Relation> {
        &self.before
    }

    /// The greatest object number before the migration.
    pub fn highest(&self) -> u32 {
        self.before.keys().next_back().copied().unwrap_or_default()
    }

    pub fn next_connection(&self) -> u32 {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub fn next_transaction(&self) -> u64 {
        self.transactions.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The relation as committed transactions left it.
    pub fn known(&self, oid: u32) -> Option<Looked> {
        locked(&self.known).get(&oid).cloned()
    }

    /// True where something that was there before lies in this file.
    pub fn has_file(&self, file: u32) -> bool {
        locked(&self.known).values().any(|known| known.file == file)
    }

    pub fn commit(&self, overlay: BTreeMap<u32, Looked>) {
        locked(&self.known).extend(overlay);
    }

    /// Keeps a statement; true where the connection is to be cut after it.
    pub fn push(&self, seen: Seen) -> (usize, bool) {
        let mut all = locked(&self.seen);
        all.push(seen);
        let cut = self.cut_after.is_some_and(|count| all.len() >= count);
        if cut {
            self.is_cut.store(true, Ordering::Relaxed);
        }
        (all.len() - 1, cut)
    }

    /// True where a connection is to be cut on purpose.
    pub const fn cuts(&self) -> bool {
        self.cut_after.is_some()
    }

    pub fn is_cut(&self) -> bool {
        self.is_cut.load(Ordering::Relaxed)
    }

    /// Says when the transaction of these statements ended, and with it their locks.
    pub fn end(&self, statements: &[usize]) {
        let now = self.now_ms();
        let mut all = locked(&self.seen);
        for index in statements {
            let Some(seen) = all.get_mut(*index) else { continue };
            seen.end_ms = now;
            for lock in &mut seen.locks {
                lock.held_ms = now - seen.start_ms;
            }
        }
    }

    /// Adds the time of an implicit commit to the statement that it belongs to.
    pub fn lengthen(&self, index: usize, ms: f64) {
        if let Some(seen) = locked(&self.seen).get_mut(index) {
            seen.ms += ms;
        }
    }

    pub fn problem(&self, line: String) {
        locked(&self.problems).push(line);
    }

    /// What a backend has locked right now.
    pub async fn sample(&self, pid: i32) -> Vec<(u32, LockMode)> {
        let rows = self.beside.query(&self.sample, &[&pid]).await.unwrap_or_default();
        rows.iter()
            .filter_map(|row| Some((row.get::<_, u32>(0), LockMode::parse(row.get::<_, &str>(1))?)))
            .collect()
    }

    pub fn trace(&self) -> Trace {
        Trace {
            before: self.before.clone(),
            statements: locked(&self.seen).clone(),
            problems: locked(&self.problems).clone(),
        }
    }
}
