//! Which foreign keys lead to more rows, which are cut, and which tables are reached at all. Pure.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::roots::{Start, starts};
use crate::config::data::{Copy, KeyPolicy};
use crate::data::model::{Catalog, ForeignKey, TableName};
use crate::failure::Failure;

/// Tables in which migration tools keep their books: they cross whole, or the tools would start anew.
pub const BOOKKEEPING: [&str; 6] = [
    "_prisma_migrations",
    "alembic_version",
    "schema_migrations",
    "flyway_schema_history",
    "__diesel_schema_migrations",
    "_sqlx_migrations",
];

/// The cost of a nullable key on the way from a root: more than any chain of NOT NULL ones.
const NULLABLE: u64 = 1_000;
/// Where a table starts that no way leads down to.
const FAR: u64 = 1_000_000;

/// Which rows that refer to a row come along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Down {
    None,
    /// Those of a row that belongs to a root.
    Owned,
    /// Those of any row that crosses.
    Any,
}

/// A foreign key with what is done along it.
#[derive(Debug, Clone)]
pub struct Edge {
    pub key: ForeignKey,
    pub down: Down,
    /// The row referred to comes along ("needed by"); otherwise the reference is cut.
    pub up: bool,
    /// The columns that are set to NULL where the edge is cut.
    pub cut: Vec<String>,
}

/// What is done with the tables and keys of a catalogue.
#[derive(Debug)]
pub struct Routes {
    pub starts: Vec<Start>,
    pub edges: Vec<Edge>,
    pub whole: BTreeSet<TableName>,
    pub bookkeeping: BTreeSet<TableName>,
    pub skipped: BTreeSet<TableName>,
    pub caps: BTreeMap<TableName, u32>,
}

impl Routes {
    /// Resolves `copy` of the config against the catalogue, with the references that no key declares.
    ///
    /// # Errors
    /// Refuses names that do not exist and policies that cannot hold.
    pub fn new(
        catalog: &Catalog,
        references: Vec<(ForeignKey, Option<KeyPolicy>)>,
        copy: &Copy,
        limit: Option<u32>,
    ) -> Result<Self> {
        let set = |names: &[String], place: &str| -> Result<BTreeSet<TableName>> {
            names.iter().map(|name| named(catalog, name, place)).collect()
        };
        let starts = starts(catalog, copy, limit)?;
        let skipped = skipped(catalog, copy)?;
        if let Some(start) = starts.iter().find(|start| skipped.contains(&start.table)) {
            return Err(Failure::config(format!(
                "the copy starts from `{}`, which is in `copy.skip_tables`",
                start.table
            ))
            .into());
        }
        let whole = set(&copy.whole_tables, "copy.whole_tables")?;
        let caps = copy
            .caps
            .iter()
            .map(|(name, cap)| Ok((named(catalog, name, "copy.caps")?, *cap)))
            .collect::<Result<_>>()?;
        let bookkeeping = catalog
            .tables
            .iter()
            .map(|table| table.name.clone())
            .filter(|name| BOOKKEEPING.contains(&name.name.as_str()) && !skipped.contains(name))
            .collect();
        let mut policies = policies(catalog, copy)?;
        let declared = catalog.keys.iter().enumerate();
        let mut keys: Vec<(&ForeignKey, Option<KeyPolicy>)> =
            declared.map(|(at, key)| (key, policies.remove(&at))).collect();
        keys.extend(references.iter().map(|(key, policy)| (key, *policy)));
        let costs = costs(&starts, &keys);
        let edges = keys
            .iter()
            .map(|(key, policy)| {
                let (up, cut) = upwards(catalog, key, *policy, &skipped)?;
                let down = if skipped.contains(&key.child) || skipped.contains(&key.parent) {
                    Down::None
                } else {
                    downwards(key, *policy, &costs)
                };
                Ok(Edge { key: (*key).clone(), down, up, cut })
            })
            .collect::<Result<_>>()?;
        Ok(Self { starts, edges, whole, bookkeeping, skipped, caps })
    }

