//! Rehearsal, a part of performance: advice by what was seen, traffic while up runs, and how long up
//! takes at production's number of rows.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::config::migration::WorkloadQuery;
use crate::migration::advice::{Facts, Finding, Harm, advise, by_words};
use crate::migration::lab::{Lab, Migrated};
use crate::migration::statements::short;
use crate::migration::trace::Trace;
use crate::migration::verdict::{Category, Check};
use crate::migration::{estimate, workload};
use crate::report::CheckResult;
use crate::report::migration::{Advice, MigrationBody};

pub async fn run(lab: &Lab, migrated: &Migrated, body: &mut MigrationBody) -> Result<Vec<CheckResult>> {
    let facts = facts(lab, migrated).await?;
    let mut results = vec![advice(&advise(&migrated.trace, &facts), body)];
    results.push(traffic(lab, body).await?);
    results.extend(duration(lab, migrated, &facts, body).await?);
    Ok(results)
}

/// Advice for an up that stopped: on what ran, and by its words on what did not.
pub async fn stopped(lab: &Lab, migrated: &Migrated, body: &mut MigrationBody) -> Result<CheckResult> {
    let facts = facts(lab, migrated).await?;
    let mut found = advise(&migrated.trace, &facts);
    let last = migrated.ups.len().saturating_sub(1);
    for (index, step) in lab.inputs.steps.iter().enumerate().skip(last) {
        let ran =
            if index == last { migrated.ups.get(last).map_or(0, |up| up.statements.len() + 1) } else { 0 };
        let Some(script) = step.up.script() else { continue };
        found.extend(script.statements.iter().skip(ran).filter_map(|s| by_words(&script.file, s)));
    }
    Ok(advice(&found, body))
}

async fn facts(lab: &Lab, migrated: &Migrated) -> Result<Facts> {
    let config = &lab.inputs.config;
    let converted: BTreeSet<String> = config.conversions.iter().map(|one| one.from.clone()).collect();
    let (before, after) =
        (lab.clones.as_admin(&lab.base).await?, lab.clones.as_admin(&migrated.clone).await?);
    Facts::read(&before, &after, &migrated.trace, &config.production_rows, converted).await
}

fn advice(found: &[Finding], body: &mut MigrationBody) -> CheckResult {
    let check = Check::new(
        Category::Performance,
        6,
        "unsafe patterns",
        "no statement keeps others out of a table with rows, loses data or breaks code that runs",
        "write the statement as its advice says",
    );
    body.advice = found.iter().map(record).collect();
    let (notes, alarms): (Vec<&Finding>, Vec<&Finding>) =
        found.iter().partition(|finding| finding.harm == Harm::Note);
    let lines = alarms.iter().chain(&notes).map(|finding| finding.line());
    let check = check.evidence(lines);
    if alarms.is_empty() {
        check.pass(format!("nothing unsafe was seen; {} notes", notes.len()))
    } else {
        let rules: BTreeSet<&str> = alarms.iter().map(|finding| finding.rule).collect();
        let rules: Vec<&str> = rules.into_iter().collect();
        check.warn(format!("{} unsafe statements: {}", alarms.len(), rules.join(", ")))
    }
}

fn record(finding: &Finding) -> Advice {
    Advice {
        rule: finding.rule.to_owned(),
        harm: finding.harm.word().to_owned(),
        title: finding.title.to_owned(),
        place: finding.place.clone(),
        statement: finding.statement.clone(),
        object: finding.object.clone(),
        seen: finding.seen.clone(),
        safe: finding.safe.clone(),
    }
}

/// The queries to send: those of the configuration, else the ones that the server has counted.
async fn workload_of(lab: &Lab, base: &str) -> Result<Option<(Vec<WorkloadQuery>, &'static str)>> {
    let config = &lab.inputs.config;
    if !config.workload.is_empty() {
        return Ok(Some((config.workload.clone(), "`migration.workload`")));
    }
    let named = lab.inputs.queries.iter().map(|query| WorkloadQuery {
        name: query.name.clone(),
        sql: query.sql.clone(),
        weight: 1,
    });
    let named: Vec<WorkloadQuery> = named.collect();
    if !named.is_empty() {
        return Ok(Some((named, "the named queries")));
    }
    let counted = workload::statistics::top(&lab.clones, base).await?;
    Ok(counted.map(|queries| (queries, "the top of pg_stat_statements")))
}

