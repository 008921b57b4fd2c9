//! What advice must know beside the trace: how many rows were there, which columns held values,
//! what has gone and what is left unfinished.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};

use crate::migration::trace::{Change, Trace};
use crate::model::quote_identifier;
use crate::postgres::Session;

const FACTS: &str = include_str!("facts.sql");

/// Something with a name in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    pub kind: String,
    /// What tells it from others of its kind; a constraint's definition.
    pub identity: String,
    /// The table it belongs to.
    pub table: Option<u32>,
    pub name: String,
    /// A constraint is validated, an index valid.
    pub valid: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Rows before, in the tables that the migration touches: the more of the clone's and production's.
    pub rows: BTreeMap<u32, i64>,
    /// Those of the clone alone.
    pub here: BTreeMap<u32, i64>,
    /// Columns that were dropped and held values: table and number.
    pub filled: BTreeSet<(u32, i16)>,
    pub before: BTreeSet<Named>,
    pub after: BTreeSet<Named>,
    /// Enum values that are meant to go: the configured conversions.
    pub converted: BTreeSet<String>,
}

impl Facts {
    /// Reads them from a database before, and one after the migration.
    pub async fn read(
        before: &Session,
        after: &Session,
        trace: &Trace,
        production: &BTreeMap<String, i64>,
        converted: BTreeSet<String>,
    ) -> Result<Self> {
        let mut facts =
            Self { before: named(before).await?, after: named(after).await?, converted, ..Self::default() };
        let touched: BTreeSet<u32> = trace
            .statements
            .iter()
            .flat_map(|seen| {
                seen.changes
                    .iter()
                    .map(|(oid, _)| *oid)
                    .chain(seen.locks.iter().filter(|lock| lock.mode.blocks_writes()).map(|lock| lock.oid))
            })
            .collect();
        for oid in touched {
            let Some(relation) = trace.before.get(&oid) else { continue };
            if !matches!(relation.kind.as_str(), "r" | "p" | "m") {
                continue;
            }
            let table =
                format!("{}.{}", quote_identifier(&relation.schema), quote_identifier(&relation.name));
            // A view that nobody has filled yet cannot be read: it has no row.
            let counted = before.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await;
            let counted: i64 = counted.map_or(0, |row| row.get(0));
            let known = [relation.name.clone(), format!("{}.{}", relation.schema, relation.name)];
            let there = known.iter().find_map(|name| production.get(name)).copied().unwrap_or_default();
            facts.rows.insert(oid, counted.max(there));
            facts.here.insert(oid, counted);
        }
        for (oid, change) in trace.statements.iter().flat_map(|seen| &seen.changes) {
            let (Change::ColumnDropped(column), Some(relation)) = (change, trace.before.get(oid)) else {
                continue;
            };
            let sql = format!(
                "SELECT 1 FROM {}.{} WHERE {} IS NOT NULL LIMIT 1",
                quote_identifier(&relation.schema),
                quote_identifier(&relation.name),
                quote_identifier(&column.name),
            );
            // A column that the migration itself has made was not there before.
            if before.query_opt(&sql, &[]).await.is_ok_and(|row| row.is_some()) {
                facts.filled.insert((*oid, column.number));
            }
        }
        Ok(facts)
    }

    pub fn rows(&self, oid: u32) -> i64 {
        self.rows.get(&oid).copied().unwrap_or_default()
    }

    /// True where a relation of this name is there afterwards.
    pub fn is_there(&self, quoted: &str) -> bool {
        self.after.iter().any(|named| named.kind == "relation" && named.identity == quoted)
    }

    /// Constraints of a table that were not there before.
    pub fn new_constraints(&self, table: u32) -> impl Iterator<Item = &Named> {
        self.after.iter().filter(move |named| {
            named.table == Some(table)
                && named.kind.starts_with("constraint")
                && !self.before.iter().any(|old| (old.table, &old.name) == (named.table, &named.name))
        })
    }
}

async fn named(session: &Session) -> Result<BTreeSet<Named>> {
    let rows = session.query(FACTS, &[]).await.context("read what has a name")?;
    Ok(rows
        .iter()
        .map(|row| Named {
            kind: row.get(0),
            identity: row.get(1),
            table: row.get(2),
            name: row.get(3),
            valid: row.get(4),
        })
        .collect())
}
