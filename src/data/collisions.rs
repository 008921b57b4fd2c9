//! Whether the masks of a unique index stay unique: tried out on the rows that would cross, before any does.

use std::collections::HashMap;
use std::hash::BuildHasher as _;

use anyhow::{Context as _, Result};
use futures_util::TryStreamExt as _;
use serde::Serialize;

use super::cells;
use super::lines::Lines;
use super::mask::{Masker, copytext};
use super::model::{Catalog, Column, Rows, Subset, Table, TableName};
use super::plan::Rules;
use super::quiet::quiet;
use super::row::by_partition;
use super::subset::rows::from;
use crate::config::masking::Strategy;
use crate::model::quote_identifier;
use crate::postgres::Session;

const INDEXES: &str = include_str!("sql/unique_indexes.sql");
/// Rows whose places go into one statement.
const BATCH: usize = 2_000;
/// Rows held at most, at 16 bytes and the table's own room: about 100 MB.
const MOST_ROWS: usize = 4_000_000;

/// Different values of a unique index that would get one mask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Collision {
    pub table: TableName,
    pub index: String,
    /// The masked columns of it.
    pub columns: Vec<String>,
    /// Rows that would be one too many.
    pub rows: u64,
    pub remedy: String,
}

/// What trying the masks out has shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tried {
    pub collisions: Vec<Collision>,
    /// What was not tried to the end, in words.
    pub left: Vec<String>,
}

struct Index {
    name: String,
    columns: Vec<String>,
    condition: Option<String>,
    expression: bool,
}

/// Masks the columns of every unique index that has masked ones, and counts what comes out twice.
///
/// # Errors
/// Fails where production does not answer, or a value cannot be masked.
pub async fn find(
    session: &Session,
    catalog: &Catalog,
    subset: &Subset,
    rules: &Rules,
    masker: &Masker,
) -> Result<Tried> {
    let schemas: Vec<&str> = subset.keys().map(|name| name.schema.as_str()).collect();
    let mut tried = Tried::default();
    for row in session.query(INDEXES, &[&schemas]).await.map_err(quiet("read the unique indexes"))? {
        let name = TableName { schema: row.get(0), name: row.get(1) };
        let (Some(table), Some(selection)) = (catalog.table(&name), subset.get(&name)) else { continue };
        let index =
            Index { name: row.get(2), columns: row.get(3), condition: row.get(4), expression: row.get(5) };
        let columns: Vec<(&Column, Option<&Strategy>)> = table
            .columns
            .iter()
            .filter(|column| index.columns.contains(&column.name))
            .map(|column| {
                (column, rules.get(&(name.clone(), column.name.clone())).filter(|rule| changes(rule)))
            })
            .collect();
        let masked: Vec<String> = columns
            .iter()
            .filter(|(_, rule)| rule.is_some())
            .map(|(column, _)| column.name.clone())
            .collect();
        if masked.is_empty() {
            continue;
        }
        let mut seen = Seen::new(&columns, &index, masker);
        for statement in statements(table, &columns, &index, &selection.rows) {
            read(session, &statement, &mut |line| seen.row(line))
                .await
                .with_context(|| format!("try the masks of {name}"))?;
        }
        if seen.left > 0 {
            tried.left.push(format!(
                "the masks of unique index {} of {name} were tried on {MOST_ROWS} rows, and not on {} more: should two of them get one mask, the copy stops when it builds the index",
                index.name, seen.left
            ));
        }
        if seen.collisions > 0 {
            let remedy = remedy(&columns);
            tried.collisions.push(Collision {
                table: name,
                index: index.name.clone(),
                columns: masked,
                rows: seen.collisions,
                remedy,
            });
        }
    }
    Ok(tried)
}

/// Whether a rule puts another value in place; NULLs are never equal to each other.
fn changes(rule: &Strategy) -> bool {
    !matches!(rule, Strategy::Keep(_) | Strategy::Null)
}

fn remedy(columns: &[(&Column, Option<&Strategy>)]) -> String {
    let constant = columns.iter().any(|(_, rule)| matches!(rule, Some(Strategy::Constant(_))));
    if constant {
        return "a constant cannot be unique: use a mask".to_owned();
    }
    let folds = columns
        .iter()
        .any(|(_, rule)| matches!(rule, Some(rule) if !matches!(rule, Strategy::Token | Strategy::Hash)));
    if folds {
        "use `permutation` or `hash`: others hold values that differ in case alone for the same".to_owned()
    } else {
        "use `hash`".to_owned()
    }
}

/// What has come out, by the hash of the masks: the hash of the originals.
struct Seen<'a> {
    columns: &'a [(&'a Column, Option<&'a Strategy>)],
    index: &'a Index,
    masker: &'a Masker,
    hashes: HashMap<u64, u64>,
    hasher: std::collections::hash_map::RandomState,
    collisions: u64,
    /// Rows held at most.
    most: usize,
    /// Rows that were not tried, for there is no room for more.
    left: u64,
}

impl<'a> Seen<'a> {
    fn new(columns: &'a [(&'a Column, Option<&'a Strategy>)], index: &'a Index, masker: &'a Masker) -> Self {
        let hasher = std::collections::hash_map::RandomState::new();
        Self {
            columns,
            index,
            masker,
            hashes: HashMap::new(),
            hasher,
            collisions: 0,
            most: MOST_ROWS,
            left: 0,
        }
    }