    /// Tables that some route reaches, whether or not it finds rows.
    pub fn reached(&self) -> BTreeSet<TableName> {
        let mut owned: BTreeSet<&TableName> = self.starts.iter().map(|start| &start.table).collect();
        let mut reached: BTreeSet<&TableName> =
            owned.iter().copied().chain(&self.whole).chain(&self.bookkeeping).collect();
        loop {
            let before = (owned.len(), reached.len());
            for Edge { key, down, up, .. } in &self.edges {
                let from = if *down == Down::Any { &reached } else { &owned };
                if *down != Down::None && from.contains(&key.parent) {
                    owned.insert(&key.child);
                    reached.insert(&key.child);
                }
                if *up && reached.contains(&key.child) {
                    reached.insert(&key.parent);
                }
            }
            if before == (owned.len(), reached.len()) {
                return reached.into_iter().cloned().collect();
            }
        }
    }
}

/// How far each table is from the rows to start from, down the keys. A row comes along the shortest
/// way: any other, such as the far side of a join table, brings rows of more roots.
fn costs(starts: &[Start], keys: &[(&ForeignKey, Option<KeyPolicy>)]) -> BTreeMap<TableName, u64> {
    let mut costs: BTreeMap<TableName, u64> = starts.iter().map(|start| (start.table.clone(), 0)).collect();
    loop {
        let mut changed = false;
        for (key, policy) in keys {
            let Some(cost) = step(key, *policy, &costs) else { continue };
            if costs.get(&key.child).is_none_or(|known| *known > cost) {
                costs.insert(key.child.clone(), cost);
                changed = true;
            }
        }
        if !changed {
            return costs;
        }
    }
}

/// What reaching a key's child along it costs.
fn step(key: &ForeignKey, policy: Option<KeyPolicy>, costs: &BTreeMap<TableName, u64>) -> Option<u64> {
    let parent = costs.get(&key.parent).copied();
    match policy {
        Some(KeyPolicy::Stop) => None,
        Some(KeyPolicy::Children | KeyPolicy::Both) => Some(parent.unwrap_or(FAR) + 1),
        _ if key.child == key.parent => None,
        _ => parent.map(|cost| cost + if key.nullable { NULLABLE } else { 1 }),
    }
}

fn downwards(key: &ForeignKey, policy: Option<KeyPolicy>, costs: &BTreeMap<TableName, u64>) -> Down {
    if matches!(policy, Some(KeyPolicy::Children | KeyPolicy::Both)) {
        return Down::Any;
    }
    let cost = step(key, policy, costs);
    if cost.is_some() && cost == costs.get(&key.child).copied() { Down::Owned } else { Down::None }
}

/// Whether the row referred to comes along, and the columns to set to NULL otherwise.
fn upwards(
    catalog: &Catalog,
    key: &ForeignKey,
    policy: Option<KeyPolicy>,
    skipped: &BTreeSet<TableName>,
) -> Result<(bool, Vec<String>)> {
    let declared = key.join.virtual_from.is_none();
    let cut = cut(catalog, key);
    if policy == Some(KeyPolicy::Null) && cut.is_empty() {
        let place = format!("copy.foreign_keys.{}.{}", key.child, key.name);
        return Err(Failure::config(format!(
            "{place}: it has no column that can be NULL and no other key needs"
        ))
        .hint("use `follow` or `stop`, or leave it out")
        .into());
    }
    if skipped.contains(&key.parent) {
        if cut.is_empty() && declared && !skipped.contains(&key.child) {
            return Err(needs_skipped(key));
        }
        return Ok((false, cut));
    }
    let up = match policy {
        Some(KeyPolicy::Follow | KeyPolicy::Both) => true,
        Some(KeyPolicy::Null) => false,
        // What no server enforces may lead nowhere.
        Some(KeyPolicy::Stop) if !declared => false,
        Some(KeyPolicy::Stop | KeyPolicy::Children) | None => cut.is_empty(),
    };
    Ok((up, cut))
}

