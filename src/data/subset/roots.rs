//! The rows that a copy starts from: by number, by a condition of the user's, or the most connected.

use anyhow::Result;

use super::keys::{Down, Edge, named};
use super::rows::{failed, from, order, places, refused};
use crate::config::data::Copy;
use crate::data::model::{Catalog, RowId, Table, TableName};
use crate::failure::Failure;
use crate::postgres::Session;

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

/// Rows to start from.
#[derive(Debug, Clone)]
pub struct Start {
    pub table: TableName,
    /// An SQL condition of the user's.
    pub predicate: Option<String>,
    pub limit: Option<u32>,
    /// An SQL order of the user's.
    pub order_by: Option<String>,
}

/// The roots that are taken where nobody says how many.
const ROOTS: u32 = 10;

/// Rows looked at to find the most connected ones: the first of the primary key, so that a later copy
/// finds the same.
const CANDIDATES: u32 = 1_000;
/// More rows than this along one key count no further: breadth before mass.
const COUNTED: u32 = 20;

impl Start {
    /// Which rows, in words. A condition is the user's own text, no value of production.
    pub fn words(&self) -> String {
        let number = self.limit.map_or_else(|| "all rows".to_owned(), |limit| format!("{limit} rows"));
        let order = match (&self.order_by, self.limit) {
            (Some(order), _) => format!(", in the order {order}"),
            (None, Some(limit)) if limit < CANDIDATES => {
                format!(", those with the most rows that belong to them (of the first {CANDIDATES})")
            }
            (None, Some(_)) => ", the first ones by key".to_owned(),
            (None, None) => String::new(),
        };
        let condition = self.predicate.as_ref().map_or_else(String::new, |own| format!(" where {own}"));
        format!("{number} of `{}`{condition}{order}", self.table)
    }
}

/// The tables to start from.
///
/// # Errors
/// Refuses names that production does not have.
pub fn starts(catalog: &Catalog, copy: &Copy, limit: Option<u32>) -> Result<Vec<Start>> {
    let mut starts = Vec::new();
    for (name, predicate) in &copy.predicates {
        starts.push(Start {
            table: named(catalog, name, "copy.where")?,
            predicate: Some(predicate.clone()),
            limit,
            order_by: None,
        });
    }
    let root = copy.root.as_ref().map(|name| named(catalog, name, "copy.root")).transpose()?;
    if starts.is_empty() {
        let table = root.clone().map_or_else(|| guess_root(catalog), Ok)?;
        starts.push(Start { table, predicate: None, limit: Some(limit.unwrap_or(ROOTS)), order_by: None });
    }
    if copy.order_by.is_some() {
        let only = starts.len() == 1;
        let first = starts.iter_mut().find(|start| only || Some(&start.table) == root.as_ref());
        let Some(first) = first else {
            return Err(Failure::config(
                "copy.order_by: which of the tables of `where` it orders is not said",
            )
            .hint("name the table in `copy: root:`")
            .into());
        };
        first.order_by.clone_from(&copy.order_by);
    }
    Ok(starts)
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

/// The rows to start from in one table.
///
/// # Errors
/// Refuses a condition or an order that the server does not understand, in its own words.
pub async fn first(session: &Session, table: &Table, start: &Start, edges: &[Edge]) -> Result<Vec<RowId>> {
    let condition = start.predicate.as_ref().map_or_else(String::new, |own| format!(" WHERE ({own})"));
    let limit = start.limit.map_or_else(String::new, |limit| format!(" LIMIT {limit}"));
    let key = order(table, "");
    let sql = match (&start.order_by, start.limit) {
        (Some(own), _) => {
            format!("SELECT tableoid, ctid FROM {}{condition} ORDER BY {own}, {key}{limit}", from(table))
        }
        (None, Some(wanted)) if wanted < CANDIDATES => connected(table, start, edges, wanted),
        (None, _) => format!("SELECT tableoid, ctid FROM {}{condition} ORDER BY {key}{limit}", from(table)),
    };
    let words = |error| match (&start.predicate, &start.order_by) {
        (Some(predicate), _) => {
            refused(&table.name, &format!("`where` of `{}`: {predicate}", table.name), &error)
        }
        (None, Some(order_by)) => refused(&table.name, &format!("copy.order_by: {order_by}"), &error),
        (None, None) => failed(&table.name, &error),
    };
    Ok(places(&session.query(&sql, &[]).await.map_err(words)?))
}

/// Those with the most rows that belong to them, along keys that an index serves.
fn connected(table: &Table, start: &Start, edges: &[Edge], limit: u32) -> String {
    let condition = start.predicate.as_ref().map_or_else(String::new, |own| format!(" WHERE ({own})"));
    let counts: Vec<String> = edges
        .iter()
        .filter(|edge| edge.down != Down::None && edge.key.parent == table.name && edge.key.indexed)
        .map(|Edge { key, .. }| {
            format!(
                "(SELECT count(*) FROM (SELECT FROM {} c WHERE {} LIMIT {COUNTED}) AS few)",
                key.child.sql(),
                key.join.down
            )
        })
        .collect();
    let score = if counts.is_empty() { String::new() } else { format!("{} DESC, ", counts.join(" + ")) };
    format!(
        "SELECT tableoid, ctid FROM (SELECT tableoid, ctid, * FROM {}{condition} ORDER BY {} LIMIT {CANDIDATES}) p
         ORDER BY {score}{} LIMIT {limit}",
        from(table),
        order(table, ""),
        order(table, "p.")
    )
}
