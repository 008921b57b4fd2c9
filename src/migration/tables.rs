//! The tables that a migration is about: those that its files or its conversions name.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};

use super::fingerprint::BOOKKEEPING;
use crate::model::quote_identifier;
use crate::postgres::Session;

/// A table and what its catalogue allows in it.
#[derive(Debug, Clone)]
pub struct Table {
    pub schema: String,
    pub name: String,
    /// Quoted and qualified, as fingerprints name it.
    pub quoted: String,
    pub columns: Vec<Column>,
    pub rows: i64,
}

#[derive(Debug, Clone)]
pub struct Column {
    pub name: String,
    /// As `format_type` gives it, such as `character varying(20)`.
    pub kind: String,
    pub nullable: bool,
    /// Part of the primary key.
    pub in_key: bool,
    /// The server fills it: generated, or identity always.
    pub computed: bool,
    /// The labels of an enum; empty for any other type.
    pub labels: Vec<String>,
    /// The words of a text column that holds a few only; empty for any other.
    pub words: Vec<String>,
}

impl Table {
    pub fn key(&self) -> Vec<&str> {
        self.columns.iter().filter(|c| c.in_key).map(|c| c.name.as_str()).collect()
    }

    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// True for `Table` and for `schema.Table`.
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || format!("{}.{}", self.schema, self.name) == name
    }
}

const TABLES: &str = "
SELECT c.oid, n.nspname::text, c.relname::text, format('%I.%I', n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname <> ALL ($1)
  AND (c.relname = ANY ($2) OR n.nspname || '.' || c.relname = ANY ($2))
ORDER BY 2, 3";

const COLUMNS: &str = "
SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull AND NOT t.typnotnull,
  coalesce((SELECT a.attnum = ANY (i.indkey) FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary), false),
  a.attgenerated <> '' OR a.attidentity = 'a',
  array(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = a.atttypid ORDER BY e.enumsortorder)
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

/// Text of any length, which takes a string as it is.
pub fn is_text(kind: &str) -> bool {
    kind == "text" || kind == "citext" || kind.starts_with("character varying")
}

/// A text column with at most this many words is an enumeration in all but its type.
const FEW: usize = 12;

/// The words of such a column, by its first rows.
async fn words(session: &Session, table: &str, column: &str) -> Result<Vec<String>> {
    let column = quote_identifier(column);
    let sql = format!(
        "SELECT word, count(*) FROM (SELECT {column}::text AS word FROM {table} WHERE {column} IS NOT NULL LIMIT 1000) rows
         GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {}",
        FEW + 1
    );
    let rows =
        session.query(&sql, &[]).await.with_context(|| format!("read the words of {table}.{column}"))?;
    let total: i64 = rows.iter().map(|row| row.get::<_, i64>(1)).sum();
    // Where hardly a word comes twice, they are names.
    let is_enumeration = rows.len() <= FEW && total >= 2 * rows.len() as i64;
    Ok(if is_enumeration { rows.iter().map(|row| row.get(0)).collect() } else { Vec::new() })
}

/// Reads the tables with these names.
pub async fn named(session: &Session, names: &BTreeSet<String>) -> Result<Vec<Table>> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut tables = Vec::new();
    for row in session.query(TABLES, &[&BOOKKEEPING.as_slice(), &names]).await.context("find the tables")? {
        let (oid, quoted): (u32, String) = (row.get(0), row.get(3));
        let columns = session.query(COLUMNS, &[&oid]).await.context("read the columns")?;
        let mut columns: Vec<Column> = columns
            .iter()
            .map(|row| Column {
                name: row.get(0),
                kind: row.get(1),
                nullable: row.get(2),
                in_key: row.get(3),
                computed: row.get(4),
                labels: row.get(5),
                words: Vec::new(),
            })
            .collect();
        for column in columns.iter_mut().filter(|column| is_text(&column.kind) && !column.in_key) {
            column.words = words(session, &quoted, &column.name).await?;
        }
        let rows = session
            .query_one(&format!("SELECT count(*) FROM {quoted}"), &[])
            .await
            .with_context(|| format!("count the rows of {quoted}"))?
            .get(0);
        tables.push(Table { schema: row.get(1), name: row.get(2), quoted, columns, rows });
    }
    Ok(tables)
}
