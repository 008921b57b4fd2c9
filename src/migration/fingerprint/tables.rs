//! The tables of a database, and by what one sees that their rows may have moved.

use anyhow::{Context as _, Result};
use tokio_postgres::Statement;

use super::hash::HashedColumn;
use super::{BOOKKEEPING, BOOKKEEPING_TABLES};
use crate::postgres::Session;

/// What stays the same while nobody touches a table's rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mark {
    pub oid: u32,
    /// The file of its rows: a rewrite or TRUNCATE makes a new one.
    file: u32,
    /// Its columns with their numbers and types, and the labels of enums.
    shape: String,
    /// Rows inserted, updated and deleted since the counters began.
    writes: i64,
}

impl Mark {
    /// True where the rows are those of `earlier`, a mark of the same database or, for a `copy`, of
    /// the database that this one was copied from: counters begin at zero there.
    pub fn is_still(&self, earlier: &Self, copy: bool) -> bool {
        let writes = if copy { 0 } else { earlier.writes };
        self.oid == earlier.oid
            && self.file == earlier.file
            && self.shape == earlier.shape
            && self.writes == writes
    }
}

/// A table, to be read or not.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Quoted and qualified.
    pub name: String,
    pub mark: Mark,
    pub columns: Vec<HashedColumn>,
    /// The primary key; empty without one.
    pub key: Vec<HashedColumn>,
}

/// Generated columns follow from the others and are left out.
const TABLES: &str = "
WITH columns AS (
  SELECT a.attrelid,
    array_agg(a.attname::text ORDER BY a.attname COLLATE \"C\") AS names,
    array_agg(a.atttypid ORDER BY a.attname COLLATE \"C\") AS types,
    array_agg(a.atttypmod >= 0 ORDER BY a.attname COLLATE \"C\") AS bounded,
    string_agg(concat_ws(' ', a.attnum, a.atttypid,
      (SELECT string_agg(e.oid || e.enumlabel, ',' ORDER BY e.oid) FROM pg_enum e WHERE e.enumtypid = a.atttypid)), ';' ORDER BY a.attnum) AS shape
  FROM pg_attribute a WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attrelid >= 16384 GROUP BY a.attrelid
)
SELECT format('%I.%I', n.nspname, c.relname), c.oid, c.relfilenode, coalesce(s.shape, ''),
  pg_stat_get_tuples_inserted(c.oid) + pg_stat_get_tuples_updated(c.oid) + pg_stat_get_tuples_deleted(c.oid)
    + pg_stat_get_xact_tuples_inserted(c.oid) + pg_stat_get_xact_tuples_updated(c.oid) + pg_stat_get_xact_tuples_deleted(c.oid),
  coalesce(s.names, '{}'), coalesce(s.types, '{}'), coalesce(s.bounded, '{}'),
  array(SELECT a.attname::text FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS k (attnum, position)
    JOIN pg_attribute a ON a.attnum = k.attnum WHERE i.indrelid = c.oid AND a.attrelid = c.oid AND i.indisprimary ORDER BY k.position)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN columns s ON s.attrelid = c.oid
WHERE (c.relkind = 'r' OR c.relkind = 'm' AND c.relispopulated)
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname <> ALL ($1::text[]) AND c.relname <> ALL ($2::text[])";

pub(super) async fn prepare(session: &Session) -> Result<Statement> {
    session.prepare(TABLES).await.context("prepare to list the tables")
}

pub(super) async fn read(session: &Session, statement: &Statement) -> Result<Vec<Listed>> {
    let rows = session
        .query(statement, &[&BOOKKEEPING.as_slice(), &BOOKKEEPING_TABLES.as_slice()])
        .await
        .context("list the tables")?;
    Ok(rows.iter().map(listed).collect())
}

fn listed(row: &tokio_postgres::Row) -> Listed {
    let (names, kinds, bounded): (Vec<String>, Vec<u32>, Vec<bool>) = (row.get(5), row.get(6), row.get(7));
    let columns: Vec<HashedColumn> = names
        .into_iter()
        .zip(kinds)
        .zip(bounded)
        .map(|((name, kind), bounded)| HashedColumn { name, kind, bounded })
        .collect();
    let key: Vec<String> = row.get(8);
    let key = key.iter().filter_map(|name| columns.iter().find(|c| c.name == *name).cloned()).collect();
    let mark = Mark { oid: row.get(1), file: row.get(2), shape: row.get(3), writes: row.get(4) };
    Listed { name: row.get(0), mark, columns, key }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_counts_from_zero() {
        let mark = |writes| Mark { oid: 1, file: 2, shape: "1 23".into(), writes };
        assert!(mark(7).is_still(&mark(7), false) && !mark(8).is_still(&mark(7), false));
        assert!(mark(0).is_still(&mark(7), true) && !mark(7).is_still(&mark(7), true));
        assert!(!Mark { file: 3, ..mark(7) }.is_still(&mark(7), false));
    }
}
