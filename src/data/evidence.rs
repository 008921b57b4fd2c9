//! What the rows that cross look like: read in the snapshot, judged, and forgotten. No value is kept.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde_json::Value;

use super::classify::{self, Looks};
use super::model::{Catalog, Column, RowId, Rows, Subset, Table, TableName};
use super::subset::rows;
use crate::config::masking::{Masking, Strategy};
use crate::postgres::Session;

/// Rows looked at to tell what a text column is.
const SAMPLE: usize = 200;
/// Rows read at a time where all are looked at.
const CHUNK: usize = 1_000;
/// Documents looked at for their paths where all rows cross.
const DOCUMENTS: usize = 10_000;
/// Values kept per JSON path while it is judged.
const PER_PATH: usize = 50;

/// What was seen in a column.
#[derive(Debug, Clone)]
pub struct Evidence {
    pub looks: Looks,
    /// How many values were looked at.
    pub seen: u64,
    /// Every value is an id that a machine made.
    pub generated_ids: bool,
    /// JSON: each leaf path of the rows that cross.
    pub paths: BTreeMap<String, Leaf>,
    /// JSON: some key is itself a person's data.
    pub personal_keys: bool,
}

#[derive(Debug, Clone)]
pub struct Leaf {
    /// How many values were looked at.
    pub seen: u64,
    /// The path with `*` for each key that may be data.
    pub shown: String,
    pub looks: Looks,
}

pub type Samples = BTreeMap<(TableName, String), Evidence>;

/// The configured rule of a column.
pub fn configured<'m>(masking: &'m Masking, table: &TableName, column: &str) -> Option<&'m Strategy> {
    let mut tables = masking.tables.iter().filter(|(name, _)| super::subset::keys::is_called(table, name));
    tables.find_map(|(_, columns)| columns.get(column)).map(|rule| &rule.0)
}

/// Looks at every column of the rows that cross that neither its type nor the config decides.
pub async fn gather(
    session: &Session,
    catalog: &Catalog,
    subset: &Subset,
    masking: &Masking,
) -> Result<Samples> {
    let mut samples = Samples::new();
    for (name, selection) in subset {
        let Some(table) = catalog.table(name) else { continue };
        for column in table.columns.iter().filter(|c| !c.generated && classify::harmless(c).is_none()) {
            let rule = configured(masking, name, &column.name);
            let evidence = if is_json(column) {
                if rule.is_some_and(|rule| !matches!(rule, Strategy::Json(_))) {
                    continue;
                }
                json(session, table, column, &selection.rows).await?
            } else if rule.is_some() {
                continue;
            } else {
                plain(session, table, column, &selection.rows).await?
            };
            samples.insert((name.clone(), column.name.clone()), evidence);
        }
    }
    Ok(samples)
}

/// JSON or JSONB, and no array of it.
pub fn is_json(column: &Column) -> bool {
    matches!(column.base_type.as_str(), "json" | "jsonb") && !column.is_array
}

async fn plain(session: &Session, table: &Table, column: &Column, rows: &Rows) -> Result<Evidence> {
    let values = match rows {
        Rows::All => rows::first_values(session, table, &column.name, SAMPLE).await?,
        Rows::Chosen(rows) => {
            let first: BTreeSet<RowId> = rows.iter().take(SAMPLE).copied().collect();
            rows::values(session, table, &column.name, &first).await?
        }
    };
    let mut generated_ids = is_key(table, column) && classify::generated_ids(&values);
    if let (true, Rows::Chosen(rows)) = (generated_ids, rows) {
        // A key crosses as it is, so every value counts, not only the sample.
        for chunk in chunks(rows) {
            generated_ids &=
                classify::generated_ids(&rows::values(session, table, &column.name, &chunk).await?);
        }
    }
    let looks = if column.is_array {
        elements(table, column, &values)
    } else {
        classify::column(&table.name.name, column, &values)
    };
    let seen = values.len() as u64;
    Ok(Evidence { looks, seen, generated_ids, paths: BTreeMap::new(), personal_keys: false })
}

/// In the primary key or a foreign key.
pub fn is_key(table: &Table, column: &Column) -> bool {
    column.in_key || table.primary_key.contains(&column.name)
}

fn elements(table: &Table, column: &Column, arrays: &[String]) -> Looks {
    let mut values = Vec::new();
    for array in arrays {
        let seen = super::mask::array::rewrite(array, &mut |element| {
            values.push(element.to_owned());
            Ok(None)
        });
        if seen.is_err() {
            return Looks::FreeText;
        }
    }
    classify::column(&table.name.name, column, &values)
}

