//! Logic: up applies, converts what it should and nothing else, and the user's assertions hold.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};

use super::UP_STOPPED;
use crate::config::migration::Conversion;
use crate::migration::lab::{Lab, Migrated};
use crate::migration::tables::Table;
use crate::migration::verdict::{Category, Check};
use crate::model::quote_identifier;
use crate::postgres::{Session, explain};
use crate::report::CheckResult;
use crate::report::migration::{ConversionSummary, MigrationBody, StatementRun};

fn check(number: u32, title: &str, expected: &str, remedy: &str) -> Check {
    Check::new(Category::Logic, number, title, expected, remedy)
}

pub async fn run(lab: &mut Lab, body: &mut MigrationBody) -> Result<Vec<CheckResult>> {
    let started = check(
        1,
        "up applies",
        "every statement of up runs as the application's role",
        "correct the statement that is named, then run the test again",
    )
    .blocker();
    let migrated = lab.migrated().await?;
    body.statements = statements(&migrated);
    let (count, ms): (usize, f64) =
        migrated.ups.iter().fold((0, 0.0), |(n, ms), up| (n + up.statements.len(), ms + up.ms));
    let slowest = slowest(&migrated);
    if let Some(stopped) = migrated.stopped() {
        let conversions = check(2, "conversions", "each value is converted", "").skip(UP_STOPPED);
        let result =
            started.evidence([stopped.line()]).fail(format!("{} ({})", stopped.place, stopped.message));
        return Ok(vec![result, conversions]);
    }
    let mut results = vec![started.evidence(slowest).pass(format!("{count} statements in {ms:.0} ms"))];
    results.extend(conversions(lab, &migrated, body).await?);
    results.extend(empty_updates(&migrated, lab).await?);
    results.extend(assertions(lab, &migrated).await?);
    Ok(results)
}

fn statements(migrated: &Migrated) -> Vec<StatementRun> {
    migrated
        .ups
        .iter()
        .flat_map(|up| &up.statements)
        .map(|run| StatementRun {
            place: run.place.clone(),
            statement: run.statement.clone(),
            ms: run.ms,
            rows: run.rows,
            locks: run.locks.iter().map(crate::migration::locks::LockTaken::line).collect(),
            rewrites: run.rewrites.clone(),
            wal_bytes: run.wal_bytes,
        })
        .collect()
}

fn slowest(migrated: &Migrated) -> Vec<String> {
    let mut runs: Vec<_> = migrated.ups.iter().flat_map(|up| &up.statements).collect();
    runs.sort_by(|a, b| b.ms.total_cmp(&a.ms));
    runs.iter().take(3).map(|run| format!("{} took {:.1} ms: {}", run.place, run.ms, run.statement)).collect()
}

/// An UPDATE that touches no row under row security looks like a success and is none.
async fn empty_updates(migrated: &Migrated, lab: &Lab) -> Result<Vec<CheckResult>> {
    let session = lab.clones.as_admin(&lab.base).await?;
    let secured: Vec<String> = session
        .query("SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p') AND relrowsecurity", &[])
        .await?
        .iter()
        .map(|row| row.get(0))
        .collect();
    let check = check(
        4,
        "no update is hidden by row security",
        "UPDATE and DELETE on a table with row security touch rows",
        "run the migration as the role that owns the table and is not bound by its policies",
    );
    let empty: Vec<String> = migrated
        .ups
        .iter()
        .flat_map(|up| &up.statements)
        .filter(|run| {
            let words: Vec<&str> = run
                .statement
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .filter(|w| !w.is_empty())
                .collect();
            let writes = |word: &&str| ["update", "delete"].contains(&word.to_lowercase().as_str());
            // With WITH, the write comes later.
            let is_write = words.first().is_some_and(|first| {
                writes(first) || first.eq_ignore_ascii_case("with") && words.iter().any(writes)
            });
            run.rows == 0 && is_write && secured.iter().any(|table| words.contains(&table.as_str()))
        })
        .map(|run| format!("{} touched no row: {}", run.place, run.statement))
        .collect();
    if secured.is_empty() {
        return Ok(vec![check.pass("no table has row security")]);
    }
    let found = format!("{} statements touched no row", empty.len());
    Ok(vec![if empty.is_empty() { check.pass(found) } else { check.evidence(empty).warn(found) }])
}

async fn conversions(lab: &Lab, migrated: &Migrated, body: &mut MigrationBody) -> Result<Vec<CheckResult>> {
    let all = &lab.inputs.config.conversions;
    let whole = check(
        2,
        "conversions",
        "none of the old values is left, none of their rows is lost, the counts are equal",
        "convert every row of the old value in the up, and touch no other",
    )
    .blocker();
    let others = check(
        3,
        "other values",
        "rows that are not to be converted keep their values",
        "narrow the statement of the up that changes them",
    );
    if all.is_empty() {
        return Ok(vec![
            whole.skip("`migration.conversions` is empty"),
            others.skip("`migration.conversions` is empty"),
        ]);
    }
    let (before, after) =
        (lab.clones.as_admin(&lab.base).await?, lab.clones.as_admin(&migrated.clone).await?);
    let (mut wrong, mut changed, mut summaries) = (Vec::new(), Vec::new(), Vec::new());
    for conversion in all {
        let Some(table) = lab.tables.iter().find(|t| t.is_called(&conversion.table)) else { continue };
        match compare(&before, &after, table, conversion, all).await? {
            Ok((summary, others)) => {
                wrong.extend(problems(&summary));
                changed.extend(others);
                summaries.push(summary);
            }
            Err(gone) => wrong.push(gone),
        }
    }
    let lines: Vec<String> = summaries.iter().map(line).collect();
    let total: u64 = summaries.iter().map(|s| s.from_before).sum();
    body.conversions = summaries;
    changed.sort();
    changed.dedup();
    let whole = if !wrong.is_empty() {
        let found = wrong.join("; ");
        whole.evidence(lines).fail(found)
    } else if total == 0 {
        whole.evidence(lines).warn("staging holds no row with an old value: nothing was proven")
    } else {
        whole.evidence(lines).pass(format!("{total} rows converted"))
    };
    Ok(vec![whole, others.none_of(changed, "unchanged", "values that changed")])
}

