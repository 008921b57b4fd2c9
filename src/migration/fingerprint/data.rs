//! The data's fingerprint: one scan per table, a keyed sum of hashes per column.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use tokio_postgres::Statement;

use super::hash::{HashedColumn, chain, seed};
use super::sequences::Position;
use super::tables::{Described, Mark};
use crate::postgres::Session;

/// Every table's rows, and where the sequences stand.
#[derive(Debug, Clone, Default, Eq)]
pub struct DataPrint {
    /// The database that it was taken of, by object id.
    pub home: u32,
    /// By quoted, qualified name.
    pub tables: BTreeMap<String, TablePrint>,
    pub sequences: BTreeMap<String, Position>,
}

impl PartialEq for DataPrint {
    /// Where it was taken is no part of what was found.
    fn eq(&self, other: &Self) -> bool {
        self.tables == other.tables && self.sequences == other.sequences
    }
}

#[derive(Debug, Clone, Default, Eq)]
pub struct TablePrint {
    pub rows: i64,
    /// The key's columns; empty without a primary key.
    pub key: Vec<HashedColumn>,
    /// How each column is hashed.
    pub hashed: Vec<HashedColumn>,
    /// Column to the sum of its values' hashes, each keyed by the row's key.
    pub columns: BTreeMap<String, String>,
    /// Without a key, the sum of whole rows' hashes: it binds the columns to each other.
    pub whole: String,
    pub mark: Mark,
}

impl PartialEq for TablePrint {
    /// Marks tell when rows must be read again, not what they are.
    fn eq(&self, other: &Self) -> bool {
        (self.rows, &self.key, &self.columns, &self.whole)
            == (other.rows, &other.key, &other.columns, &other.whole)
    }
}

pub(super) async fn read(session: &Session, table: &Described) -> Result<TablePrint> {
    let row = session
        .query_one(&sums(table), &[])
        .await
        .with_context(|| format!("read the rows of {}", table.listed.name))?;
    let columns = table.columns.iter().enumerate();
    Ok(TablePrint {
        rows: row.get(0),
        key: table.key.clone(),
        hashed: table.columns.clone(),
        columns: columns.map(|(i, column)| (column.name.clone(), row.get(i + 2))).collect(),
        whole: row.get(1),
        mark: table.listed.mark.clone(),
    })
}

/// The contents of large objects; the catalogue has their rights and owners.
const LARGE_OBJECTS: &str = "
SELECT count(*), coalesce(sum(hashtextextended(encode(data, 'hex'), loid::bigint * 4096 + pageno)), 0)::text
FROM pg_largeobject WHERE EXISTS (SELECT FROM pg_largeobject_metadata)";

/// Prepares to read them; `None` where the session may not.
pub(super) async fn prepare_large_objects(session: &Session) -> Result<Option<Statement>> {
    let may = "SELECT pg_catalog.has_table_privilege('pg_catalog.pg_largeobject', 'SELECT')";
    if !session.query_one(may, &[]).await?.get::<_, bool>(0) {
        return Ok(None);
    }
    session.prepare(LARGE_OBJECTS).await.map(Some).context("prepare to read large objects")
}

/// All large objects as one table of pages; `None` where there are none.
pub(super) async fn read_large_objects(
    session: &Session,
    statement: Option<&Statement>,
) -> Result<Option<TablePrint>> {
    let Some(statement) = statement else { return Ok(None) };
    let row = session.query_one(statement, &[]).await.context("read the large objects")?;
    let pages: i64 = row.get(0);
    let columns = [("data".to_owned(), row.get(1))].into();
    Ok((pages > 0).then(|| TablePrint { rows: pages, columns, ..TablePrint::default() }))
}

fn sums(table: &Described) -> String {
    let sum = |hash: String| format!("coalesce(sum({hash}), 0)::text");
    let seed = seed(&table.key);
    let mut fields = vec!["count(*)".to_owned()];
    fields.push(if table.key.is_empty() { sum(chain(&table.columns)) } else { "''::text".to_owned() });
    fields.extend(table.columns.iter().map(|column| sum(column.value(&seed))));
    format!("SELECT {} FROM {} t", fields.join(", "), table.listed.name)
}

#[cfg(test)]
mod tests {
    use super::super::tables::Listed;
    use super::*;

    #[test]
    fn rows_without_a_key_are_bound_together() {
        let column = |name: &str| HashedColumn { name: name.into(), kind: 23, bounded: false };
        let table = |key: Vec<HashedColumn>| Described {
            listed: Listed { name: "t".into(), mark: Mark::default() },
            columns: vec![column("a"), column("b")],
            key,
        };
        let without = sums(&table(vec![]));
        assert!(without.contains("hashint4extended(t.\"b\", 0), 1), hashint8extended("), "{without}");
        let with = sums(&table(vec![column("a")]));
        assert!(with.contains("hashint4extended(t.\"b\", t.\"a\"::bigint)"), "{with}");
    }
}
