//! The schema's fingerprint: one line per object.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use tokio_postgres::Transaction;

use super::BOOKKEEPING;

const SCHEMA: &str = include_str!("schema.sql");

/// Kind and identity of every object, to its definition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchemaPrint {
    pub objects: BTreeMap<(String, String), String>,
}

pub(super) async fn take(transaction: &Transaction<'_>) -> Result<SchemaPrint> {
    let rows = transaction.query(SCHEMA, &[&BOOKKEEPING.as_slice()]).await.context("read the catalogues")?;
    let objects = rows.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).collect();
    Ok(SchemaPrint { objects })
}
