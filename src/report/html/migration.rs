//! What a migration's test saw: advice, the statements with their locks, conversions, queries before and after.

use super::page::{code_spans, escape, grid, number, preformatted, section};
use crate::report::migration::MigrationBody;

pub(super) fn sections(body: &MigrationBody) -> String {
    section("Advice", &advice(body))
        + &section("Statements", &statements(body))
        + &section("Conversions", &conversions(body))
        + &section("Queries before and after", &queries(body))
        + &section("What down did not bring back", &differences(body))
}

fn advice(body: &MigrationBody) -> String {
    let rows: Vec<Vec<String>> = body
        .advice
        .iter()
        .map(|advice| {
            vec![
                format!("<code>{}</code> {}", escape(&advice.rule), escape(&advice.harm)),
                escape(&advice.place),
                format!("{}<br>{}", code_spans(&advice.title), escape(&advice.seen)),
                code_spans(&advice.safe),
            ]
        })
        .collect();
    grid(&["Rule", "Where", "What was seen", "The safe way"], &rows)
}

fn statements(body: &MigrationBody) -> String {
    let rows: Vec<Vec<String>> = body
        .statements
        .iter()
        .map(|run| {
            let mut lines = run.locks.clone();
            lines.extend(run.rewrites.iter().map(|table| format!("rewrote {table}")));
            let locks = if lines.is_empty() {
                String::new()
            } else {
                format!(
                    "<details><summary>{} locks</summary>{}</details>",
                    run.locks.len(),
                    preformatted(&lines.join("\n"))
                )
            };
            vec![
                format!("{}<br><code>{}</code>", escape(&run.place), escape(&run.statement)),
                format!("{:.1} ms", run.ms),
                number(run.rows),
                number(u64::try_from(run.wal_bytes).unwrap_or(0)),
                locks,
            ]
        })
        .collect();
    grid(&["Statement", "#Time", "#Rows", "#WAL bytes", "Locks"], &rows)
}

fn conversions(body: &MigrationBody) -> String {
    let rows: Vec<Vec<String>> = body
        .conversions
        .iter()
        .map(|one| {
            vec![
                escape(&format!("{}.{}: {} → {}", one.table, one.column, one.from, one.to)),
                format!("{} and {}", number(one.from_before), number(one.to_before)),
                format!("{} and {}", number(one.from_after), number(one.to_after)),
                number(one.lost),
            ]
        })
        .collect();
    grid(&["Conversion", "#Before", "#After", "#Lost"], &rows)
}

fn queries(body: &MigrationBody) -> String {
    let rows: Vec<Vec<String>> = body
        .queries
        .iter()
        .map(|query| {
            vec![
                escape(&query.name),
                format!("{:.1} / {:.1} ms", query.p50_before_ms, query.p95_before_ms),
                format!("{:.1} / {:.1} ms", query.p50_after_ms, query.p95_after_ms),
            ]
        })
        .collect();
    grid(&["Query", "#p50 / p95 before", "#p50 / p95 after"], &rows)
}

fn differences(body: &MigrationBody) -> String {
    if body.differences.is_empty() { String::new() } else { preformatted(&body.differences.join("\n")) }
}
