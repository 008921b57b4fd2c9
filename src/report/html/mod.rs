//! Reports as one HTML file each that opens anywhere: no script, nothing loaded from outside. One shell for all
//! kinds: a banner with the verdict, then the sections of the kind.

mod checks;
mod copy;
mod migration;
mod page;
mod plots;

use jiff::Timestamp;

use super::copy::CopyBody;
use super::migration::{MigrationBody, STAIRWAY};
use super::readiness::Readiness;
use super::{CategorySummary, CheckResult, Counts, Plot, Report, Validation, Verdict};
use page::{Facts, section};

/// An earlier validation, for the trend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    pub started_at: Timestamp,
    pub counts: Counts,
}

/// The validation report. `past`: earlier runs of the same scope, oldest first, without this one.
pub fn validation(report: &Report<Validation>, past: &[Past]) -> String {
    let Report { envelope, body } = report;
    let scope = if body.quick { "essential checks only" } else { "all checks" };
    let mut out = section("Categories", &checks::tiles(&body.categories));
    let again = |result: &CheckResult| Some(format!("stagectl validate --only {}", result.id));
    out += &checks::what_to_do(&body.results, again);
    if let Some(comparison) = &body.comparison {
        out += &section("Compared", &page::card(&page::preformatted(&comparison.text())));
    }
    out += &plots_of(&body.results);
    let now = Past { started_at: envelope.started_at, counts: body.counts };
    out += &plots::trend(&past.iter().cloned().chain([now]).collect::<Vec<_>>());
    out += &checks::table(&body.results);
    page::page(envelope, Facts { scope, beside: "The same as JSON and JUnit lies" }, &out)
}

/// The report of a migration's test; each step of the stairway stands in it like a check.
pub fn migration(report: &Report<MigrationBody>) -> String {
    let Report { envelope, body } = report;
    let results = body.results();
    let categories: Vec<CategorySummary> = results
        .chunk_by(|a, b| a.category == b.category)
        .map(|part| CategorySummary {
            category: part[0].category.clone(),
            verdict: Verdict::over(part),
            counts: Counts::of(part),
        })
        .collect();
    let again = |result: &CheckResult| {
        let category = if result.category == STAIRWAY { "rollback" } else { &result.category };
        Some(format!("stagectl test-migration --only {category}"))
    };
    let mut out = section("Categories", &checks::tiles(&categories));
    out += &checks::what_to_do(&results, again);
    out += &migration::sections(body);
    out += &checks::table(&results);
    let scope = if body.categories.len() < 6 { "a part of the test" } else { "the whole test" };
    page::page(envelope, Facts { scope, beside: "The same as JSON and JUnit lies" }, &out)
}

/// The report of a copy of production's data.
pub fn copy(report: &Report<CopyBody>) -> String {
    let Report { envelope, body } = report;
    page::page(
        envelope,
        Facts { scope: &body.database, beside: "The same as JSON lies" },
        &copy::sections(body),
    )
}

/// Whether everything is ready, and which reports say so.
pub fn readiness(report: &Report<Readiness>) -> String {
    let Report { envelope, body } = report;
    let out = checks::what_to_do(&body.results, |_| None) + &checks::table(&body.results);
    page::page(envelope, Facts { scope: "all reports", beside: "The same as JSON lies" }, &out)
}

/// What the checks measured.
fn plots_of(results: &[CheckResult]) -> String {
    let mut out = String::new();
    for result in results {
        for plot in &result.plots {
            let (title, drawing) = match plot {
                Plot::Latencies { bars, budget_ms } => {
                    ("Latency under load", plots::latencies(bars, *budget_ms))
                }
                Plot::Limit { requests, burst, per_minute } => {
                    ("Requests against the rate limit", plots::limit(requests, *burst, *per_minute))
                }
            };
            let words = format!("<p>{} {}</p>", page::escape(&result.id), page::code_spans(&result.found));
            out += &section(title, &page::card(&format!("{words}{drawing}")));
        }
    }
    out + &plots::bounds(results)
}

#[cfg(test)]
mod tests;
