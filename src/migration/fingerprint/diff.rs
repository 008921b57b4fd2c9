//! What differs between two fingerprints, named object by object. Pure.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::data::{DataPrint, TablePrint};
use super::rows::RowCounts;
use super::schema::SchemaPrint;

/// An object that is not the same in two schemas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub kind: String,
    pub identity: String,
    /// Its definition before; absent: it was not there.
    pub before: Option<String>,
    /// Its definition after; absent: it is gone.
    pub after: Option<String>,
    /// True where it is worth a note and no failure: columns in another order.
    pub note_only: bool,
}

impl Difference {
    /// One line for a person.
    pub fn line(&self) -> String {
        let name = format!("{} {}", self.kind, self.identity);
        match (&self.before, &self.after) {
            (None, Some(after)) => format!("{name} was not there before: {}", short(after)),
            (Some(before), None) => format!("{name} is gone: {}", short(before)),
            (Some(before), Some(after)) => {
                let (before, after) = changed_parts(before, after);
                format!("{name} differs: before `{before}`, now `{after}`")
            }
            (None, None) => name,
        }
    }
}

fn short(text: &str) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match flat.char_indices().nth(160) {
        Some((end, _)) => format!("{}…", &flat[..end]),
        None => flat,
    }
}

/// Of two definitions, only the parts that the other does not have.
fn changed_parts(before: &str, after: &str) -> (String, String) {
    let (b, a): (Vec<&str>, Vec<&str>) = (before.split(" | ").collect(), after.split(" | ").collect());
    let only = |mine: &[&str], others: &[&str]| {
        short(&mine.iter().filter(|part| !others.contains(*part)).copied().collect::<Vec<_>>().join(" | "))
    };
    match (only(&b, &a), only(&a, &b)) {
        (x, y) if x.is_empty() && y.is_empty() => (short(before), short(after)),
        parts => parts,
    }
}

/// Objects that differ, by kind and name.
pub fn schema_differences(before: &SchemaPrint, after: &SchemaPrint) -> Vec<Difference> {
    let keys: BTreeSet<&(String, String)> = before.objects.keys().chain(after.objects.keys()).collect();
    let mut found: Vec<Difference> = keys
        .into_iter()
        .filter_map(|key| {
            let (b, a) = (before.objects.get(key), after.objects.get(key));
            (b != a).then(|| Difference {
                kind: key.0.clone(),
                identity: key.1.clone(),
                before: b.map(ToString::to_string),
                after: a.map(ToString::to_string),
                note_only: key.0 == "column order" && same_columns(b, a),
            })
        })
        .collect();
    // The list of columns only repeats what the columns themselves say, unless it is the order alone.
    found.retain(|d| d.kind != "column order" || d.note_only);
    found
}

fn same_columns(before: Option<&Arc<str>>, after: Option<&Arc<str>>) -> bool {
    let sorted = |text: &Arc<str>| {
        let mut columns: Vec<String> = text.split(", ").map(str::to_owned).collect();
        columns.sort();
        columns
    };
    matches!((before, after), (Some(b), Some(a)) if sorted(b) == sorted(a))
}

/// A table, or a column of it, whose rows are not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDifference {
    pub table: String,
    /// Columns whose values differ; empty: whole rows.
    pub columns: Vec<String>,
    pub rows_before: i64,
    pub rows_after: i64,
    /// How many rows differ, where they could be told apart by key.
    pub rows_different: Option<RowCounts>,
}

impl DataDifference {
    /// One line for a person.
    pub fn line(&self) -> String {
        let rows = if self.rows_before == self.rows_after {
            format!("{} rows", self.rows_after)
        } else {
            format!("{} rows before, {} now", self.rows_before, self.rows_after)
        };
        let different = self.rows_different.as_ref().map_or_else(String::new, |counts| {
            let keys = if counts.keys.is_empty() {
                String::new()
            } else {
                format!(
                    " (keys {}{})",
                    counts.keys.join(", "),
                    if counts.total() > counts.keys.len() as u64 { " …" } else { "" }
                )
            };
            format!(", {} of them differ{keys}", counts.total())
        });
        // Where rows came or went, every column's sum differs.
        if self.columns.is_empty() || self.rows_before != self.rows_after {
            format!("{}: {rows}{different}", self.table)
        } else {
            format!("{} ({}): {rows}{different}", self.table, self.columns.join(", "))
        }
    }
}

