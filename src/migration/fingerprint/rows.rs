//! How many rows of a table differ between two databases, matched by primary key.

use std::collections::HashMap;

use anyhow::Result;

use super::data::{TablePrint, key_hash, row_text};
use crate::postgres::Session;

/// Tables above this many rows are told apart by their sums only.
const LARGEST: i64 = 500_000;

/// Rows of one table, compared by key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowCounts {
    pub lost: u64,
    pub added: u64,
    pub changed: u64,
}

impl RowCounts {
    pub const fn total(self) -> u64 {
        self.lost + self.added + self.changed
    }
}

/// Compares `columns` of `table` row by row. `None` where rows have no key or are too many.
pub async fn lost_rows(
    (before, before_print): (&Session, Option<&TablePrint>),
    (after, after_print): (&Session, Option<&TablePrint>),
    table: &str,
    columns: &[String],
) -> Result<Option<RowCounts>> {
    let (Some(b), Some(a)) = (before_print, after_print) else { return Ok(None) };
    if b.key.is_empty() || b.key != a.key || b.rows.max(a.rows) > LARGEST {
        return Ok(None);
    }
    let (b, a) =
        (hashes(before, table, &b.key, columns).await?, hashes(after, table, &b.key, columns).await?);
    let mut counts = RowCounts::default();
    for (key, hash) in &b {
        match a.get(key) {
            None => counts.lost += 1,
            Some(other) if other != hash => counts.changed += 1,
            Some(_) => {}
        }
    }
    counts.added = a.keys().filter(|key| !b.contains_key(*key)).count() as u64;
    Ok(Some(counts))
}

async fn hashes(
    session: &Session,
    table: &str,
    key: &[String],
    columns: &[String],
) -> Result<HashMap<i64, i64>> {
    let (key, values) = (key_hash(key), row_text(columns));
    let sql = format!("SELECT {key}, hashtextextended({values}, 0) FROM {table} t");
    Ok(session.query(&sql, &[]).await?.iter().map(|row| (row.get(0), row.get(1))).collect())
}