/// The tables of `copy.skip_tables`.
///
/// # Errors
/// Refuses a name that production does not have, and a table of another server that is not among them.
pub fn skipped(catalog: &Catalog, copy: &Copy) -> Result<BTreeSet<TableName>> {
    let foreign = |name: &str| catalog.foreign_tables.iter().find(|table| is_called(table, name)).cloned();
    let skipped: BTreeSet<TableName> = copy
        .skip_tables
        .iter()
        .map(|name| foreign(name).map_or_else(|| named(catalog, name, "copy.skip_tables"), Ok))
        .collect::<Result<_>>()?;
    match catalog.foreign_tables.iter().find(|table| !skipped.contains(table)) {
        None => Ok(skipped),
        Some(table) => Err(Failure::refused(format!(
            "`{table}` is a foreign table: its rows lie on another server, which staging would reach too"
        ))
        .hint("add it to `copy: skip_tables:`: then it stays behind, with what is built on it")
        .into()),
    }
}

/// The columns of a table to set to NULL in every row, because they refer to tables left out.
///
/// # Errors
/// Refuses where a reference to a table left out cannot be cut.
pub fn emptied(
    catalog: &Catalog,
    table: &TableName,
    skipped: &BTreeSet<TableName>,
) -> Result<BTreeSet<String>> {
    let mut columns = BTreeSet::new();
    for key in catalog.keys.iter().filter(|key| key.child == *table && skipped.contains(&key.parent)) {
        let cut = cut(catalog, key);
        if cut.is_empty() {
            return Err(needs_skipped(key));
        }
        columns.extend(cut);
    }
    Ok(columns)
}

fn needs_skipped(key: &ForeignKey) -> anyhow::Error {
    Failure::config(format!(
        "`{}.{}` needs rows of `{}`, which `copy.skip_tables` leaves out",
        key.child, key.name, key.parent
    ))
    .hint(format!("skip `{}` too, or copy both", key.child))
    .into()
}

/// The columns of a key to set to NULL: one that no other key needs, the last of them, as the shared
/// one (the tenant) stands first by custom; all of a MATCH FULL key. Empty where none can be.
fn cut(catalog: &Catalog, key: &ForeignKey) -> Vec<String> {
    let Some(table) = catalog.table(&key.child) else { return Vec::new() };
    let shared = |name: &str| {
        catalog.keys.iter().any(|other| {
            other != key && other.child == key.child && other.child_columns.iter().any(|c| c == name)
        })
    };
    let free: Vec<String> = key
        .child_columns
        .iter()
        .filter(|name| {
            let own = table.columns.iter().find(|column| column.name == **name);
            own.is_some_and(|c| !c.not_null && !c.generated && !c.fixed) && !shared(name)
        })
        .cloned()
        .collect();
    match free.last() {
        _ if !key.nullable => Vec::new(),
        _ if key.full && free.len() < key.child_columns.len() => Vec::new(),
        _ if key.full => free,
        last => last.into_iter().cloned().collect(),
    }
}

/// The table called so.
///
/// # Errors
/// Refuses a name that production does not have.
pub fn named(catalog: &Catalog, name: &str, place: &str) -> Result<TableName> {
    let found = catalog.tables.iter().map(|table| &table.name).find(|table| is_called(table, name));
    found.cloned().ok_or_else(|| {
        let known: Vec<String> = catalog.tables.iter().map(|table| table.name.to_string()).collect();
        Failure::config(format!("{place}: production has no table `{name}`"))
            .hint(format!("its tables: {}", known.join(", ")))
            .into()
    })
}

/// True for `Table` in `public`, and for `schema.Table`.
pub fn is_called(table: &TableName, name: &str) -> bool {
    table.to_string() == name || name == format!("{}.{}", table.schema, table.name)
}

/// `copy.foreign_keys` by the key's place in the catalogue.
fn policies(catalog: &Catalog, copy: &Copy) -> Result<BTreeMap<usize, KeyPolicy>> {
    let mut found = BTreeMap::new();
    for (entry, policy) in &copy.foreign_keys {
        let matching = catalog.keys.iter().enumerate().filter(|(_, key)| {
            entry.rsplit_once('.').is_some_and(|(table, name)| {
                is_called(&key.child, table)
                    && (key.name == name || key.child_columns.iter().any(|column| column == name))
            })
        });
        let before = found.len();
        found.extend(matching.map(|(at, _)| (at, *policy)));
        if found.len() == before {
            return Err(Failure::config(format!("copy.foreign_keys: production has no key `{entry}`"))
                .hint("write `Table.constraint` or `Table.column`")
                .into());
        }
    }
    Ok(found)
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
