//! Which rows of a table differ between two databases: by sums over buckets of keys first, then row
//! by row inside the buckets that differ.

use std::collections::HashMap;

use anyhow::{Context as _, Result};

use super::data::TablePrint;
use super::hash::{HashedColumn, chain, row_text, seed};
use crate::postgres::Session;

/// Keys fall into this many buckets.
const BUCKETS: usize = 4096;
/// Rows that are held at a time; where more differ, only their sums are told apart.
const LARGEST: i64 = 500_000;
/// Keys that are named.
const NAMED: usize = 5;

/// Rows of one table, compared by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowCounts {
    pub lost: u64,
    pub added: u64,
    pub changed: u64,
    /// The first keys that differ, where a key is a number or a UUID and names no person.
    pub keys: Vec<String>,
}

impl RowCounts {
    pub const fn total(&self) -> u64 {
        self.lost + self.added + self.changed
    }
}

/// What is compared: whole rows of a table, or only some columns.
struct Compared<'a> {
    table: &'a str,
    key: &'a [HashedColumn],
    hash: String,
}

/// Compares `columns` of `table` row by row. `None` where rows have no key or too many differ.
pub async fn differing_rows(
    (before, before_print): (&Session, Option<&TablePrint>),
    (after, after_print): (&Session, Option<&TablePrint>),
    table: &str,
    columns: &[String],
) -> Result<Option<RowCounts>> {
    let (Some(b), Some(a)) = (before_print, after_print) else { return Ok(None) };
    if b.key.is_empty() || b.key != a.key {
        return Ok(None);
    }
    let columns: Vec<HashedColumn> = columns
        .iter()
        .filter_map(|name| b.hashed.iter().find(|column| column.name == *name).cloned())
        .collect();
    let compared = Compared { table, key: &b.key, hash: chain(&columns) };
    let (left, right) = tokio::try_join!(buckets(before, &compared), buckets(after, &compared))?;
    let different: Vec<i32> = (0_i32..)
        .zip(left.iter().zip(&right))
        .filter(|(_, (l, r))| l != r)
        .map(|(number, _)| number)
        .collect();
    let rows =
        |side: &[(i64, String)]| different.iter().filter_map(|n| side.get(*n as usize)).map(|b| b.0).sum();
    let (on_left, on_right): (i64, i64) = (rows(&left), rows(&right));
    if on_left.max(on_right) > LARGEST {
        return Ok(None);
    }
    let (left, right) =
        tokio::try_join!(rows_in(before, &compared, &different), rows_in(after, &compared, &different))?;
    Ok(Some(count(&left, &right, b.key.iter().all(HashedColumn::is_surrogate))))
}

/// A key's hash to its text and the row's hash.
type Rows = HashMap<i64, (String, i64)>;

fn count(before: &Rows, after: &Rows, name_keys: bool) -> RowCounts {
    let mut counts = RowCounts::default();
    let mut keys: Vec<&String> = Vec::new();
    for (key, (text, hash)) in before {
        match after.get(key) {
            None => counts.lost += 1,
            Some((_, other)) if other != hash => counts.changed += 1,
            Some(_) => continue,
        }
        keys.push(text);
    }
    let added = after.iter().filter(|(key, _)| !before.contains_key(*key)).map(|(_, (text, _))| text);
    keys.extend(added.inspect(|_| counts.added += 1));
    if name_keys {
        keys.sort_by_key(|text| (text.len(), (*text).clone()));
        counts.keys = keys.into_iter().take(NAMED).cloned().collect();
    }
    counts
}

/// The seed of a key, spread evenly.
fn spread(key: &[HashedColumn]) -> String {
    format!("hashint8extended({}, 0)", seed(key))
}

/// Rows and their sum in each bucket.
async fn buckets(session: &Session, compared: &Compared<'_>) -> Result<Vec<(i64, String)>> {
    let Compared { table, key, hash } = compared;
    let sql = format!(
        "SELECT ({key} & {mask})::int, count(*), sum(hashint8extended({hash}, {key}))::text FROM {table} t GROUP BY 1",
        key = spread(key),
        mask = BUCKETS - 1
    );
    let mut buckets = vec![(0, String::new()); BUCKETS];
    for row in session.query(&sql, &[]).await.with_context(|| format!("compare the rows of {table}"))? {
        let number: i32 = row.get(0);
        if let Some(bucket) = usize::try_from(number).ok().and_then(|number| buckets.get_mut(number)) {
            *bucket = (row.get(1), row.get(2));
        }
    }
    Ok(buckets)
}

async fn rows_in(session: &Session, compared: &Compared<'_>, buckets: &[i32]) -> Result<Rows> {
    let Compared { table, key, hash } = compared;
    let sql = format!(
        "SELECT {spread}, {text}, {hash} FROM {table} t WHERE ({spread} & {mask})::int = ANY ($1)",
        spread = spread(key),
        text = row_text(key),
        mask = BUCKETS - 1
    );
    let rows =
        session.query(&sql, &[&buckets]).await.with_context(|| format!("compare the rows of {table}"))?;
    Ok(rows
        .iter()
        .map(|row| {
            let key: String = row.get(1);
            (row.get(0), (key.trim_matches(['(', ')']).to_owned(), row.get(2)))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[(i64, i64)]) -> Rows {
        rows.iter().map(|(key, hash)| (*key, (key.to_string(), *hash))).collect()
    }

    #[test]
    fn rows_that_are_lost_new_or_other_are_told_apart_and_named_by_number() {
        let counts = count(&rows(&[(1, 1), (2, 2), (30, 3)]), &rows(&[(2, 2), (30, 4), (4, 4)]), true);
        assert_eq!((counts.lost, counts.changed, counts.added), (1, 1, 1));
        assert_eq!(counts.keys, ["1", "4", "30"]);
        assert!(count(&rows(&[(1, 1)]), &rows(&[]), false).keys.is_empty());
    }
}