fn line(s: &ConversionSummary) -> String {
    format!(
        "{}.{}: {} {} → {}, {} {} → {}",
        s.table, s.column, s.from, s.from_before, s.from_after, s.to, s.to_before, s.to_after
    )
}

fn problems(s: &ConversionSummary) -> Vec<String> {
    let place = format!("{}.{}", s.table, s.column);
    let mut found = Vec::new();
    if s.from_after > 0 {
        found.push(format!("{place}: {} rows still hold {}", s.from_after, s.from));
    }
    if s.lost > 0 {
        found.push(format!(
            "{place}: {} rows of {} are gone or hold something else than {}",
            s.lost, s.from, s.to
        ));
    }
    found
}

type Compared = (ConversionSummary, Vec<String>);

/// Follows every row by its key through one conversion.
async fn compare(
    before: &Session,
    after: &Session,
    table: &Table,
    conversion: &Conversion,
    all: &[Conversion],
) -> Result<Result<Compared, String>> {
    let old = values(before, table, &conversion.column).await.context("read the values before")?;
    let new = match values(after, table, &conversion.column).await {
        Ok(new) => new,
        Err(error) => {
            return Ok(Err(format!(
                "{}.{} cannot be read after up: {}",
                table.quoted,
                conversion.column,
                explain(&error)
            )));
        }
    };
    let count = |map: &BTreeMap<String, Option<String>>, value: &str| {
        map.values().filter(|v| v.as_deref() == Some(value)).count() as u64
    };
    let from_rows: Vec<&String> =
        old.iter().filter(|(_, v)| v.as_deref() == Some(&conversion.from)).map(|(key, _)| key).collect();
    let lost = from_rows
        .iter()
        .filter(|key| {
            !new.get(**key).is_some_and(|v| {
                v.as_deref() == Some(&conversion.to) || v.as_deref() == Some(&conversion.from)
            })
        })
        .count() as u64;
    let converted: BTreeSet<&str> = all
        .iter()
        .filter(|c| table.is_called(&c.table) && c.column == conversion.column)
        .map(|c| c.from.as_str())
        .collect();
    let mut changes: BTreeMap<(String, String), u64> = BTreeMap::new();
    for (key, value) in &old {
        if value.as_deref().is_some_and(|v| converted.contains(v)) {
            continue;
        }
        if new.get(key) != Some(value) {
            let word = |v: Option<&Option<String>>| match v {
                None => "no row".to_owned(),
                Some(None) => "NULL".to_owned(),
                Some(Some(v)) => v.clone(),
            };
            *changes.entry((word(Some(value)), word(new.get(key)))).or_default() += 1;
        }
    }
    let others = changes
        .into_iter()
        .map(|((from, to), n)| {
            format!("{}.{}: {n} rows went from {from} to {to}", table.quoted, conversion.column)
        })
        .collect();
    let summary = ConversionSummary {
        table: table.quoted.clone(),
        column: conversion.column.clone(),
        from: conversion.from.clone(),
        to: conversion.to.clone(),
        from_before: from_rows.len() as u64,
        to_before: count(&old, &conversion.to),
        from_after: count(&new, &conversion.from),
        to_after: count(&new, &conversion.to),
        lost,
    };
    Ok(Ok((summary, others)))
}

/// Key to value of a column, both as text. A table without a key is followed by its row's place.
async fn values(
    session: &Session,
    table: &Table,
    column: &str,
) -> Result<BTreeMap<String, Option<String>>, tokio_postgres::Error> {
    let key: Vec<String> = table.key().into_iter().map(quote_identifier).collect();
    let key = if key.is_empty() {
        "row_number() OVER (ORDER BY ctid)::text".to_owned()
    } else {
        format!("ROW({})::text", key.join(", "))
    };
    let sql = format!("SELECT {key}, {}::text FROM {}", quote_identifier(column), table.quoted);
    Ok(session.query(&sql, &[]).await?.iter().map(|row| (row.get(0), row.get(1))).collect())
}

async fn assertions(lab: &Lab, migrated: &Migrated) -> Result<Vec<CheckResult>> {
    let check = check(
        5,
        "assertions",
        "each assertion of `migration.assertions` returns no row after up",
        "run the query that is named on a kept clone (`--keep-clone`) to see its rows",
    );
    if lab.inputs.config.assertions.is_empty() {
        return Ok(vec![check.skip("`migration.assertions` is empty")]);
    }
    let session = lab.clones.as_user(&migrated.clone).await?;
    let mut broken = Vec::new();
    for assertion in &lab.inputs.config.assertions {
        session.batch_execute("BEGIN READ ONLY").await?;
        match session.query(&assertion.sql, &[]).await {
            Ok(rows) if rows.is_empty() => {}
            Ok(rows) => broken.push(format!(
                "{}: {} rows from `{}`",
                assertion.name,
                rows.len(),
                assertion.sql.trim()
            )),
            Err(error) => broken.push(format!("{}: {}", assertion.name, explain(&error))),
        }
        session.batch_execute("ROLLBACK").await?;
    }
    Ok(vec![check.none_of(
        broken,
        &format!("{} hold", lab.inputs.config.assertions.len()),
        "broken assertions",
    )])
}
