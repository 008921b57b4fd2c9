//! Other sessions: one that holds a row while up wants the table, and some that go on writing.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::migration::apply::Stopped;
use crate::migration::lab::Lab;
use crate::migration::tables::Table;
use crate::model::quote_identifier;
use crate::postgres::{Session, explain};

/// How long up may wait for a lock in these cases, unless its file says otherwise.
const LOCK_TIMEOUT: &str = "300ms";
/// A file may set a longer timeout of its own; after this the case is over.
const PATIENCE: Duration = Duration::from_secs(20);
const WRITERS: usize = 2;

/// A write that changes nothing, on the first row of a table.
fn idle_write(table: &Table, conversion: Option<&str>) -> Option<String> {
    let column = conversion
        .and_then(|name| table.column(name))
        .or_else(|| table.columns.iter().find(|c| !c.computed && !c.in_key))?;
    let column = quote_identifier(&column.name);
    Some(format!(
        "UPDATE {0} SET {column} = {column} WHERE (tableoid, ctid) = (SELECT tableoid, ctid FROM {0} LIMIT 1)",
        table.quoted
    ))
}

fn writes(lab: &Lab) -> Vec<String> {
    lab.tables
        .iter()
        .filter(|table| table.rows > 0)
        .filter_map(|table| {
            let conversion = lab.inputs.config.conversions.iter().find(|c| table.is_called(&c.table));
            idle_write(table, conversion.map(|c| c.column.as_str()))
        })
        .collect()
}

/// What up did while a row was held.
#[derive(Debug)]
pub enum Held {
    /// No table holds a row.
    NothingToHold,
    /// Up went through: it does not touch what was held.
    NoConflict,
    /// A step, counted from 0, stopped.
    Stopped(usize, Stopped),
    /// Up was still waiting when patience ended.
    Waiting,
}

/// Runs up on `clone` while another session holds a row of each table.
pub async fn hold_a_row(lab: &Lab, clone: &str) -> Result<Held> {
    let writes = writes(lab);
    if writes.is_empty() {
        return Ok(Held::NothingToHold);
    }
    let holder = lab.clones.as_user(clone).await?;
    holder.batch_execute("BEGIN").await?;
    for sql in &writes {
        // A table that the role may not write to cannot be held by it either.
        let held = holder.batch_execute(&format!("SAVEPOINT one; {sql}")).await;
        if held.is_err() {
            holder.batch_execute("ROLLBACK TO one").await?;
        }
    }
    let session = lab.clones.as_user(clone).await?;
    session.batch_execute(&format!("SET lock_timeout = '{LOCK_TIMEOUT}'")).await?;
    let pid = crate::migration::lab::backend(&session).await?;
    let outcome = if let Ok(result) = tokio::time::timeout(PATIENCE, lab.up_from(&session, 0)).await {
        result?.map_or(Held::NoConflict, |(step, stopped)| Held::Stopped(step, stopped))
    } else {
        lab.clones.terminate(pid).await?;
        Held::Waiting
    };
    holder.batch_execute("ROLLBACK").await?;
    Ok(outcome)
}

/// What the writers saw.
#[derive(Debug, Default)]
pub struct Traffic {
    pub writes: u64,
    pub longest_ms: f64,
    /// Message to how often.
    pub errors: BTreeMap<String, u64>,
    pub up: Option<Stopped>,
}

/// Runs up on `clone` while writers go on. Their writes roll back, so that the end state can be
/// compared; they take the locks of real ones.
pub async fn keep_writing(lab: &Lab, clone: &str) -> Result<Traffic> {
    let writes = writes(lab);
    let stop = AtomicBool::new(false);
    let mut sessions = Vec::new();
    for _ in 0..WRITERS {
        sessions.push(lab.clones.as_user(clone).await?);
    }
    let session = lab.clones.as_user(clone).await?;
    let writers = futures_util::future::join_all(sessions.iter().map(|s| write_until(s, &writes, &stop)));
    let up = async {
        // The first writes are under way before up begins.
        tokio::time::sleep(Duration::from_millis(30)).await;
        let result = lab.up(&session).await;
        tokio::time::sleep(Duration::from_millis(30)).await;
        stop.store(true, Ordering::Relaxed);
        result
    };
    let (seen, up) = tokio::join!(writers, up);
    let mut traffic = Traffic { up: up?, ..Traffic::default() };
    for one in seen {
        traffic.writes += one.writes;
        traffic.longest_ms = traffic.longest_ms.max(one.longest_ms);
        for (error, count) in one.errors {
            *traffic.errors.entry(error).or_default() += count;
        }
    }
    Ok(traffic)
}

async fn write_until(session: &Session, writes: &[String], stop: &AtomicBool) -> Traffic {
    let mut seen = Traffic::default();
    while !stop.load(Ordering::Relaxed) && !writes.is_empty() {
        for sql in writes {
            let start = Instant::now();
            let result = session.batch_execute(&format!("BEGIN; {sql}")).await;
            seen.longest_ms = seen.longest_ms.max(start.elapsed().as_secs_f64() * 1000.0);
            let _ = session.batch_execute("ROLLBACK").await;
            match result {
                Ok(()) => seen.writes += 1,
                Err(error) => *seen.errors.entry(explain(&error)).or_default() += 1,
            }
            if session.is_closed() {
                return seen;
            }
        }
        tokio::task::yield_now().await;
    }
    seen
}
