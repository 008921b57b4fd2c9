//! What production holds: tables, columns with their types at the bottom, foreign keys.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

use super::model::{Catalog, Column, ForeignKey, Table, TableName};
use crate::failure::Failure;
use crate::postgres::{Session, failure};

const TABLES: &str = include_str!("sql/tables.sql");
const COLUMNS: &str = include_str!("sql/columns.sql");
const FOREIGN_KEYS: &str = include_str!("sql/foreign_keys.sql");

/// Reads the tables of these schemas out of `pg_catalog`.
///
/// # Errors
/// Fails where a table refers to one outside of these schemas: the copy could not be whole.
pub async fn read(session: &Session, schemas: &[String]) -> Result<Catalog> {
    let version = session.query_one("SELECT current_setting('server_version_num')::int", &[]).await;
    let server_version: i32 = version.map_err(failed("read the version"))?.get(0);
    let mut oids: BTreeMap<u32, TableName> = BTreeMap::new();
    let mut tables: BTreeMap<u32, Table> = BTreeMap::new();
    for row in session.query(TABLES, &[&schemas]).await.map_err(failed("read the tables"))? {
        let oid: u32 = row.get(0);
        let name = TableName { schema: row.get(1), name: row.get(2) };
        oids.insert(oid, name.clone());
        let table = Table {
            name,
            columns: Vec::new(),
            primary_key: row.get(4),
            estimated_rows: row.get::<_, i64>(5).unsigned_abs(),
            partitioned: row.get(3),
        };
        tables.insert(oid, table);
    }
    let known: Vec<u32> = oids.keys().copied().collect();
    for row in session.query(COLUMNS, &[&known]).await.map_err(failed("read the columns"))? {
        let Some(table) = tables.get_mut(&row.get(0)) else { continue };
        table.columns.push(Column {
            name: row.get(1),
            sql_type: row.get(2),
            base_type: row.get(3),
            is_enum: row.get(4),
            is_array: row.get(5),
            max_chars: row.get::<_, Option<i32>>(6).and_then(|n| usize::try_from(n).ok()),
            not_null: row.get(7),
            generated: row.get(8),
            unique: row.get(9),
            in_key: row.get(10),
            fields: row.get(11),
        });
    }
    let mut keys = Vec::new();
    for row in session.query(FOREIGN_KEYS, &[&known]).await.map_err(failed("read the foreign keys"))? {
        let name: String = row.get(0);
        let child = oids.get(&row.get(1)).cloned().context("a foreign key without its table")?;
        let parent = oids.get(&row.get(2)).cloned().ok_or_else(|| {
            Failure::config(format!("{child}: `{name}` refers to a table outside of `copy.schemas`"))
                .hint("add its schema to `copy: schemas:`")
        })?;
        keys.push(ForeignKey {
            name,
            child,
            child_columns: row.get(3),
            parent,
            parent_columns: row.get(4),
            nullable: row.get(5),
        });
    }
    let mut tables: Vec<Table> = tables.into_values().collect();
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Catalog { server_version: server_version.unsigned_abs(), tables, keys })
}

fn failed(what: &'static str) -> impl Fn(tokio_postgres::Error) -> anyhow::Error {
    move |error| failure(&format!("{what} of production"), &error).into()
}
