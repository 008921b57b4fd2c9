//! Proof before the swap: the new database holds what was read, and nothing has changed, gone or come on
//! the way. Each check can fail, and one that does stops the swap.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::checksum::{Checksum, untouched};
use super::model::{Column, TableName};
use super::prepare::Prepared;
use super::quiet::quiet;
use super::transfer::Transferred;
use crate::failure::Failure;
use crate::model::quote_identifier;
use crate::postgres::Session;
use crate::report::copy::IntegrityCheck;

const SEQUENCES: &str = include_str!("sql/sequences.sql");
const OBJECTS: &str = include_str!("sql/objects_of_schema.sql");
const UNPROVEN: &str = "SELECT conrelid::regclass::text, conname::text FROM pg_constraint
    WHERE NOT convalidated AND contype IN ('f', 'c') ORDER BY 1, 2";
const VALID: &str =
    "SELECT count(*) FROM pg_constraint WHERE convalidated AND contype = 'f' AND conparentid = 0";
/// Differences that an error names; the rest is counted.
const NAMED: usize = 5;

/// Proves that the schema is production's, that every key holds and every sequence is ahead of its rows.
/// Returns the constraints that production itself does not keep.
///
/// # Errors
/// `failed`, with what differs by name.
pub async fn schema(
    production: &Session,
    target: &Session,
    schemas: &[String],
    check: &mut IntegrityCheck,
) -> Result<Vec<String>> {
    let (theirs, ours) = (objects(production, schemas).await?, objects(target, schemas).await?);
    let missing = theirs.difference(&ours).map(|object| format!("{} {} is missing", object.0, object.1));
    let more =
        ours.difference(&theirs).map(|object| format!("{} {} is not production's", object.0, object.1));
    refuse(&missing.chain(more).collect::<Vec<_>>())?;
    check.objects = ours.len() as u64;

    let mut left = Vec::new();
    for row in target.query(UNPROVEN, &[]).await.map_err(quiet("list the constraints"))? {
        let (table, name): (String, String) = (row.get(0), row.get(1));
        let statement = format!("ALTER TABLE {table} VALIDATE CONSTRAINT {}", quote_identifier(&name));
        if target.batch_execute(&statement).await.is_err() {
            left.push(format!("{table}.{name}"));
        }
    }
    let valid = target.query_one(VALID, &[]).await.map_err(quiet("count the keys"))?;
    check.foreign_keys = valid.get::<_, i64>(0) as u64;
    check.sequences = sequences(target).await?;
    Ok(left)
}

/// What the workers read of a table.
#[derive(Debug, Clone, Default)]
pub struct Read {
    pub rows: u64,
    /// The columns that cross as they are, and their sum; none where the stream gave no comparable bytes.
    pub untouched: Option<(Vec<String>, Checksum)>,
}

/// What each table must hold at least: the rows that were chosen, of most of them none.
pub fn expected(prepared: &Prepared) -> BTreeMap<TableName, Read> {
    let chosen =
        |name: &TableName| prepared.subset.get(name).map_or(Some(0), |selection| selection.rows.len());
    let read = |name: &TableName| Read { rows: chosen(name).unwrap_or(0), untouched: None };
    prepared.catalog.tables.iter().map(|table| (table.name.clone(), read(&table.name))).collect()
}

/// Notes what was read of a table. Where rows were chosen, as many must have been read.
pub fn was_read(
    read: &mut BTreeMap<TableName, Read>,
    prepared: &Prepared,
    name: &TableName,
    done: &Transferred,
) {
    let entry = read.entry(name.clone()).or_default();
    entry.rows = entry.rows.max(done.rows);
    let rule = |column: &Column| prepared.rules.get(&(name.clone(), column.name.clone()));
    let emptied = |column: &Column| {
        prepared.subset.get(name).is_some_and(|selection| selection.emptied.contains(&column.name))
    };
    entry.untouched = done.sum.zip(prepared.catalog.table(name)).map(|(sum, table)| {
        let columns = untouched(table, rule).filter(|column| !emptied(column));
        (columns.map(|column| column.name.clone()).collect(), sum)
    });
}

/// The columns to add up when the new database is read back.
pub fn columns(read: &BTreeMap<TableName, Read>) -> BTreeMap<TableName, Vec<String>> {
    let columns =
        |read: &Read| read.untouched.as_ref().map(|(columns, _)| columns.clone()).unwrap_or_default();
    read.iter().map(|(table, read)| (table.clone(), columns(read))).collect()
}