/// Queries while up runs.
async fn traffic(lab: &Lab, body: &mut MigrationBody) -> Result<CheckResult> {
    let config = &lab.inputs.config;
    let expected =
        format!("no query of the workload fails or waits for more than {} ms while up runs", config.lock_ms);
    let check = Check::new(
        Category::Performance,
        7,
        "traffic",
        &expected,
        "split the migration, so that no lock lasts; set lock_timeout, so that nobody queues behind it",
    );
    let clone = lab.clones.copy(&lab.base).await?;
    let Some((queries, from)) = workload_of(lab, &clone).await? else {
        lab.clones.drop_clone(&clone).await?;
        return Ok(check
            .skip("`migration.workload` is empty, and pg_stat_statements shows no query of this database"));
    };
    let address = lab.clones.user_address.database(&clone);
    let admin = lab.clones.as_admin(&clone).await?;
    let (mut replay, (ups, trace)) =
        Box::pin(workload::replay(&address, admin, &queries, lab.watched_up(&clone))).await?;
    if let Some(stall) = &mut replay.stall {
        let taken = stall.on.as_ref().and_then(|relation| taken(&trace, relation));
        if let (Some(cause), Some(taken)) = (&mut stall.cause, taken) {
            cause.push_str(&taken);
        }
    }
    lab.clones.drop_clone(&clone).await?;
    body.traffic = Some(replay.summary());
    let lines: Vec<String> = replay
        .queries
        .iter()
        .map(|query| {
            format!(
                "{}: {} sent, {} delayed, {} failed, longest {:.0} ms, p95 {:.1} → {:.1} ms",
                query.name,
                query.sent,
                query.delayed,
                query.failed,
                query.longest_ms,
                query.p95_before_ms,
                query.p95_during_ms
            )
        })
        .collect();
    let check =
        check.evidence([format!("the queries of {from}")]).evidence(lines).evidence(replay.errors.clone());
    if let Some(stopped) = ups.iter().find_map(|up| up.stopped.as_ref()) {
        return Ok(check.warn(format!("under traffic up stops: {}", stopped.line())));
    }
    let stall = replay.stall.as_ref();
    let failed: u64 = replay.queries.iter().map(|query| query.failed).sum();
    let words = stall.map_or_else(
        || "no query was sent".to_owned(),
        |stall| match &stall.cause {
            Some(cause) => format!("longest wait {:.0} ms, by {}: {cause}", stall.ms, stall.query),
            None => {
                format!("longest {:.0} ms, by {}; nobody was seen waiting for a lock", stall.ms, stall.query)
            }
        },
    );
    let longest = stall.filter(|stall| stall.cause.is_some()).map_or(0.0, |stall| stall.ms);
    Ok(if failed > 0 {
        check.warn(format!("{failed} queries failed; {words}"))
    } else if longest > config.lock_ms as f64 {
        check.fail(words)
    } else {
        check.pass(words)
    })
}

/// Which statement took the strongest lock on a relation.
fn taken(trace: &Trace, relation: &str) -> Option<String> {
    let locks = trace.statements.iter().flat_map(|seen| seen.locks.iter().map(move |lock| (seen, lock)));
    let (seen, lock) =
        locks.filter(|(_, lock)| lock.relation == relation).max_by_key(|(_, lock)| lock.mode)?;
    Some(format!(
        ", because {} took {} for {:.0} ms: `{}`",
        seen.place,
        lock.mode.words(),
        lock.held_ms,
        short(&seen.text)
    ))
}

/// The time at production's number of rows; nothing where no number is known.
async fn duration(
    lab: &Lab,
    migrated: &Migrated,
    facts: &Facts,
    body: &mut MigrationBody,
) -> Result<Option<CheckResult>> {
    let config = &lab.inputs.config;
    if config.production_rows.is_empty() {
        return Ok(None);
    }
    let expected = format!("at production's number of rows up takes at most {} ms", config.up_ms);
    let check = Check::new(
        Category::Performance,
        8,
        "duration in production",
        &expected,
        "do the long statements in batches outside of the migration",
    );
    if !estimate::is_needed(&migrated.trace, &facts.here, &config.production_rows) {
        let why = "no table that up works on is larger in production: what was measured here holds there";
        return Ok(Some(check.pass(why)));
    }
    let (estimates, unknown) =
        estimate::run(lab, &migrated.trace, &facts.here, &config.production_rows).await?;
    let lines: Vec<String> = estimates
        .iter()
        .map(|one| {
            let locked = one.locked_ms.map_or_else(String::new, |ms| format!(", locks held for {ms:.0} ms"));
            format!(
                "{}: {:.0} ms ({:.0} to {:.0}; {}) at {} rows of {}{locked}; {:.0} ms at {} here",
                one.place,
                one.ms,
                one.low_ms,
                one.high_ms,
                one.growth,
                one.rows_in_production,
                one.table,
                one.ms_here,
                one.rows_here
            )
        })
        .collect();
    let (ms, high): (f64, f64) =
        estimates.iter().fold((0.0, 0.0), |(ms, high), one| (ms + one.ms, high + one.high_ms));
    body.estimates = estimates;
    let check = check.evidence(lines).evidence(unknown.iter().map(|line| format!("not estimated: {line}")));
    let found = format!("{ms:.0} ms, at most {high:.0}; {} statements not estimated", unknown.len());
    Ok(Some(if ms > config.up_ms as f64 { check.fail(found) } else { check.pass(found) }))
}
