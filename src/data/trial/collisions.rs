//! Whether the masks of a unique index stay unique: tried out on the rows that would cross, before any does.

use std::collections::HashMap;
use std::hash::BuildHasher as _;

use anyhow::{Context as _, Result};
use serde::Serialize;

use super::masked::{Masked, Sample, each};
use crate::config::masking::Strategy;
use crate::data::mask::Masker;
use crate::data::model::{Catalog, Column, Subset, TableName};
use crate::data::plan::Rules;
use crate::data::quiet::quiet;
use crate::postgres::Session;

const INDEXES: &str = include_str!("../sql/unique_indexes.sql");
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

struct Index {
    name: String,
    columns: Vec<String>,
    condition: Option<String>,
    expression: bool,
}

/// Masks the columns of every unique index that has masked ones, and counts what comes out twice. Where
/// there are more rows than it can hold, it says so.
///
/// # Errors
/// Fails where production does not answer, or a value cannot be masked.
pub async fn find(
    session: &Session,
    catalog: &Catalog,
    subset: &Subset,
    rules: &Rules,
    masker: &Masker,
    warnings: &mut Vec<String>,
) -> Result<Vec<Collision>> {
    let schemas: Vec<&str> = subset.keys().map(|name| name.schema.as_str()).collect();
    let mut found = Vec::new();
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
        let mut seen = Seen::new(&index, MOST_ROWS);
        let sample = Sample { table, columns, condition: index.condition.as_deref(), most: None };
        let mut see = |row| seen.row(&sample.columns, row);
        each(session, masker, &sample, &selection.rows, &mut see)
            .await
            .with_context(|| format!("try the masks of {name}"))?;
        if seen.left_out > 0 {
            warnings.push(format!(
                "{} of {name}: whether masks collide was tried on {MOST_ROWS} different values; {} more rows could collide with each other",
                index.name, seen.left_out
            ));
        }
        if seen.collisions > 0 {
            let remedy = remedy(&sample.columns);
            found.push(Collision {
                table: name,
                index: index.name.clone(),
                columns: masked,
                rows: seen.collisions,
                remedy,
            });
        }
    }
    Ok(found)
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
    index: &'a Index,
    most: usize,
    hashes: HashMap<u64, u64>,
    hasher: std::collections::hash_map::RandomState,
    collisions: u64,
    /// Rows that were compared with others, and are not held for the rows that follow.
    left_out: u64,
}

impl<'a> Seen<'a> {
    fn new(index: &'a Index, most: usize) -> Self {
        let hasher = std::collections::hash_map::RandomState::new();
        Self { index, most, hashes: HashMap::new(), hasher, collisions: 0, left_out: 0 }
    }

    fn row(&mut self, columns: &[(&Column, Option<&Strategy>)], row: Masked) {
        let mut masks = Vec::with_capacity(columns.len());
        for ((column, _), mask) in columns.iter().zip(row.masks) {
            // NULL is equal to nothing.
            let Some(mask) = mask else { return };
            let folded = self.index.expression || column.base_type == "citext";
            masks.push(if folded { mask.to_lowercase() } else { mask });
        }
        let (original, mask) = (self.hasher.hash_one(&row.originals), self.hasher.hash_one(&masks));
        match self.hashes.get(&mask) {
            // A row that only comes along twice is no collision; a unique index holds each value once.
            Some(other) => self.collisions += u64::from(*other != original),
            None if self.hashes.len() >= self.most => self.left_out += 1,
            None => {
                self.hashes.insert(mask, original);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::masked::masked;
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
        let mut seen = Seen::new(&index, MOST_ROWS);
        for value in values {
            seen.row(&columns, masked(&masker, &columns, value.as_bytes()).unwrap());
        }
        seen.collisions
    }

    #[test]
    fn rows_beyond_what_can_be_held_are_counted() {
        let index = Index { name: "i".into(), columns: vec!["c".into()], condition: None, expression: false };
        let (column, mut seen) = (column("c", "text", true), Seen::new(&index, 3));
        for (original, mask) in [("a", "1"), ("b", "2"), ("c", "3"), ("d", "3"), ("e", "4"), ("f", "4")] {
            let row = Masked { originals: vec![Some(original.into())], masks: vec![Some(mask.into())] };
            seen.row(&[(&column, None)], row);
        }
        assert_eq!((seen.collisions, seen.left_out), (1, 2));
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