    fn row(&mut self, line: &[u8]) -> Result<()> {
        if self.hashes.len() >= self.most {
            self.left += 1;
            return Ok(());
        }
        let (mut originals, mut masks) = (Vec::new(), Vec::new());
        for (field, (column, rule)) in copytext::fields(line).zip(self.columns) {
            // NULL is equal to nothing.
            let Some(text) = copytext::decode(field)? else { return Ok(()) };
            let masked = match rule {
                None => Some(text.clone().into_owned()),
                Some(rule) => cells::rewrite(rule, column, &text, &mut |rule, shape, value| {
                    self.masker.mask(rule, value, shape)
                })
                .with_context(|| format!("mask column {}", column.name))?,
            };
            let Some(masked) = masked else { return Ok(()) };
            let folded = self.index.expression || column.base_type == "citext";
            masks.push(if folded { masked.to_lowercase() } else { masked });
            originals.push(text.into_owned());
        }
        let (original, mask) = (self.hasher.hash_one(&originals), self.hasher.hash_one(&masks));
        // A row that only comes along twice is no collision; a unique index holds each value once.
        if self.hashes.insert(mask, original).is_some_and(|other| other != original) {
            self.collisions += 1;
        }
        Ok(())
    }
}

fn statements(
    table: &Table,
    columns: &[(&Column, Option<&Strategy>)],
    index: &Index,
    rows: &Rows,
) -> Vec<String> {
    let list: Vec<String> = columns.iter().map(|(column, _)| quote_identifier(&column.name)).collect();
    let condition =
        index.condition.as_deref().map_or_else(String::new, |condition| format!(" AND ({condition})"));
    let copy = |places: &str| {
        format!("COPY (SELECT {} FROM {} WHERE {places}{condition}) TO STDOUT", list.join(", "), from(table))
    };
    match rows {
        Rows::All => vec![copy("true")],
        Rows::Chosen(chosen) => by_partition(chosen)
            .iter()
            .flat_map(|(partition, places)| {
                places.chunks(BATCH).map(move |places| {
                    let quoted: Vec<String> = places.iter().map(|place| format!("\"{place}\"")).collect();
                    format!("tableoid = {partition} AND ctid = ANY ('{{{}}}'::tid[])", quoted.join(","))
                })
            })
            .map(|places| copy(&places))
            .collect(),
    }
}

async fn read(session: &Session, statement: &str, row: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let stream = session.copy_out(statement).await.map_err(quiet("read production"))?;
    futures_util::pin_mut!(stream);
    let mut lines = Lines::default();
    while let Some(chunk) = stream.try_next().await.map_err(quiet("read production"))? {
        lines.push(&chunk);
        while let Some(line) = lines.next() {
            row(line)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, base: &str, unique: bool) -> Column {
        Column {
            name: name.into(),
            base_type: base.into(),
            sql_type: base.into(),
            unique,
            ..Column::default()
        }
    }

    fn collisions(rule: &Strategy, column: &Column, expression: bool, values: &[String]) -> u64 {
        let masker = Masker::new("a key", "staging.local");
        let columns = [(column, Some(rule))];
        let index =
            Index { name: "i".into(), columns: vec![column.name.clone()], condition: None, expression };
        let mut seen = Seen::new(&columns, &index, &masker);
        for value in values {
            seen.row(value.as_bytes()).unwrap();
        }
        seen.collisions
    }

    #[test]
    fn rows_beyond_the_limit_are_counted_not_forgotten() {
        let (masker, column) = (Masker::new("a key", "staging.local"), column("c", "text", false));
        let columns = [(&column, Some(&Strategy::City))];
        let index = Index { name: "i".into(), columns: vec!["c".into()], condition: None, expression: false };
        let mut seen = Seen::new(&columns, &index, &masker);
        seen.most = 3;
        for value in 0..100 {
            seen.row(format!("town{value}").as_bytes()).unwrap();
        }
        assert_eq!(seen.hashes.len(), 3);
        assert!(seen.left > 0 && seen.collisions + seen.left + 3 == 100);
    }

    #[test]
    fn masks_that_meet_are_counted_and_others_are_not() {
        let values: Vec<String> = (0..2_000).map(|n| format!("person{n}@mail.example")).collect();
        assert_eq!(collisions(&Strategy::Email, &column("e", "text", true), true, &values), 0);
        let codes: Vec<String> = (0..1_000).map(|n| format!("{n:03}")).collect();
        assert_eq!(collisions(&Strategy::Permutation, &column("c", "text", true), false, &codes), 0);
        // A city of 16, without the suffix that a unique column gets.
        assert_eq!(collisions(&Strategy::City, &column("c", "text", false), false, &codes), 1_000 - 16);
        let case = ["Jane@mail.example".to_owned(), "jane@mail.example".to_owned(), "\\N".to_owned()];
        assert_eq!(collisions(&Strategy::Email, &column("e", "text", true), false, &case), 1);
        assert_eq!(
            collisions(
                &Strategy::Constant(crate::config::file::Scalar("x".into())),
                &column("e", "text", true),
                false,
                &values
            ),
            1_999
        );
    }
}
