//! What production holds: tables, columns with their types at the bottom, foreign keys.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

use super::model::{Catalog, Column, ForeignKey, Join, Table, TableName};
use crate::failure::Failure;
use crate::postgres::{Session, failure};

const TABLES: &str = include_str!("sql/tables.sql");
const COLUMNS: &str = include_str!("sql/columns.sql");
const PARTITIONS: &str = include_str!("sql/partitions.sql");
const FOREIGN_TABLES: &str = include_str!("sql/foreign_tables.sql");
const LARGE_OBJECTS: &str = "SELECT count(*) FROM pg_largeobject_metadata";
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
            bytes: row.get::<_, i64>(6).unsigned_abs(),
            partitioned: row.get(3),
            partitions: BTreeMap::new(),
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
            fixed: row.get(8),
            generated: row.get(9),
            unique: row.get(10),
            in_key: row.get(11),
            fields: row.get(12),
        });
    }
    for row in session.query(PARTITIONS, &[&known]).await.map_err(failed("read the partitions"))? {
        let Some(table) = tables.get_mut(&row.get(0)) else { continue };
        table.partitions.insert(row.get(1), TableName { schema: row.get(2), name: row.get(3) });
    }
    let keys = keys(session, &oids).await?;
    let mut tables: Vec<Table> = tables.into_values().collect();
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    let foreign =
        session.query(FOREIGN_TABLES, &[&schemas]).await.map_err(failed("read the foreign tables"))?;
    let objects = session.query_one(LARGE_OBJECTS, &[]).await.map_err(failed("count the large objects"))?;
    Ok(Catalog {
        server_version: server_version.unsigned_abs(),
        tables,
        keys,
        foreign_tables: foreign
            .iter()
            .map(|row| TableName { schema: row.get(0), name: row.get(1) })
            .collect(),
        large_objects: objects.get::<_, i64>(0).unsigned_abs(),
    })
}

async fn keys(session: &Session, oids: &BTreeMap<u32, TableName>) -> Result<Vec<ForeignKey>> {
    let known: Vec<u32> = oids.keys().copied().collect();
    let mut keys: Vec<ForeignKey> = Vec::new();
    for row in session.query(FOREIGN_KEYS, &[&known]).await.map_err(failed("read the foreign keys"))? {
        let name: String = row.get(0);
        let child = oids.get(&row.get(1)).cloned().context("a foreign key without its table")?;
        let parent = oids.get(&row.get(2)).cloned().ok_or_else(|| {
            Failure::config(format!("{child}: `{name}` refers to a table outside of `copy.schemas`"))
                .hint("add its schema to `copy: schemas:`")
        })?;
        let joined: String = row.get(8);
        let key = ForeignKey {
            name,
            child,
            child_columns: row.get(3),
            parent,
            parent_columns: row.get(4),
            nullable: row.get(5),
            full: row.get(6),
            indexed: row.get(7),
            join: Join { down: joined.clone(), up: joined, virtual_from: None },
        };
        // Declared once for each partition, it is one key of the root; it holds as far as each of them does.
        let same = |other: &&mut ForeignKey| {
            other.child == key.child
                && other.parent == key.parent
                && other.child_columns == key.child_columns
                && other.parent_columns == key.parent_columns
        };
        match keys.iter_mut().find(same) {
            Some(other) => {
                other.nullable &= key.nullable;
                other.full |= key.full;
            }
            None => keys.push(key),
        }
    }
    keys.sort_by(|a, b| (&a.child, &a.name).cmp(&(&b.child, &b.name)));
    Ok(keys)
}

fn failed(what: &'static str) -> impl Fn(tokio_postgres::Error) -> anyhow::Error {
    move |error| failure(&format!("{what} of production"), &error).into()
}
