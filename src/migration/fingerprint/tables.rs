//! The tables of a database, and by what one sees that their rows may have moved.

use std::collections::HashMap;

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
    /// Its columns with their numbers, names and types, and the labels of enums.
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
}

/// A table with what its rows are made of.
#[derive(Debug, Clone)]
pub struct Described {
    pub listed: Listed,
    pub columns: Vec<HashedColumn>,
    /// The primary key; empty without one.
    pub key: Vec<HashedColumn>,
}

/// Generated columns follow from the others and are left out.
const TABLES: &str = "
WITH labels AS MATERIALIZED (
  SELECT enumtypid, string_agg(oid || enumlabel, ',' ORDER BY oid) AS labels FROM pg_enum GROUP BY enumtypid
)
SELECT format('%I.%I', n.nspname, c.relname), c.oid, c.relfilenode, coalesce((
    SELECT string_agg(concat_ws(' ', a.attnum, a.attname, a.atttypid, l.labels), ';' ORDER BY a.attnum)
    FROM pg_attribute a LEFT JOIN labels l ON l.enumtypid = a.atttypid
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''), ''),
  pg_stat_get_tuples_inserted(c.oid) + pg_stat_get_tuples_updated(c.oid) + pg_stat_get_tuples_deleted(c.oid)
    + pg_stat_get_xact_tuples_inserted(c.oid) + pg_stat_get_xact_tuples_updated(c.oid) + pg_stat_get_xact_tuples_deleted(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE (c.relkind = 'r' OR c.relkind = 'm' AND c.relispopulated)
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname <> ALL ($1::text[]) AND c.relname <> ALL ($2::text[])";

const COLUMNS: &str = "
SELECT c.oid,
  array_agg(a.attname::text ORDER BY a.attname COLLATE \"C\"),
  array_agg(a.atttypid ORDER BY a.attname COLLATE \"C\"),
  array_agg(a.atttypmod >= 0 ORDER BY a.attname COLLATE \"C\"),
  array(SELECT k.attname::text FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS n (attnum, position)
    JOIN pg_attribute k ON k.attnum = n.attnum WHERE i.indrelid = c.oid AND k.attrelid = c.oid AND i.indisprimary ORDER BY n.position)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
WHERE c.oid = ANY ($1) GROUP BY c.oid";

/// What is prepared to list tables and to describe some.
pub(super) struct Statements {
    list: Statement,
    describe: Statement,
}

pub(super) async fn prepare(session: &Session) -> Result<Statements> {
    let (list, describe) = tokio::try_join!(session.prepare(TABLES), session.prepare(COLUMNS))
        .context("prepare to list the tables")?;
    Ok(Statements { list, describe })
}

pub(super) async fn list(session: &Session, statements: &Statements) -> Result<Vec<Listed>> {
    let rows = session
        .query(&statements.list, &[&BOOKKEEPING.as_slice(), &BOOKKEEPING_TABLES.as_slice()])
        .await
        .context("list the tables")?;
    let listed = |row: &tokio_postgres::Row| {
        let mark = Mark { oid: row.get(1), file: row.get(2), shape: row.get(3), writes: row.get(4) };
        Listed { name: row.get(0), mark }
    };
    Ok(rows.iter().map(listed).collect())
}

/// Reads what the rows of these tables are made of.
pub(super) async fn describe(
    session: &Session,
    statements: &Statements,
    tables: Vec<Listed>,
) -> Result<Vec<Described>> {
    if tables.is_empty() {
        return Ok(Vec::new());
    }
    let oids: Vec<u32> = tables.iter().map(|table| table.mark.oid).collect();
    let rows = session.query(&statements.describe, &[&oids]).await.context("describe the tables")?;
    let mut columns: HashMap<u32, _> = rows.iter().map(|row| (row.get(0), columns_and_key(row))).collect();
    let described = tables.into_iter().map(|listed| {
        let (columns, key) = columns.remove(&listed.mark.oid).unwrap_or_default();
        Described { listed, columns, key }
    });
    Ok(described.collect())
}

fn columns_and_key(row: &tokio_postgres::Row) -> (Vec<HashedColumn>, Vec<HashedColumn>) {
    let (names, kinds, bounded): (Vec<String>, Vec<u32>, Vec<bool>) = (row.get(1), row.get(2), row.get(3));
    let columns: Vec<HashedColumn> = names
        .into_iter()
        .zip(kinds)
        .zip(bounded)
        .map(|((name, kind), bounded)| HashedColumn { name, kind, bounded })
        .collect();
    let key: Vec<String> = row.get(4);
    let key = key.iter().filter_map(|name| columns.iter().find(|c| c.name == *name).cloned()).collect();
    (columns, key)
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
