//! References that no foreign key declares: `copy.references`, resolved against production.

use anyhow::Result;

use super::keys::{is_called, named};
use super::rows::{from, refused};
use crate::config::data::{Copy, KeyPolicy, Reference};
use crate::data::model::{Catalog, Column, ForeignKey, Join, Table};
use crate::failure::Failure;
use crate::model::quote_identifier;
use crate::postgres::Session;

/// The keys that stand for `copy.references`, with their policies.
///
/// # Errors
/// Refuses a table, column, expression or condition that production does not have or understand.
pub async fn resolve(
    session: &Session,
    catalog: &Catalog,
    copy: &Copy,
) -> Result<Vec<(ForeignKey, Option<KeyPolicy>)>> {
    let mut keys = Vec::new();
    for reference in &copy.references {
        keys.push((key(session, catalog, reference).await?, reference.policy));
    }
    Ok(keys)
}

async fn key(session: &Session, catalog: &Catalog, reference: &Reference) -> Result<ForeignKey> {
    let place = format!("copy.references: from: {}", reference.from);
    let (child, what) = split(catalog, &reference.from, &place)?;
    let (parent, to) = split(catalog, &reference.to, &format!("copy.references: to: {}", reference.to))?;
    let column = child.columns.iter().find(|column| column.name == what);
    let target = parent.columns.iter().find(|column| column.name == to).ok_or_else(|| {
        Failure::config(format!("copy.references: production has no column `{}`", reference.to))
    })?;
    let expression = column.map_or_else(|| what.to_owned(), |column| quote_identifier(&column.name));
    let condition = reference.when.as_ref().map_or_else(String::new, |when| format!(" WHERE ({when})"));
    let probe = format!("SELECT ({expression}) FROM {}{condition} LIMIT 0", from(child));
    let prepared = session.prepare(&probe).await.map_err(|error| refused(&child.name, &place, &error))?;
    let kind = prepared.columns().first().map(|column| column.type_().name().to_owned()).unwrap_or_default();
    if matches!(kind.as_str(), "json" | "jsonb") {
        return Err(Failure::config(format!("{place}: its value is JSON, not a key"))
            .hint("take the text out with `->>`")
            .into());
    }
    let (down, up) = joined(&kind, target);
    Ok(ForeignKey {
        name: what.to_owned(),
        child: child.name.clone(),
        child_columns: column.map(|column| column.name.clone()).into_iter().collect(),
        parent: parent.name.clone(),
        parent_columns: vec![target.name.clone()],
        nullable: column.is_none_or(|column| !column.not_null),
        full: false,
        indexed: false,
        join: Join { down, up, virtual_from: Some((expression, reference.when.clone())) },
    })
}

/// `Table.rest`, where the table may have its schema before it.
fn split<'c, 't>(catalog: &'c Catalog, text: &'t str, place: &str) -> Result<(&'c Table, &'t str)> {
    let dots = text.match_indices('.').map(|(at, _)| at);
    let mut found = dots.filter_map(|at| {
        let table = catalog.tables.iter().find(|table| is_called(&table.name, &text[..at]))?;
        Some((table, &text[at + 1..]))
    });
    if let Some(found) = found.next_back() {
        return Ok(found);
    }
    let name = text.split_once('.').map_or(text, |(table, _)| table);
    named(catalog, name, place)?;
    Err(Failure::config(format!("{place}: it names no column")).hint("write `Table.column`").into())
}

/// The join in both directions. A cast stands on the side whose rows are known, so that an index on
/// the other serves; text that is no key of that type refers to nothing.
fn joined(kind: &str, target: &Column) -> (String, String) {
    let column = format!("p.{}", quote_identifier(&target.name));
    let reference = "c.\"stagectl reference\"";
    let same = format!("{reference} = {column}");
    let textual = |kind: &str| matches!(kind, "text" | "varchar" | "bpchar" | "citext" | "name" | "unknown");
    if !textual(kind) || textual(&target.base_type) {
        return (same.clone(), same);
    }
    let down = format!("{reference} = {column}::text");
    let up = match target.base_type.as_str() {
        "int2" | "int4" | "int8" => {
            format!("CASE WHEN {reference} ~ '^-?[0-9]{{1,18}}$' THEN {reference}::bigint END = {column}")
        }
        "uuid" => format!(
            "CASE WHEN {reference} ~* '^[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}$' THEN {reference}::uuid END = {column}"
        ),
        _ => down.clone(),
    };
    (down, up)
}
