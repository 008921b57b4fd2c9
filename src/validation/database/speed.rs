//! Are the named queries fast, and do they use their indexes?

use std::time::{Duration, Instant};

use serde_json::Value;

use super::rows;
use crate::config::migration::NamedQuery;
use crate::postgres::{Session, connect};
use crate::report::{Measure, Severity, Unit};
use crate::validation::facts::Facts;
use crate::validation::{Category, Check, Need, Outcome, Stage};

const BASE: Check = Check { needs: &[Need::Database], ..Check::base(Category::Database) };

pub const CHECKS: &[Check] = &[
    Check {
        id: "DB-005",
        title: "the named queries are fast",
        // Measured while nothing else runs.
        stage: Stage::Load,
        expected: "p95 of 20 runs after a warm-up below `validation.query_ms`",
        remedy: "look at EXPLAIN (ANALYZE, BUFFERS) of the query; an index may be missing",
        timeout: Duration::from_secs(60),
        run: |facts| Box::pin(fast(facts)),
        ..BASE
    },
    Check {
        id: "DB-006",
        title: "no named query scans a large table",
        severity: Severity::Minor,
        expected: "no sequential scan of a table with more than 10,000 rows",
        remedy: "make an index for the query's condition",
        run: |facts| Box::pin(no_scans(facts)),
        ..BASE
    },
];

const RUNS: usize = 20;
const WARM_UPS: usize = 2;
const LARGE: f64 = 10_000.0;

fn queries(facts: &Facts) -> &[NamedQuery] {
    &facts.settings.config.validation.queries
}

async fn fast(facts: &Facts) -> Outcome {
    if queries(facts).is_empty() {
        return Outcome::skip("`validation.queries` of stagectl.yml is empty");
    }
    let limit = Duration::from_millis(facts.settings.config.validation.query_ms);
    let session = async {
        // Of its own: a session that others use would measure their queries, too.
        let session = connect(&facts.settings.database_user()?).await?;
        session.batch_execute("SET default_transaction_read_only = on").await?;
        anyhow::Ok(session)
    };
    let session = match session.await {
        Ok(session) => session,
        Err(error) => return Outcome::error(format!("{error:#}")),
    };
    let mut problems = Vec::new();
    let mut evidence = Vec::new();
    let mut measures = Vec::new();
    for query in queries(facts) {
        match measure(&session, &query.sql).await {
            Ok(times) => {
                let p95 = percentile(times, 95);
                let ms = p95.as_secs_f64() * 1000.0;
                let bound = limit.as_secs_f64() * 1000.0;
                measures.push(Measure::new(&query.name, ms, Unit::Ms, Some(bound)));
                let words = format!("{}: p95 {ms:.1} ms", query.name);
                if p95 > limit {
                    problems.push(words);
                } else {
                    evidence.push(words);
                }
            }
            Err(error) => problems.push(format!("{}: {error}", query.name)),
        }
    }
    let things = format!("queries below {} ms", limit.as_millis());
    Outcome::none(problems, queries(facts).len(), &things).evidence(evidence).measures(measures)
}

async fn measure(session: &Session, sql: &str) -> Result<Vec<Duration>, String> {
    let mut times = Vec::with_capacity(RUNS);
    for run in 0..WARM_UPS + RUNS {
        let started = Instant::now();
        rows(session, sql).await?;
        if run >= WARM_UPS {
            times.push(started.elapsed());
        }
    }
    Ok(times)
}

/// The nearest-rank percentile.
fn percentile(mut times: Vec<Duration>, percent: usize) -> Duration {
    times.sort_unstable();
    let rank = (times.len() * percent).div_ceil(100).max(1);
    times.get(rank - 1).copied().unwrap_or_default()
}

async fn no_scans(facts: &Facts) -> Outcome {
    if queries(facts).is_empty() {
        return Outcome::skip("`validation.queries` of stagectl.yml is empty");
    }
    let Ok(session) = &facts.user else { return Outcome::error("no session") };
    let large = "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND reltuples > ";
    let large = match rows(session, &format!("{large}{LARGE}")).await {
        Ok(found) => found.into_iter().flatten().collect::<Vec<String>>(),
        Err(error) => return Outcome::error(error),
    };
    let mut problems = Vec::new();
    for query in queries(facts) {
        match rows(session, &format!("EXPLAIN (FORMAT JSON) {}", query.sql)).await {
            Ok(found) => {
                let text = found.first().and_then(|row| row.first()).map_or("", String::as_str);
                let plan: Value = match serde_json::from_str(text) {
                    Ok(plan) => plan,
                    Err(error) => return Outcome::error(format!("{}: {error}", query.name)),
                };
                let scanned = scanned(&plan);
                problems.extend(
                    scanned
                        .iter()
                        .filter(|table| large.contains(table))
                        .map(|table| format!("{} scans `{table}`", query.name)),
                );
            }
            Err(error) => problems.push(format!("{}: {error}", query.name)),
        }
    }
    Outcome::none(problems, queries(facts).len(), "queries use indexes where tables are large")
}

/// The tables that a plan reads from end to end.
fn scanned(plan: &Value) -> Vec<String> {
    match plan {
        Value::Array(items) => items.iter().flat_map(scanned).collect(),
        Value::Object(node) => {
            let mut found: Vec<String> = node.values().flat_map(scanned).collect();
            if node.get("Node Type").and_then(Value::as_str) == Some("Seq Scan") {
                found.extend(node.get("Relation Name").and_then(Value::as_str).map(str::to_owned));
            }
            found
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p95_of_twenty_is_the_nineteenth() {
        let times = (1..=20).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(times, 95), Duration::from_millis(19));
        assert_eq!(percentile(Vec::new(), 95), Duration::ZERO);
    }

    #[test]
    fn a_scan_below_other_nodes_is_found() {
        let plan = serde_json::json!([{"Plan": {"Node Type": "Limit", "Plans": [
            {"Node Type": "Index Scan", "Relation Name": "Story"},
            {"Node Type": "Seq Scan", "Relation Name": "User"}]}}]);
        assert_eq!(scanned(&plan), ["User"]);
    }
}
