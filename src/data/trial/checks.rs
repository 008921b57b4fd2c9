//! Whether masks keep what production demands of a row: types, lengths, NOT NULL, domains, CHECK. Rows that
//! would cross are masked, and the server judges the masks; they stand in no table.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde::Serialize;
use serde_json::{Map, Value};

use super::masked::{Masked, Sample, each};
use crate::config::masking::Strategy;
use crate::data::evidence::is_json;
use crate::data::mask::Masker;
use crate::data::model::{Catalog, Column, Subset, Table, TableName};
use crate::data::plan::Rules;
use crate::data::quiet::quiet;
use crate::model::quote_identifier;
use crate::postgres::Session;

const CHECKS: &str = include_str!("../sql/checks.sql");
/// Rows of each table that are tried, and how many of them the server judges at once.
const TRIED: usize = 2_000;
const BATCH: usize = 250;
/// What to do about a broken rule.
pub const REMEDY: &str = "use a strategy that keeps the format (`token`, `permutation`), `{constant: VALUE}` or `{sql: EXPRESSION}`";

/// A rule of production that masks would break.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    pub table: TableName,
    /// `the check age_is_sane`, `the type of birth_date`, `NOT NULL of name`.
    pub rule: String,
    /// The masked columns that it looks at.
    pub columns: Vec<String>,
    /// Rows that would break it, out of those tried.
    pub rows: u64,
    pub tried: u64,
}

struct Check {
    rule: String,
    holds: String,
    columns: Vec<String>,
}

/// Masks some rows of every table that has masked columns, and asks production's server whether it would
/// take them.
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
) -> Result<Vec<Violation>> {
    let schemas: Vec<&str> = subset.keys().map(|name| name.schema.as_str()).collect();
    let mut checks: BTreeMap<TableName, Vec<Check>> = BTreeMap::new();
    for row in session.query(CHECKS, &[&schemas]).await.map_err(quiet("read the checks"))? {
        let check = Check {
            rule: format!("the check {}", row.get::<_, String>(2)),
            holds: row.get(3),
            columns: row.get(4),
        };
        checks.entry(TableName { schema: row.get(0), name: row.get(1) }).or_default().push(check);
    }
    let mut found = Vec::new();
    for (name, selection) in subset {
        let Some(table) = catalog.table(name) else { continue };
        let rule = |column: &Column| {
            rules.get(&(name.clone(), column.name.clone())).filter(|rule| !matches!(rule, Strategy::Keep(_)))
        };
        let masked: Vec<&Column> =
            table.columns.iter().filter(|column| !column.generated && rule(column).is_some()).collect();
        if masked.is_empty() {
            continue;
        }
        let demands = demands(checks.remove(name).unwrap_or_default(), &masked);
        let seen = |column: &&Column| {
            rule(column).is_some() || demands.iter().any(|check| check.columns.contains(&column.name))
        };
        let columns: Vec<(&Column, Option<&Strategy>)> = table
            .columns
            .iter()
            .filter(|column| !column.generated)
            .filter(seen)
            .map(|column| (column, rule(column)))
            .collect();
        let sample = Sample { table, columns, condition: None, most: Some(TRIED) };
        let mut rows = Vec::new();
        let mut keep = |row| rows.push(record(&sample, row));
        each(session, masker, &sample, &selection.rows, &mut keep)
            .await
            .with_context(|| format!("try the masks of {name}"))?;
        let trial = Trial { session, table, masked: &masked, demands: &demands };
        match trial.judge(&rows).await? {
            Some(broken) => found.extend(broken),
            None => warnings.push(format!("{name}: its server would not try the masks against its checks")),
        }
    }
    Ok(found)
}

/// The checks that look at a masked column, and NOT NULL of the masked ones.
fn demands(checks: Vec<Check>, masked: &[&Column]) -> Vec<Check> {
    let concerned = |check: &Check| masked.iter().any(|column| check.columns.contains(&column.name));
    let filled = masked.iter().filter(|column| column.not_null).map(|column| Check {
        rule: format!("NOT NULL of {}", column.name),
        holds: format!("{} IS NOT NULL", quote_identifier(&column.name)),
        columns: vec![column.name.clone()],
    });
    checks.into_iter().filter(concerned).chain(filled).collect()
}

