//! Rows found by SQL. A row is its partition and place (`tableoid`, `ctid`), which hold still in a
//! snapshot, so that no table needs a primary key.

use std::collections::BTreeSet;

use anyhow::Result;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use crate::data::model::{ForeignKey, RowId, Table, TableName};
use crate::data::row::by_partition;
use crate::failure::Failure;
use crate::model::quote_identifier;
use crate::postgres::{Session, explain, failure_saying};

/// Rows asked for in one statement.
const BATCH: usize = 5_000;

/// A table as the FROM clause names it. Without ONLY, a table that others inherit from would
/// bring their rows too, and foreign keys do not see those.
pub fn from(table: &Table) -> String {
    if table.partitioned { table.name.sql() } else { format!("ONLY {}", table.name.sql()) }
}

/// The first rows in the order of the primary key, or of their place without one.
pub async fn first(session: &Session, table: &Table, limit: u32) -> Result<Vec<RowId>> {
    let order = if table.primary_key.is_empty() {
        "tableoid, ctid".to_owned()
    } else {
        table.primary_key.iter().map(|column| quote_identifier(column)).collect::<Vec<_>>().join(", ")
    };
    let sql = format!("SELECT tableoid, ctid FROM {} ORDER BY {order} LIMIT {limit}", from(table));
    let rows = session.query(&sql, &[]).await.map_err(|error| failed(&table.name, &error))?;
    Ok(rows.iter().map(|row| row_id(row, 0)).collect())
}

/// Every row.
pub async fn all(session: &Session, table: &Table) -> Result<Vec<RowId>> {
    let sql = format!("SELECT tableoid, ctid FROM {}", from(table));
    let rows = session.query(&sql, &[]).await.map_err(|error| failed(&table.name, &error))?;
    Ok(rows.iter().map(|row| row_id(row, 0)).collect())
}

/// Whether there is any row.
pub async fn any(session: &Session, table: &Table) -> Result<bool> {
    let sql = format!("SELECT EXISTS (SELECT FROM {})", from(table));
    let row = session.query_one(&sql, &[]).await.map_err(|error| failed(&table.name, &error))?;
    Ok(row.get(0))
}

/// Exact count of rows.
pub async fn count(session: &Session, table: &Table) -> Result<u64> {
    let sql = format!("SELECT count(*) FROM {}", from(table));
    let row = session.query_one(&sql, &[]).await.map_err(|error| failed(&table.name, &error))?;
    Ok(row.get::<_, i64>(0).unsigned_abs())
}

/// The rows that refer to these parents.
pub async fn children(
    session: &Session,
    key: &ForeignKey,
    parent: &Table,
    child: &Table,
    parents: &BTreeSet<RowId>,
) -> Result<Vec<RowId>> {
    let sql = format!(
        "SELECT c.tableoid, c.ctid FROM {} p JOIN {} c ON {} WHERE p.tableoid = $1 AND p.ctid = ANY ($2)",
        from(parent),
        from(child),
        joined(key)
    );
    let rows = batched(session, &sql, &child.name, parents).await?;
    Ok(rows.iter().map(|row| row_id(row, 0)).collect())
}

/// Each of these children that refers to a row, with that row.
pub async fn parents(
    session: &Session,
    key: &ForeignKey,
    parent: &Table,
    child: &Table,
    children: &BTreeSet<RowId>,
) -> Result<Vec<(RowId, RowId)>> {
    let sql = format!(
        "SELECT c.tableoid, c.ctid, p.tableoid, p.ctid FROM {} c JOIN {} p ON {} WHERE c.tableoid = $1 AND c.ctid = ANY ($2)",
        from(child),
        from(parent),
        joined(key)
    );
    let rows = batched(session, &sql, &parent.name, children).await?;
    Ok(rows.iter().map(|row| (row_id(row, 0), row_id(row, 2))).collect())
}

/// The text of one column in some of these rows, without NULLs.
pub async fn values(
    session: &Session,
    table: &Table,
    column: &str,
    rows: &BTreeSet<RowId>,
) -> Result<Vec<String>> {
    let column = quote_identifier(column);
    let sql = format!(
        "SELECT {column}::text FROM {} WHERE tableoid = $1 AND ctid = ANY ($2) AND {column} IS NOT NULL",
        from(table)
    );
    Ok(batched(session, &sql, &table.name, rows).await?.iter().map(|row| row.get(0)).collect())
}

/// The text of one column in the first rows of a table, without NULLs.
pub async fn first_values(
    session: &Session,
    table: &Table,
    column: &str,
    count: usize,
) -> Result<Vec<String>> {
    let column = quote_identifier(column);
    let sql = format!("SELECT {column}::text FROM {} WHERE {column} IS NOT NULL LIMIT {count}", from(table));
    let rows = session.query(&sql, &[]).await.map_err(|error| failed(&table.name, &error))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

fn joined(key: &ForeignKey) -> String {
    let pairs = key.child_columns.iter().zip(&key.parent_columns);
    pairs
        .map(|(child, parent)| format!("c.{} = p.{}", quote_identifier(child), quote_identifier(parent)))
        .collect::<Vec<_>>()
        .join(" AND ")
}

/// Runs a statement over ($1 partition, $2 places) for all rows, in batches.
async fn batched(
    session: &Session,
    sql: &str,
    table: &TableName,
    rows: &BTreeSet<RowId>,
) -> Result<Vec<Row>> {
    let statement = session.prepare(sql).await.map_err(|error| failed(table, &error))?;
    let mut found = Vec::new();
    for (partition, places) in by_partition(rows) {
        for batch in places.chunks(BATCH) {
            found.extend(
                session
                    .query(&statement, &[&partition, &batch])
                    .await
                    .map_err(|error| failed(table, &error))?,
            );
        }
    }
    Ok(found)
}

fn row_id(row: &Row, at: usize) -> RowId {
    RowId { partition: row.get(at), place: row.get(at + 1) }
}

fn failed(table: &TableName, error: &tokio_postgres::Error) -> anyhow::Error {
    if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
        return Failure::environment(format!("read `{table}` of production: {}", explain(error)))
            .hint(format!("GRANT SELECT ON {} TO the role of `production.database_url`", table.sql()))
            .hint("or leave the table out with `copy: skip_tables:`")
            .into();
    }
    // Only a driver's or server's message; a detail could quote a value.
    let words = error.as_db_error().map_or_else(|| explain(error), |db| db.message().to_owned());
    failure_saying(&format!("read `{table}` of production"), &words, error).into()
}
