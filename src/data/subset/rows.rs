//! Rows found by SQL, in batches that are sent one behind the other without waiting.

use std::collections::BTreeSet;

use anyhow::Result;
use futures_util::future::try_join_all;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use crate::data::model::{Column, ForeignKey, RowId, Table, TableName};
use crate::data::row::{Tid, by_partition};
use crate::failure::Failure;
use crate::model::quote_identifier;
use crate::postgres::{Session, explain, failure_saying};

/// Rows asked for in one statement.
const BATCH: usize = 5_000;
/// Statements on their way at once.
const PIPELINE: usize = 8;

/// A table as the FROM clause names it. Without ONLY, a table that others inherit from would
/// bring their rows too, and foreign keys do not see those.
pub fn from(table: &Table) -> String {
    if table.partitioned { table.name.sql() } else { format!("ONLY {}", table.name.sql()) }
}

/// One partition of it, and the condition that it needs where the role may not read it on its own.
pub fn partition(table: &Table, oid: u32, alias: &str) -> (String, String) {
    match table.partitions.get(&oid) {
        Some(name) => (format!("ONLY {}", name.sql()), String::new()),
        None if table.partitioned => (from(table), format!(" AND {alias}.tableoid = {oid}")),
        None => (from(table), String::new()),
    }
}

/// By the primary key, or by place without one.
pub fn order(table: &Table, alias: &str) -> String {
    if table.primary_key.is_empty() {
        return format!("{alias}tableoid, {alias}ctid");
    }
    let columns: Vec<String> =
        table.primary_key.iter().map(|name| format!("{alias}{}", quote_identifier(name))).collect();
    columns.join(", ")
}

/// The latest first: by the first NOT NULL column of a time, then by key.
fn latest(table: &Table) -> String {
    let time = |column: &&Column| {
        column.not_null
            && !column.is_array
            && matches!(column.base_type.as_str(), "timestamptz" | "timestamp" | "date")
    };
    let time =
        table.columns.iter().find(time).map(|column| format!("c.{} DESC, ", quote_identifier(&column.name)));
    let key = order(table, "c.").replace(", ", " DESC, ");
    format!("{}{key} DESC", time.unwrap_or_default())
}