/// A row as the server makes records of: texts, that it reads as it reads literals; JSON is itself.
fn record(sample: &Sample<'_>, row: Masked) -> Map<String, Value> {
    let value = |column: &Column, text: Option<String>| match text {
        None => Value::Null,
        Some(text) if is_json(column) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        Some(text) => Value::String(text),
    };
    let cells = sample.columns.iter().zip(row.masks);
    cells.map(|((column, _), mask)| (column.name.clone(), value(column, mask))).collect()
}

struct Trial<'a> {
    session: &'a Session,
    table: &'a Table,
    masked: &'a [&'a Column],
    demands: &'a [Check],
}

impl Trial<'_> {
    /// What is broken; `None` where the server cannot say.
    async fn judge(&self, rows: &[Map<String, Value>]) -> Result<Option<Vec<Violation>>> {
        let mut broken: BTreeMap<(String, Vec<String>), u64> = BTreeMap::new();
        for batch in rows.chunks(BATCH) {
            match self.ask(batch, self.demands).await? {
                Ok(counts) => {
                    for (at, count) in counts {
                        // Without a demand, only whether the server reads the masks is asked.
                        let Some(check) = self.demands.get(at) else { continue };
                        let names = self.masked.iter().map(|column| &column.name);
                        let columns = names.filter(|name| check.columns.contains(name)).cloned().collect();
                        *broken.entry((check.rule.clone(), columns)).or_default() += count;
                    }
                }
                Err(code) if code.starts_with("22") || code.starts_with("23") => {
                    for column in self.masked {
                        let misfits = self.misfits(batch, column).await?;
                        if misfits > 0 {
                            let rule = format!("the type {} of {}", column.sql_type, column.name);
                            *broken.entry((rule, vec![column.name.clone()])).or_default() += misfits;
                        }
                    }
                }
                Err(_) => return Ok(None),
            }
        }
        let table = &self.table.name;
        let tried = rows.len() as u64;
        let violation =
            |((rule, columns), rows)| Violation { table: table.clone(), rule, columns, rows, tried };
        Ok(Some(broken.into_iter().map(violation).collect()))
    }

    /// Rows whose mask the column's type, with its length or domain, does not take.
    async fn misfits(&self, rows: &[Map<String, Value>], column: &Column) -> Result<u64> {
        let mut misfits = 0;
        for row in rows {
            let value = row.get(&column.name).cloned().unwrap_or(Value::Null);
            let alone = Map::from_iter([(column.name.clone(), value)]);
            misfits += u64::from(self.ask(&[alone], &[]).await?.is_err());
        }
        Ok(misfits)
    }

    /// How often each demand is broken, by its place; the server's code where a value cannot be read.
    async fn ask(
        &self,
        rows: &[Map<String, Value>],
        demands: &[Check],
    ) -> Result<Result<Vec<(usize, u64)>, String>> {
        let demands: Vec<String> =
            demands.iter().enumerate().map(|(at, check)| format!("({at}, ({}))", check.holds)).collect();
        let demands = if demands.is_empty() { "(0, false)".to_owned() } else { demands.join(", ") };
        let text = Value::Array(rows.iter().cloned().map(Value::Object).collect()).to_string();
        let statement = format!(
            "SELECT d.at, count(*) FROM json_populate_recordset(NULL::{}, $1::text::json) AS t
             CROSS JOIN LATERAL (VALUES {demands}) AS d (at, holds) WHERE NOT d.holds GROUP BY 1",
            self.table.name.sql()
        );
        // An error must not end the snapshot's transaction.
        let failed = quiet("try the masks");
        self.session.batch_execute("SAVEPOINT trial").await.map_err(&failed)?;
        let answer = self.session.query(&statement, &[&text]).await;
        self.session.batch_execute("ROLLBACK TO trial; RELEASE trial").await.map_err(&failed)?;
        match answer {
            Ok(rows) => Ok(Ok(rows
                .iter()
                .map(|row| {
                    (row.get::<_, i32>(0).unsigned_abs() as usize, row.get::<_, i64>(1).unsigned_abs())
                })
                .collect())),
            Err(error) => match error.code() {
                Some(code) => Ok(Err(code.code().to_owned())),
                None => Err(failed(error)),
            },
        }
    }
}
