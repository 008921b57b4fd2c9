//! How long a migration takes in production: it runs on clones with a quarter, a half and all of the
//! rows, and each statement's time is followed to production's number of rows.

mod fit;
mod scale;

use std::collections::BTreeMap;

use anyhow::Result;

pub use self::fit::{Estimate, Growth, Point, estimate};
use crate::migration::lab::Lab;
use crate::migration::trace::{Change, Relation, Seen, Trace};
use crate::report::migration::StatementEstimate;

/// Runs per size for a migration that takes so many milliseconds. The first one warms the server up
/// and does not count, unless it is the only one.
const fn rounds(ms: f64) -> usize {
    if ms < 3_000.0 {
        4
    } else if ms < 30_000.0 {
        2
    } else {
        1
    }
}

/// The run in the middle of those that count.
fn middle(runs: &[Point]) -> Option<Point> {
    let mut counted = runs.get(usize::from(runs.len() > 1)..)?.to_vec();
    counted.sort_by(|a, b| a.ms.total_cmp(&b.ms));
    counted.get(counted.len() / 2).copied()
}

/// The table that a statement's time depends on: the largest of those that it read or wrote as a whole.
fn driver(seen: &Seen, trace: &Trace, rows: &BTreeMap<u32, i64>) -> Option<u32> {
    let works = |change: &Change| {
        matches!(
            change,
            Change::Rewritten | Change::Scanned { .. } | Change::Written { .. } | Change::IndexBuilt { .. }
        )
    };
    let own = |oid: u32| trace.before.get(&oid).map(|relation| relation.table.unwrap_or(oid));
    seen.changes
        .iter()
        .filter(|(_, change)| works(change))
        .filter_map(|(oid, _)| own(*oid))
        .filter(|oid| rows.get(oid).is_some_and(|count| *count > 0))
        .max_by_key(|oid| rows.get(oid).copied().unwrap_or_default())
}

/// Production's rows of a table, by its name or its qualified name.
fn there(table: &Relation, production: &BTreeMap<String, i64>) -> Option<i64> {
    let names = [table.name.clone(), format!("{}.{}", table.schema, table.name)];
    names.iter().find_map(|name| production.get(name)).copied()
}

/// The tables that the migration's time depends on.
fn driving<'a>(drivers: &[Option<u32>], whole: &'a Trace) -> Vec<&'a Relation> {
    let mut touched: Vec<&Relation> =
        drivers.iter().flatten().filter_map(|oid| whole.before.get(oid)).collect();
    touched.sort_by_key(|relation| relation.oid);
    touched.dedup_by_key(|relation| relation.oid);
    touched
}

/// True where a table that the migration's time depends on is larger in production: otherwise what
/// was measured is all that there is to say.
pub fn is_needed(whole: &Trace, rows: &BTreeMap<u32, i64>, production: &BTreeMap<String, i64>) -> bool {
    let drivers: Vec<Option<u32>> = whole.statements.iter().map(|seen| driver(seen, whole, rows)).collect();
    driving(&drivers, whole).iter().any(|table| {
        let here = rows.get(&table.oid).copied().unwrap_or_default();
        there(table, production).is_none_or(|there| there > here)
    })
}