/// Proves that each table holds the rows that were read, with every column that crossed as it is unchanged.
///
/// # Errors
/// `failed`, with the tables that differ.
pub fn rows(
    read: &BTreeMap<TableName, Read>,
    arrived: &BTreeMap<TableName, Checksum>,
    check: &mut IntegrityCheck,
) -> Result<()> {
    let mut wrong = Vec::new();
    for (table, read) in read {
        let arrived = arrived.get(table).copied().unwrap_or_default();
        check.tables += 1;
        check.rows += arrived.rows;
        if arrived.rows != read.rows {
            wrong.push(format!("{table} holds {} rows, and {} were read", arrived.rows, read.rows));
            continue;
        }
        let Some((columns, sum)) = &read.untouched else { continue };
        check.columns += columns.len() as u64;
        if arrived != *sum {
            wrong.push(format!(
                "{table} holds other values than were read, in columns that cross as they are"
            ));
        }
    }
    refuse(&wrong)
}

fn refuse(differences: &[String]) -> Result<()> {
    if differences.is_empty() {
        return Ok(());
    }
    let more = differences.len().saturating_sub(NAMED);
    let mut named = differences[..differences.len() - more].join("; ");
    if more > 0 {
        named.push_str(&format!("; and {more} more"));
    }
    Err(Failure::failed(format!("the new database is not what was read: {named}"))
        .hint("staging is unchanged; look for what writes while the copy runs: triggers, functions in views")
        .into())
}

async fn objects(session: &Session, schemas: &[String]) -> Result<BTreeSet<(String, String)>> {
    let rows = session.query(OBJECTS, &[&schemas]).await.map_err(quiet("list the objects of the schema"))?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// How many sequences feed a column; all are ahead of it.
async fn sequences(target: &Session) -> Result<u64> {
    let (mut feeding, mut behind) = (0, Vec::new());
    for row in target.query(SEQUENCES, &[]).await.map_err(quiet("list the sequences"))? {
        let (schema, name, step): (String, String, i64) = (row.get(0), row.get(1), row.get(2));
        let (table, column): (Option<String>, Option<String>) = (row.get(3), row.get(4));
        let Some((table, column)) = table.zip(column) else { continue };
        let sequence = format!("{}.{}", quote_identifier(&schema), quote_identifier(&name));
        let (end, column) = (if step < 0 { "min" } else { "max" }, quote_identifier(&column));
        // Not called yet: the next value is the one that stands there.
        let statement = format!(
            "SELECT coalesce(CASE WHEN s.is_called THEN ahead >= 0 ELSE ahead > 0 END, true) FROM {sequence} s,
             (SELECT {end}({column})::numeric AS reached FROM {table}) r, LATERAL (SELECT (s.last_value - reached) * sign({step})) l (ahead)"
        );
        let row =
            target.query_one(&statement, &[]).await.map_err(quiet(format!("read sequence {sequence}")))?;
        feeding += 1;
        if !row.get::<_, bool>(0) {
            behind.push(format!("sequence {schema}.{name} is behind its rows"));
        }
    }
    refuse(&behind)?;
    Ok(feeding)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str) -> TableName {
        TableName { schema: "public".into(), name: name.into() }
    }

    fn sum(values: &[&str]) -> Checksum {
        let mut sum = Checksum::default();
        for value in values {
            sum.row([Some(value.as_bytes())]);
        }
        sum
    }

    #[test]
    fn lost_rows_and_changed_values_are_named_by_table() {
        let of = |values: &[&str]| Read {
            rows: values.len() as u64,
            untouched: Some((vec!["c".into()], sum(values))),
        };
        let read = BTreeMap::from([
            (table("a"), of(&["1", "2"])),
            (table("b"), of(&["1"])),
            (table("c"), of(&[])),
            (table("d"), Read { rows: 1, untouched: None }),
        ]);
        let mut arrived: BTreeMap<TableName, Checksum> = read
            .iter()
            .filter_map(|(name, read)| Some((name.clone(), read.untouched.clone()?.1)))
            .chain([(table("d"), sum(&["whatever"]))])
            .collect();
        let mut check = IntegrityCheck::default();
        rows(&read, &arrived, &mut check).unwrap();
        assert_eq!((check.tables, check.rows, check.columns), (4, 4, 3));
        arrived.insert(table("a"), sum(&["1", "3"]));
        arrived.remove(&table("b"));
        arrived.insert(table("c"), sum(&["9"]));
        let error = rows(&read, &arrived, &mut check).unwrap_err().to_string();
        assert!(
            error.contains("a holds other values") && error.contains("b holds 0 rows, and 1 were read"),
            "{error}"
        );
        assert!(error.contains("c holds 1 rows, and 0 were read"), "{error}");
    }

    #[test]
    fn a_long_list_is_cut() {
        let many: Vec<String> = (0..9).map(|i| format!("table t{i} is missing")).collect();
        let error = refuse(&many).unwrap_err().to_string();
        assert!(error.contains("t4 is missing; and 4 more") && !error.contains("t5"), "{error}");
    }
}
