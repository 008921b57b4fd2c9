//! Performance: named queries before and after, the locks that up takes and how long it holds
//! them, what it writes anew, how much log it makes.

use std::time::Instant;

use anyhow::{Context as _, Result};

use super::UP_STOPPED;
use crate::config::migration::NamedQuery;
use crate::migration::lab::{Lab, Migrated};
use crate::migration::verdict::{Category, Check};
use crate::model::quote_literal;
use crate::postgres::{Session, explain};
use crate::report::CheckResult;
use crate::report::migration::{MigrationBody, QueryTiming};

/// A table above this many rows should not be read as a whole or written anew lightly.
const LARGE: i64 = 10_000;
/// A query is slower when it lost more than this share …
const SLOWER_SHARE: f64 = 0.2;
/// … and more than this many milliseconds.
const SLOWER_MS: f64 = 5.0;

fn check(number: u32, title: &str, expected: &str, remedy: &str) -> Check {
    Check::new(Category::Performance, number, title, expected, remedy)
}

pub async fn run(lab: &mut Lab, body: &mut MigrationBody) -> Result<Vec<CheckResult>> {
    let migrated = lab.migrated().await?;
    if migrated.state.is_none() {
        let queries = check(1, "named queries", "no query is slower", "").error(UP_STOPPED);
        return Ok(vec![queries, super::rehearsal::stopped(lab, &migrated, body).await?]);
    }
    let mut results = queries(lab, &migrated, body).await?;
    results.push(locks(lab, &migrated));
    results.push(rewrites(lab, &migrated).await?);
    results.push(cost(lab, &migrated));
    results.extend(super::rehearsal::run(lab, &migrated, body).await?);
    Ok(results)
}

async fn queries(lab: &Lab, migrated: &Migrated, body: &mut MigrationBody) -> Result<Vec<CheckResult>> {
    let expected = format!(
        "after up, p95 of each named query is at most {} ms, and not more than 20 % and 5 ms above before",
        lab.inputs.query_ms
    );
    let speed = check(
        1,
        "named queries",
        &expected,
        "look at the plans in the report; add or restore an index in the up",
    );
    let scans = check(
        2,
        "sequential scans",
        "no query begins to read a table of more than 10,000 rows as a whole",
        "add or restore the index that the plan used before",
    );
    if lab.inputs.queries.is_empty() {
        let why = "`migration.queries` and `validation.queries` are empty";
        return Ok(vec![speed.skip(why), scans.skip(why)]);
    }
    // Fresh statistics on both sides: a plan must not differ because one side has none.
    for clone in [&lab.base, &migrated.clone] {
        lab.clones.as_admin(clone).await?.batch_execute("ANALYZE").await.context("analyse the clone")?;
    }
    let (before, after) = (lab.clones.as_user(&lab.base).await?, lab.clones.as_user(&migrated.clone).await?);
    let large = large_tables(&lab.clones.as_admin(&migrated.clone).await?).await?;
    for session in [&before, &after] {
        session.batch_execute("SET default_transaction_read_only = on").await?;
    }
    let (mut slow, mut new_scans, mut errors, mut lines) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for query in &lab.inputs.queries {
        if let Err(error) = before.simple_query(&query.sql).await {
            errors.push(format!("{} does not run before up: {}", query.name, explain(&error)));
            continue;
        }
        if let Err(error) = after.simple_query(&query.sql).await {
            slow.push(format!("{} does not run after up: {}", query.name, explain(&error)));
            continue;
        }
        let timing = time(&before, &after, query, lab.inputs.config.query_runs).await?;
        slow.extend(verdict(&timing, lab.inputs.query_ms));
        let (old, new) = (scans_in(&timing.plan_before), scans_in(&timing.plan_after));
        new_scans.extend(
            new.into_iter()
                .filter(|table| !old.contains(table) && large.contains(table))
                .map(|table| format!("{} now reads {table} as a whole", query.name)),
        );
        lines.push(format!(
            "{}: p50 {:.2} → {:.2} ms, p95 {:.2} → {:.2} ms",
            timing.name, timing.p50_before_ms, timing.p50_after_ms, timing.p95_before_ms, timing.p95_after_ms
        ));
        body.queries.push(timing);
    }
    if slow.is_empty() && !errors.is_empty() {
        let found = errors.join("; ");
        return Ok(vec![speed.error(found), scans.skip("a named query does not run")]);
    }
    let good = format!("{} queries", lines.len());
    let speed = if slow.is_empty() {
        speed.evidence(lines).pass(good.clone())
    } else {
        let found = slow.join("; ");
        speed.evidence(slow).evidence(lines).fail(found)
    };
    Ok(vec![speed, scans.none_of(new_scans, &good, "new sequential scans")])
}

