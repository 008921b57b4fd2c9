//! The data's fingerprint: one scan per table, a keyed sum of hashes per column.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use tokio_postgres::Transaction;

use super::BOOKKEEPING;
use crate::model::quote_identifier;

/// Every table's rows, and where the sequences stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DataPrint {
    /// By quoted, qualified name.
    pub tables: BTreeMap<String, TablePrint>,
    /// `last_value` and whether it was given out. Sequences do not roll back, so these are notes.
    pub sequences: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TablePrint {
    pub rows: i64,
    /// The key's columns; empty without a primary key.
    pub key: Vec<String>,
    /// Column to the sum of its values' hashes, each keyed by the row's key.
    pub columns: BTreeMap<String, String>,
    /// The sum of whole rows' hashes: without a key, what binds the columns to each other.
    pub whole: String,
}

const TABLES: &str = "
SELECT format('%I.%I', n.nspname, c.relname),
  array(SELECT a.attname::text FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attname COLLATE \"C\"),
  array(SELECT a.attname::text FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS k (attnum, position)
    JOIN pg_attribute a ON a.attnum = k.attnum WHERE i.indrelid = c.oid AND a.attrelid = c.oid AND i.indisprimary ORDER BY k.position)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE (c.relkind = 'r' OR c.relkind = 'm' AND c.relispopulated)
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname <> ALL ($1::text[])";

const SEQUENCES: &str = "
SELECT format('%I.%I', schemaname, sequencename), coalesce(last_value::text, 'unused')
FROM pg_sequences WHERE schemaname <> ALL ($1::text[])";

pub(super) async fn take(transaction: &Transaction<'_>) -> Result<DataPrint> {
    let mut print = DataPrint::default();
    for row in transaction.query(TABLES, &[&BOOKKEEPING.as_slice()]).await.context("list the tables")? {
        let (name, columns, key): (String, Vec<String>, Vec<String>) = (row.get(0), row.get(1), row.get(2));
        let sums = transaction
            .query_one(&sums(&name, &columns, &key), &[])
            .await
            .with_context(|| format!("read the rows of {name}"))?;
        let columns =
            columns.iter().enumerate().map(|(i, column)| (column.clone(), sums.get(i + 2))).collect();
        let table = TablePrint { rows: sums.get(0), key, columns, whole: sums.get(1) };
        print.tables.insert(name, table);
    }
    for row in transaction.query(SEQUENCES, &[&BOOKKEEPING.as_slice()]).await.context("read the sequences")? {
        print.sequences.insert(row.get(0), row.get(1));
    }
    Ok(print)
}

/// The hash of a row's key, `0` where there is none.
pub(super) fn key_hash(key: &[String]) -> String {
    if key.is_empty() { "0::bigint".to_owned() } else { format!("hashtextextended({}, 0)", row_text(key)) }
}

/// Columns as one text that keeps NULL apart from the empty text.
pub(super) fn row_text(columns: &[String]) -> String {
    let columns: Vec<String> = columns.iter().map(|c| format!("t.{}", quote_identifier(c))).collect();
    format!("ROW({})::text COLLATE \"C\"", columns.join(", "))
}

/// A value's hash under the row's key `k`; NULL has one of its own.
fn value_hash(column: &str) -> String {
    let column = quote_identifier(column);
    format!("coalesce(hashtextextended(t.{column}::text COLLATE \"C\", k), hashint8extended(k, 1))")
}

fn sums(table: &str, columns: &[String], key: &[String]) -> String {
    let mut fields = vec![
        "count(*)".to_owned(),
        format!("coalesce(sum(hashtextextended({}, 0)), 0)::text", row_text(columns)),
    ];
    fields.extend(columns.iter().map(|column| format!("coalesce(sum({}), 0)::text", value_hash(column))));
    format!("SELECT {} FROM {table} t, LATERAL (SELECT {} AS k) AS keyed", fields.join(", "), key_hash(key))
}
