//! Which foreign keys lead to more rows, which are cut, and which tables are reached at all. Pure.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::config::data::{Copy, KeyPolicy};
use crate::data::model::{Catalog, ForeignKey, Table, TableName};
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

/// Names of tables whose rows stand for people.
const PEOPLE: [&str; 12] = [
    "user",
    "users",
    "account",
    "accounts",
    "customer",
    "customers",
    "member",
    "members",
    "person",
    "people",
    "profile",
    "profiles",
];

/// A foreign key with what is done along it.
#[derive(Debug, Clone)]
pub struct Edge {
    pub key: ForeignKey,
    /// Rows that refer to a row of the subset come along ("belongs to").
    pub down: bool,
    /// The row referred to comes along ("needed by"); otherwise the reference is cut.
    pub up: bool,
    /// The column that is set to NULL where the edge is cut.
    pub cut: Option<String>,
}

/// What is done with the tables and keys of a catalogue.
#[derive(Debug)]
pub struct Routes {
    pub root: TableName,
    pub edges: Vec<Edge>,
    pub whole: BTreeSet<TableName>,
    pub bookkeeping: BTreeSet<TableName>,
    pub skipped: BTreeSet<TableName>,
}

impl Routes {
    /// Resolves `copy` of the config against the catalogue.
    ///
    /// # Errors
    /// Refuses names that do not exist and policies that cannot hold.
    pub fn new(catalog: &Catalog, copy: &Copy) -> Result<Self> {
        let root = match &copy.root {
            Some(name) => named(catalog, name, "copy.root")?,
            None => guess_root(catalog)?,
        };
        let set = |names: &[String], place: &str| -> Result<BTreeSet<TableName>> {
            names.iter().map(|name| named(catalog, name, place)).collect()
        };
        let skipped = skipped(catalog, copy)?;
        if skipped.contains(&root) {
            return Err(Failure::config(format!(
                "`{root}` is the root of the copy and in `copy.skip_tables`"
            ))
            .into());
        }
        let whole = set(&copy.whole_tables, "copy.whole_tables")?;
        let bookkeeping = catalog
            .tables
            .iter()
            .map(|table| table.name.clone())
            .filter(|name| BOOKKEEPING.contains(&name.name.as_str()) && !skipped.contains(name))
            .collect();
        let mut policies = policies(catalog, copy)?;
        let edges = catalog
            .keys
            .iter()
            .enumerate()
            .map(|(at, key)| edge(catalog, key, policies.remove(&at), &root, &skipped))
            .collect::<Result<_>>()?;
        Ok(Self { root, edges, whole, bookkeeping, skipped })
    }

    /// Tables that some route reaches, whether or not it finds rows.
    pub fn reached(&self) -> BTreeSet<TableName> {
        let mut below = BTreeSet::from([self.root.clone()]);
        while self
            .edges
            .iter()
            .any(|edge| edge.down && below.contains(&edge.key.parent) && below.insert(edge.key.child.clone()))
        {
        }
        let mut reached = below;
        reached.extend(self.whole.iter().chain(&self.bookkeeping).cloned());
        while self.edges.iter().any(|edge| {
            edge.up && reached.contains(&edge.key.child) && reached.insert(edge.key.parent.clone())
        }) {}
        reached
    }
}

/// The tables of `copy.skip_tables`.
///
/// # Errors
/// Refuses a name that production does not have.
pub fn skipped(catalog: &Catalog, copy: &Copy) -> Result<BTreeSet<TableName>> {
    copy.skip_tables.iter().map(|name| named(catalog, name, "copy.skip_tables")).collect()
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
    let leaving = catalog.keys.iter().filter(|key| key.child == *table && skipped.contains(&key.parent));
    leaving
        .map(|key| {
            let cut = if key.nullable { cut(catalog, key) } else { None };
            cut.ok_or_else(|| needs_skipped(key))
        })
        .collect()
}

fn needs_skipped(key: &ForeignKey) -> anyhow::Error {
    Failure::config(format!(
        "`{}.{}` needs rows of `{}`, which `copy.skip_tables` leaves out",
        key.child, key.name, key.parent
    ))
    .hint(format!("skip `{}` too, or copy both", key.child))
    .into()
}

fn edge(
    catalog: &Catalog,
    key: &ForeignKey,
    policy: Option<KeyPolicy>,
    root: &TableName,
    skipped: &BTreeSet<TableName>,
) -> Result<Edge> {
    let place = format!("{}.{}", key.child, key.name);
    if policy == Some(KeyPolicy::Null) && !key.nullable {
        return Err(Failure::config(format!("copy.foreign_keys.{place}: a NOT NULL key cannot be nulled"))
            .hint("use `follow` or `stop`, or leave it out")
            .into());
    }
    let cut = if key.nullable { cut(catalog, key) } else { None };
    let up = (policy == Some(KeyPolicy::Follow) || cut.is_none()) && !skipped.contains(&key.parent);
    if skipped.contains(&key.parent) && cut.is_none() && !skipped.contains(&key.child) {
        return Err(needs_skipped(key));
    }
    // More rows of the root than the limit come along only where the config asks for it.
    let onto_itself = key.child == key.parent || key.child == *root;
    // What belongs to a row of the root comes from there: along any other way, such as the other side of a
    // join table, it would bring rows of the root that nobody asked for.
    let owned_by_root = key.parent != *root
        && catalog.keys.iter().any(|k| k.child == key.child && k.parent == *root && !k.nullable);
    let down = match policy {
        Some(KeyPolicy::Follow) => true,
        Some(KeyPolicy::Stop) => false,
        Some(KeyPolicy::Null) | None => !onto_itself && !owned_by_root,
    };
    Ok(Edge { key: key.clone(), down: down && !skipped.contains(&key.child), up, cut })
}

/// The column of a nullable key to set to NULL: one that no other key needs, the last of them,
/// as the shared one (the tenant) stands first by custom.
fn cut(catalog: &Catalog, key: &ForeignKey) -> Option<String> {
    let table = catalog.table(&key.child)?;
    let shared = |name: &str| {
        catalog.keys.iter().any(|other| {
            other != key && other.child == key.child && other.child_columns.iter().any(|c| c == name)
        })
    };
    let can_be_null: Vec<&String> = key
        .child_columns
        .iter()
        .filter(|name| table.columns.iter().any(|c| c.name == **name && !c.not_null && !c.generated))
        .collect();
    can_be_null.iter().rev().find(|name| !shared(name)).or(can_be_null.last()).map(|name| (*name).clone())
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

fn guess_root(catalog: &Catalog) -> Result<TableName> {
    let references = |table: &&Table| catalog.keys.iter().filter(|key| key.parent == table.name).count();
    let people = catalog
        .tables
        .iter()
        .filter(|table| PEOPLE.contains(&table.name.name.to_lowercase().as_str()))
        .max_by_key(references);
    people.map(|table| table.name.clone()).ok_or_else(|| {
        Failure::config("no table of production looks like its users")
            .hint("say in `copy: root:` which table's rows `limit` counts")
            .into()
    })
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