/// Runs the query on both sides in turn, so that a busy moment hits both.
async fn time(before: &Session, after: &Session, query: &NamedQuery, runs: u32) -> Result<QueryTiming> {
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for _ in 0..runs.max(1) {
        for (session, times) in [(before, &mut old), (after, &mut new)] {
            let start = Instant::now();
            session.simple_query(&query.sql).await.with_context(|| format!("run {}", query.name))?;
            times.push(start.elapsed().as_secs_f64() * 1000.0);
        }
    }
    Ok(QueryTiming {
        name: query.name.clone(),
        p50_before_ms: percentile(&mut old, 0.5),
        p95_before_ms: percentile(&mut old, 0.95),
        p50_after_ms: percentile(&mut new, 0.5),
        p95_after_ms: percentile(&mut new, 0.95),
        plan_before: plan(before, query).await?,
        plan_after: plan(after, query).await?,
    })
}

fn verdict(timing: &QueryTiming, limit_ms: u64) -> Option<String> {
    let (old, new) = (timing.p95_before_ms, timing.p95_after_ms);
    // The median too: one slow run among twenty is the machine's doing.
    let slower = |old: f64, new: f64| new > old * (1.0 + SLOWER_SHARE) && new - old > SLOWER_MS;
    if new > limit_ms as f64 {
        Some(format!("{} takes {new:.1} ms (p95), more than {limit_ms} ms; before {old:.1} ms", timing.name))
    } else if slower(old, new) && slower(timing.p50_before_ms, timing.p50_after_ms) {
        Some(format!("{} takes {new:.1} ms (p95), before {old:.1} ms", timing.name))
    } else {
        None
    }
}