/// Every row, or the latest ones.
pub async fn all(session: &Session, table: &Table, cap: Option<u32>) -> Result<Vec<RowId>> {
    let cap = cap.map_or_else(String::new, |cap| format!(" ORDER BY {} LIMIT {cap}", latest(table)));
    let sql = format!("SELECT c.tableoid, c.ctid FROM {} c{cap}", from(table));
    let rows = session.query(&sql, &[]).await.map_err(|error| failed(&table.name, &error))?;
    Ok(places(&rows))
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

/// The rows that refer to these parents; of each parent the latest ones where there is a cap.
pub async fn children(
    session: &Session,
    key: &ForeignKey,
    (parent, child): (&Table, &Table),
    parents: &BTreeSet<RowId>,
    cap: Option<u32>,
) -> Result<Vec<RowId>> {
    let referring = key.join.referring(&from(child));
    let on = &key.join.down;
    let sql = |oid: u32| {
        let (partition, only) = partition(parent, oid, "p");
        match cap {
            None => format!(
                "SELECT c.tableoid, c.ctid FROM {partition} p JOIN {referring} c ON {on} WHERE p.ctid = ANY ($1){only}"
            ),
            Some(cap) => format!(
                "SELECT c.tableoid, c.ctid FROM {partition} p CROSS JOIN LATERAL
                 (SELECT c.tableoid, c.ctid FROM {referring} c WHERE {on} ORDER BY {} LIMIT {cap}) c
                 WHERE p.ctid = ANY ($1){only}",
                latest(child)
            ),
        }
    };
    Ok(places(&batched(session, sql, &child.name, parents).await?))
}

/// Each of these children that refers to a row, with that row.
pub async fn parents(
    session: &Session,
    key: &ForeignKey,
    (parent, child): (&Table, &Table),
    children: &BTreeSet<RowId>,
) -> Result<Vec<(RowId, RowId)>> {
    let (referred, on) = (from(parent), &key.join.up);
    let sql = |oid: u32| {
        let (partition, only) = partition(child, oid, "c");
        let referring = key.join.referring(&partition);
        format!(
            "SELECT c.tableoid, c.ctid, p.tableoid, p.ctid FROM {referring} c JOIN {referred} p ON {on} WHERE c.ctid = ANY ($1){only}"
        )
    };
    let rows = batched(session, sql, &parent.name, children).await?;
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
    let sql = |oid: u32| {
        let (partition, only) = partition(table, oid, "c");
        format!(
            "SELECT c.{column}::text FROM {partition} c WHERE c.ctid = ANY ($1){only} AND c.{column} IS NOT NULL"
        )
    };
    Ok(batched(session, sql, &table.name, rows).await?.iter().map(|row| row.get(0)).collect())
}

/// Of a larger table, about so many bytes are looked at, spread over all of it: a column that is NULL
/// nearly everywhere would have the server read the whole table for its first values.
const LOOKED_AT: u64 = 16 << 20;

/// `TABLESAMPLE` for a large table: the same pages in each run. Empty for a smaller one.
fn sample(table: &Table) -> String {
    if table.bytes <= 2 * LOOKED_AT {
        return String::new();
    }
    let percent = (100.0 * LOOKED_AT as f64 / table.bytes as f64).max(0.0001);
    format!(" TABLESAMPLE SYSTEM ({percent:.4}) REPEATABLE (1)")
}

/// The text of one column in some rows of a table, without NULLs.
pub async fn first_values(
    session: &Session,
    table: &Table,
    column: &str,
    count: usize,
) -> Result<Vec<String>> {
    let column = quote_identifier(column);
    let sql = format!(
        "SELECT {column}::text FROM {}{} WHERE {column} IS NOT NULL LIMIT {count}",
        from(table),
        sample(table)
    );
    let rows = session.query(&sql, &[]).await.map_err(|error| failed(&table.name, &error))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Runs a partition's statement over $1, the places in it, for all rows, in batches. They are planned
/// each time, as the best plan depends on how many there are.
async fn batched(
    session: &Session,
    sql: impl Fn(u32) -> String,
    table: &TableName,
    rows: &BTreeSet<RowId>,
) -> Result<Vec<Row>> {
    let places = by_partition(rows);
    let batches: Vec<(String, &[Tid])> = places
        .iter()
        .flat_map(|(oid, places)| places.chunks(BATCH).map(|batch| (*oid, batch)))
        .map(|(oid, batch)| (sql(oid), batch))
        .collect();
    let mut found = Vec::new();
    for group in batches.chunks(PIPELINE) {
        let answers = group.iter().map(|(sql, batch)| ask(session, sql, batch));
        let answers = try_join_all(answers).await.map_err(|error| failed(table, &error))?;
        found.extend(answers.into_iter().flatten());
    }
    Ok(found)
}

async fn ask(session: &Session, sql: &str, places: &[Tid]) -> Result<Vec<Row>, tokio_postgres::Error> {
    session.query_typed(sql, &[(&places, Type::TID_ARRAY)]).await
}

/// The rows that a query of `tableoid, ctid` has found.
pub fn places(rows: &[Row]) -> Vec<RowId> {
    rows.iter().map(|row| row_id(row, 0)).collect()
}

fn row_id(row: &Row, at: usize) -> RowId {
    RowId { partition: row.get(at), place: row.get(at + 1) }
}

/// An error of SQL that the user wrote: its place, and the server's words unless they could quote a value.
pub fn refused(table: &TableName, place: &str, error: &tokio_postgres::Error) -> anyhow::Error {
    let Some(db) = error.as_db_error().filter(|db| db.code() != &SqlState::INSUFFICIENT_PRIVILEGE) else {
        return failed(table, error);
    };
    let code = db.code().code();
    let words = if code.starts_with("22") { "a value does not fit" } else { db.message() };
    Failure::config(format!("{place}: {words} ({code})"))
        .hint("it is SQL, and its names are the columns of that table")
        .into()
}

/// An error of SQL that is ours.
pub fn failed(table: &TableName, error: &tokio_postgres::Error) -> anyhow::Error {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_at_does_not_grow_with_the_table() {
        let of = |bytes| sample(&Table { bytes, ..Table::default() });
        assert_eq!(of(8 << 20), "");
        assert_eq!(of(1 << 30), " TABLESAMPLE SYSTEM (1.5625) REPEATABLE (1)");
        assert_eq!(of(1 << 50), " TABLESAMPLE SYSTEM (0.0001) REPEATABLE (1)");
    }
}