async fn json(session: &Session, table: &Table, column: &Column, rows: &Rows) -> Result<Evidence> {
    let mut found = Found::default();
    match rows {
        // A path that no document of the first ones has is met, and refused, while it is copied.
        Rows::All => found.read(&rows::first_values(session, table, &column.name, DOCUMENTS).await?),
        Rows::Chosen(rows) => {
            for chunk in chunks(rows) {
                found.read(&rows::values(session, table, &column.name, &chunk).await?);
            }
        }
    }
    let paths = found
        .leaves
        .into_iter()
        .map(|(path, (shown, key, values, kind))| {
            let looks = kind.unwrap_or_else(|| classify::text(&key, &values));
            (path, Leaf { seen: values.len() as u64, shown, looks })
        })
        .collect();
    Ok(Evidence {
        looks: Looks::FreeText,
        seen: 0,
        generated_ids: false,
        paths,
        personal_keys: found.personal_keys,
    })
}

fn chunks(rows: &BTreeSet<RowId>) -> impl Iterator<Item = BTreeSet<RowId>> {
    let rows: Vec<RowId> = rows.iter().copied().collect();
    let chunks: Vec<BTreeSet<RowId>> =
        rows.chunks(CHUNK).map(|chunk| chunk.iter().copied().collect()).collect();
    chunks.into_iter()
}

#[derive(Default)]
struct Found {
    /// By path: as shown, the key above, text values, and what other values there are.
    leaves: BTreeMap<String, (String, String, Vec<String>, Option<Looks>)>,
    personal_keys: bool,
}

impl Found {
    fn read(&mut self, documents: &[String]) {
        for text in documents {
            // The server has checked it; numbers beyond f64 do not matter here.
            if let Ok(value) = serde_json::from_str::<Value>(text) {
                self.walk("", "", "", &value);
            }
        }
    }

    /// Names paths as `mask::json` does.
    fn walk(&mut self, path: &str, shown: &str, key: &str, value: &Value) {
        match value {
            Value::Object(object) => {
                for (key, value) in object {
                    self.personal_keys |= classify::personal_key(key);
                    self.walk(&below(path, key), &below(shown, shown_key(key)), key, value);
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.walk(&format!("{path}[]"), &format!("{shown}[]"), key, item);
                }
            }
            leaf => {
                let whole = |path: &str| if path.is_empty() { ".".to_owned() } else { path.to_owned() };
                let entry = self
                    .leaves
                    .entry(whole(path))
                    .or_insert_with(|| (whole(shown), key.to_owned(), Vec::new(), Some(Looks::Flag)));
                match leaf {
                    Value::String(text) => {
                        entry.3 = None;
                        if entry.2.len() < PER_PATH {
                            entry.2.push(text.clone());
                        }
                    }
                    Value::Number(_) if entry.3 == Some(Looks::Flag) => entry.3 = Some(Looks::Number),
                    _ => {}
                }
            }
        }
    }
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// A key as it may be shown: one that reads like a word of a program. Others may be data.
fn shown_key(key: &str) -> &str {
    let word = key.len() <= 40
        && key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '$')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$' | ':'))
        && key.chars().filter(char::is_ascii_digit).count() <= 4;
    if word { key } else { "*" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_data_are_seen_and_never_shown() {
        let mut found = Found::default();
        let value = serde_json::json!({"by": {"jane@mail.example": {"score": 1}}, "items": [{"a": "x"}, 3]});
        found.walk("", "", "", &value);
        let shown: Vec<&str> = found.leaves.values().map(|leaf| leaf.0.as_str()).collect();
        assert_eq!(shown, ["by.*.score", "items[]", "items[].a"]);
        assert!(found.personal_keys);
    }

    #[test]
    fn paths_are_those_that_masks_see() {
        let value = serde_json::json!([{"a": [[1]], "b": {"c": "x", "d": null}}, "y"]);
        let mut found = Found::default();
        found.walk("", "", "", &value);
        let mut masked = BTreeSet::new();
        crate::data::mask::json::rewrite(&value.to_string(), &mut |path, _| {
            masked.insert(path.to_owned());
            Ok(crate::data::mask::json::Replacement::Keep)
        })
        .unwrap();
        assert_eq!(found.leaves.keys().cloned().collect::<BTreeSet<_>>(), masked);
    }
}