/// Tables that differ. A table or column that only one side has is the schema's difference,
/// but a table that is gone with its rows is named here too.
pub fn data_differences(before: &DataPrint, after: &DataPrint) -> Vec<DataDifference> {
    let empty = TablePrint::default();
    let names: BTreeSet<&String> = before.tables.keys().chain(after.tables.keys()).collect();
    names
        .into_iter()
        .filter_map(|name| {
            let b = before.tables.get(name).unwrap_or(&empty);
            let a = after.tables.get(name).unwrap_or(&empty);
            let columns: Vec<String> = b
                .columns
                .iter()
                .filter(|(column, sum)| a.columns.get(*column).is_some_and(|other| other != *sum))
                .map(|(column, _)| column.clone())
                .collect();
            let same_shape = b.columns.keys().eq(a.columns.keys());
            let differs = b.rows != a.rows || !columns.is_empty() || (same_shape && a.whole != b.whole);
            differs.then(|| DataDifference {
                table: name.clone(),
                columns,
                rows_before: b.rows,
                rows_after: a.rows,
                rows_different: None,
            })
        })
        .collect()
}

/// A sequence that does not stand where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    pub sequence: String,
    pub before: String,
    pub after: String,
    /// True where rows went into its table meanwhile: that alone moves it, and nothing moves it back.
    pub by_rows: bool,
}

impl Drift {
    /// One line for a person.
    pub fn line(&self) -> String {
        format!("sequence {} stood at {} and now at {}", self.sequence, self.before, self.after)
    }
}

/// Sequences that both sides have and that stand elsewhere.
pub fn sequence_drifts(before: &DataPrint, after: &DataPrint) -> Vec<Drift> {
    let moved = |name: &String| match (before.tables.get(name), after.tables.get(name)) {
        (Some(b), Some(a)) => !a.mark.is_still(&b.mark, before.home != after.home),
        _ => true,
    };
    let pairs = before.sequences.iter().filter_map(|(name, b)| Some((name, b, after.sequences.get(name)?)));
    pairs
        .filter(|(_, b, a)| !a.is_at(b))
        .map(|(name, b, a)| {
            let filled = match &a.table {
                Some(table) => moved(table),
                None => after.tables.keys().any(moved),
            };
            let forward = a.called && a.last >= b.last;
            Drift { sequence: name.clone(), before: b.line(), after: a.line(), by_rows: forward && filled }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration::fingerprint::sequences::Position;

    fn schema(objects: &[(&str, &str, &str)]) -> SchemaPrint {
        SchemaPrint {
            objects: objects.iter().map(|(k, i, d)| (((*k).into(), (*i).into()), (*d).into())).collect(),
        }
    }

    #[test]
    fn a_difference_names_the_object_and_only_what_changed() {
        let before = schema(&[("column", "t.c", "integer | not null | default 1")]);
        let after = schema(&[("column", "t.c", "integer | not null"), ("index", "i", "CREATE INDEX i")]);
        let lines: Vec<String> = schema_differences(&before, &after).iter().map(Difference::line).collect();
        assert_eq!(
            lines,
            [
                "column t.c differs: before `default 1`, now ``",
                "index i was not there before: CREATE INDEX i"
            ]
        );
    }

    #[test]
    fn columns_in_another_order_are_a_note() {
        let before = schema(&[("column order", "t", "a, b")]);
        let after = schema(&[("column order", "t", "b, a")]);
        assert!(schema_differences(&before, &after)[0].note_only);
        assert!(schema_differences(&before, &schema(&[("column order", "t", "a")])).is_empty());
    }

    #[test]
    fn a_lost_value_names_its_column_and_a_lost_table_its_rows() {
        let table = |rows, sum: &str| TablePrint {
            rows,
            columns: [("a".to_owned(), sum.to_owned())].into(),
            whole: sum.into(),
            ..TablePrint::default()
        };
        let print = |t: Option<TablePrint>| DataPrint {
            tables: t.map(|t| ("t".to_owned(), t)).into_iter().collect(),
            ..DataPrint::default()
        };
        let before = print(Some(table(2, "x")));
        assert!(data_differences(&before, &before).is_empty());
        assert_eq!(data_differences(&before, &print(Some(table(2, "y"))))[0].columns, ["a"]);
        assert_eq!(data_differences(&before, &print(None))[0].rows_before, 2);
    }

    #[test]
    fn a_sequence_that_moved_without_rows_was_set_by_hand() {
        let at = |last, table: Option<&str>| Position { last, called: true, table: table.map(str::to_owned) };
        let print = |last| DataPrint {
            tables: [("t".to_owned(), TablePrint::default())].into(),
            sequences: [("t_id_seq".to_owned(), at(last, Some("t")))].into(),
            ..DataPrint::default()
        };
        assert!(sequence_drifts(&print(4), &print(4)).is_empty());
        assert!(!sequence_drifts(&print(4), &print(90))[0].by_rows);
        let gone = DataPrint { tables: [].into(), ..print(90) };
        assert!(sequence_drifts(&print(4), &gone)[0].by_rows);
        assert!(!sequence_drifts(&gone, &print(4))[0].by_rows, "nothing but a hand sets it back");
    }
}