/// Runs the migration at three sizes and follows each statement to `production`'s rows.
/// Returns what could be estimated and, a line each, what could not.
pub async fn run(
    lab: &Lab,
    whole: &Trace,
    rows: &BTreeMap<u32, i64>,
    production: &BTreeMap<String, i64>,
) -> Result<(Vec<StatementEstimate>, Vec<String>)> {
    let drivers: Vec<Option<u32>> = whole.statements.iter().map(|seen| driver(seen, whole, rows)).collect();
    let touched = driving(&drivers, whole);
    let total: f64 = whole.statements.iter().map(|seen| seen.ms).sum();
    let mut points: Vec<Vec<Point>> = vec![Vec::new(); whole.statements.len()];
    for quarters in [1, 2, 4] {
        let template = lab.clones.copy(&lab.base).await?;
        if quarters < 4 {
            scale::shrink(&lab.clones.as_admin(&template).await?, &touched, quarters).await?;
        }
        let mut runs: Vec<Vec<Point>> = vec![Vec::new(); whole.statements.len()];
        for _ in 0..rounds(total) {
            let clone = lab.clones.copy(&template).await?;
            let counts = scale::warm(&lab.clones.as_admin(&clone).await?, &touched).await?;
            let trace = lab.watched_up(&clone).await?.1;
            lab.clones.drop_clone(&clone).await?;
            for (index, seen) in whole.statements.iter().enumerate() {
                let same = trace
                    .statements
                    .get(index)
                    .filter(|other| other.text == seen.text && other.error.is_none());
                let at = drivers[index].and_then(|oid| touched.iter().position(|table| table.oid == oid));
                let (Some(same), Some(at)) = (same, at) else { continue };
                runs[index].push(Point { rows: counts[at] as f64, ms: same.ms });
            }
        }
        lab.clones.drop_clone(&template).await?;
        for (all, runs) in points.iter_mut().zip(runs) {
            all.extend(middle(&runs));
        }
    }
    Ok(collect(whole, &drivers, &points, production))
}

fn collect(
    whole: &Trace,
    drivers: &[Option<u32>],
    points: &[Vec<Point>],
    production: &BTreeMap<String, i64>,
) -> (Vec<StatementEstimate>, Vec<String>) {
    let (mut estimates, mut unknown) = (Vec::new(), Vec::new());
    for (index, seen) in whole.statements.iter().enumerate().filter(|(_, seen)| !seen.is_bookkeeping()) {
        let statement = crate::migration::statements::short(&seen.text);
        let Some(table) = drivers[index].and_then(|oid| whole.before.get(&oid)) else {
            continue;
        };
        let Some(there) = there(table, production) else {
            unknown.push(format!("{}: production's rows of {} are not known", seen.place, table.quoted()));
            continue;
        };
        let Some(found) = estimate(&points[index], there as f64) else {
            unknown.push(format!("{}: its time does not follow the rows: `{statement}`", seen.place));
            continue;
        };
        let here = points[index].last().copied().unwrap_or(Point { rows: 0.0, ms: seen.ms });
        estimates.push(StatementEstimate {
            place: seen.place.clone(),
            statement,
            table: table.quoted(),
            rows_here: here.rows as i64,
            rows_in_production: there,
            ms_here: here.ms,
            growth: found.growth.word().to_owned(),
            ms: found.ms,
            low_ms: found.low_ms,
            high_ms: found.high_ms,
            locked_ms: None,
        });
    }
    hold(whole, &mut estimates);
    (estimates, unknown)
}

/// A lock that keeps others out lasts as long as all that follows in its transaction.
fn hold(whole: &Trace, estimates: &mut [StatementEstimate]) {
    let expected: Vec<f64> = whole
        .statements
        .iter()
        .map(|seen| {
            let short = crate::migration::statements::short(&seen.text);
            estimates.iter().find(|e| e.place == seen.place && e.statement == short).map_or(seen.ms, |e| e.ms)
        })
        .collect();
    for estimate in estimates {
        let Some(at) = whole.statements.iter().position(|seen| {
            seen.place == estimate.place
                && crate::migration::statements::short(&seen.text) == estimate.statement
        }) else {
            continue;
        };
        let seen = &whole.statements[at];
        if seen.locks.iter().any(|lock| lock.mode.blocks_writes() && lock.kind != "index") {
            let same = |other: &&Seen| other.transaction == seen.transaction;
            let after = whole.statements[at..].iter().zip(&expected[at..]).filter(|(other, _)| same(other));
            estimate.locked_ms = Some(after.map(|(_, ms)| ms).sum());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_run_warms_up_and_one_that_was_disturbed_does_not_count() {
        let runs = |times: &[f64]| times.iter().map(|ms| Point { rows: 1.0, ms: *ms }).collect::<Vec<_>>();
        let ms = |times: &[f64]| middle(&runs(times)).map(|point| point.ms);
        assert_eq!(ms(&[900.0, 12.0, 70.0, 11.0]), Some(12.0));
        assert_eq!((ms(&[900.0, 12.0]), ms(&[900.0]), ms(&[])), (Some(12.0), Some(900.0), None));
    }
}