/// The value that `share` of the times do not exceed.
fn percentile(times: &mut [f64], share: f64) -> f64 {
    times.sort_by(f64::total_cmp);
    let rank = (times.len() as f64 * share).ceil() as usize;
    times.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

async fn plan(session: &Session, query: &NamedQuery) -> Result<Vec<String>> {
    let rows = session
        .query(&format!("EXPLAIN {}", query.sql.trim().trim_end_matches(';')), &[])
        .await
        .with_context(|| format!("explain {}", query.name))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// The tables that a plan reads as a whole, without their schema and quotes.
fn scans_in(plan: &[String]) -> Vec<String> {
    plan.iter()
        .filter_map(|line| line.split_once("Seq Scan on "))
        .map(|(_, rest)| match rest.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next().unwrap_or_default().to_owned(),
            None => rest.split([' ', '(']).next().unwrap_or_default().to_owned(),
        })
        .collect()
}

async fn large_tables(session: &Session) -> Result<Vec<String>> {
    let rows = session
        .query("SELECT relname::text FROM pg_class WHERE relkind = 'r' AND reltuples > $1::bigint", &[&LARGE])
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

fn locks(lab: &Lab, migrated: &Migrated) -> CheckResult {
    let limit = lab.inputs.config.lock_ms;
    let expected = format!("no lock keeps readers or writers out for more than {limit} ms");
    let check = check(
        3,
        "locks",
        &expected,
        "split the migration, build indexes CONCURRENTLY, add constraints NOT VALID and validate them later",
    );
    let all: Vec<_> = migrated
        .ups
        .iter()
        .flat_map(|up| &up.statements)
        .flat_map(|run| run.locks.iter().map(move |lock| (run, lock)))
        .filter(|(_, lock)| lock.mode.blocks_writes() && lock.kind != "index")
        .collect();
    let long: Vec<String> = all
        .iter()
        .filter(|(_, lock)| lock.held_ms > limit as f64)
        .map(|(run, lock)| format!("{}: {}", run.place, lock.line()))
        .collect();
    let readers = all.iter().filter(|(_, lock)| lock.mode.blocks_reads()).count();
    let lines = all.iter().map(|(run, lock)| format!("{}: {}", run.place, lock.line()));
    let found = format!("{} locks keep writers out, {readers} of them readers too", all.len());
    if long.is_empty() {
        check.evidence(lines).pass(found)
    } else {
        check.none_of(long, "", "locks held too long")
    }
}

async fn rewrites(lab: &Lab, migrated: &Migrated) -> Result<CheckResult> {
    let check = check(
        4,
        "rewrites",
        "no table of more than 10,000 rows is written anew",
        "change the type in a new column, fill it in batches, then swap the names",
    );
    let session = lab.clones.as_admin(&migrated.clone).await?;
    let (mut all, mut large) = (Vec::new(), Vec::new());
    for run in migrated.ups.iter().flat_map(|up| &up.statements) {
        for name in &run.rewrites {
            let line = format!("{} writes {name} anew: {}", run.place, run.statement);
            let rows: i64 = session
                .query_one(
                    &format!("SELECT coalesce((SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass({}) AND relkind = 'r'), 0)", quote_literal(name)),
                    &[],
                )
                .await?
                .get(0);
            if rows > LARGE {
                large.push(format!("{line} ({rows} rows)"));
            }
            all.push(line);
        }
    }
    Ok(if large.is_empty() {
        let found = format!("{} small tables and indexes", all.len());
        check.evidence(all).pass(found)
    } else {
        let found = format!("{} large tables", large.len());
        check.evidence(large).warn(found)
    })
}

fn cost(lab: &Lab, migrated: &Migrated) -> CheckResult {
    let limit = lab.inputs.config.up_ms;
    let expected = format!("up takes at most {limit} ms");
    let check = check(5, "cost", &expected, "fill columns in batches after the migration, outside of it");
    let ms: f64 = migrated.ups.iter().map(|up| up.ms).sum();
    let wal: i64 = migrated.ups.iter().flat_map(|up| &up.statements).map(|run| run.wal_bytes).sum();
    let rows: i64 = lab.tables.iter().map(|table| table.rows).sum();
    let found = format!("{ms:.0} ms and {} kB of write-ahead log over {rows} rows", wal / 1024);
    if ms > limit as f64 { check.fail(found) } else { check.pass(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let mut times: Vec<f64> = (1..=20).map(f64::from).collect();
        let found = [percentile(&mut times, 0.5), percentile(&mut times, 0.95), percentile(&mut [], 0.5)];
        assert_eq!(found.map(|ms| ms as u32), [10, 19, 0]);
    }

    #[test]
    fn scans_are_found_whatever_the_table_is_called() {
        let plan = [
            "Seq Scan on \"User\" u  (cost=0)",
            "  ->  Parallel Seq Scan on orders  (cost=0)",
            "Index Scan using x on y",
        ]
        .map(str::to_owned);
        assert_eq!(scans_in(&plan), ["User", "orders"]);
    }

    #[test]
    fn slower_means_a_share_and_a_span_in_median_and_tail() {
        let timing = |p50: (f64, f64), p95: (f64, f64)| QueryTiming {
            name: "q".into(),
            p50_before_ms: p50.0,
            p95_before_ms: p95.0,
            p50_after_ms: p50.1,
            p95_after_ms: p95.1,
            plan_before: vec![],
            plan_after: vec![],
        };
        assert!(verdict(&timing((1.0, 4.0), (1.0, 4.0)), 100).is_none());
        assert!(verdict(&timing((10.0, 20.0), (10.0, 20.0)), 100).is_some());
        assert!(verdict(&timing((10.0, 10.0), (10.0, 20.0)), 100).is_none());
        assert!(verdict(&timing((90.0, 101.0), (99.0, 101.0)), 100).unwrap().contains("more than 100"));
    }
}
