//! From what a check found to its result, and from results to categories. Pure.

use super::{Category, Check, Outcome};
use crate::report::{CategorySummary, CheckResult, Counts, Severity, Status, Verdict};

/// The record of a check. A failure of less weight than `fail_on` only warns.
pub fn result(check: &Check, outcome: Outcome, duration_ms: u64, fail_on: Severity) -> CheckResult {
    CheckResult {
        id: check.id.to_owned(),
        category: check.category.word().to_owned(),
        title: check.title.to_owned(),
        severity: check.severity,
        status: settle(check.severity, outcome.status, fail_on),
        expected: check.expected.to_owned(),
        found: outcome.found,
        evidence: outcome.evidence,
        remedy: check.remedy.to_owned(),
        duration_ms,
        measures: outcome.measures,
        plots: outcome.plots,
    }
}

fn settle(severity: Severity, status: Status, fail_on: Severity) -> Status {
    match status {
        Status::Fail if severity < fail_on => Status::Warn,
        status => status,
    }
}

/// Counts and verdict of each category that has results.
pub fn by_category(results: &[CheckResult]) -> Vec<CategorySummary> {
    Category::ALL
        .iter()
        .filter_map(|category| {
            let of = || results.iter().filter(|result| result.category == category.word());
            of().next()?;
            Some(CategorySummary {
                category: category.word().to_owned(),
                verdict: Verdict::over(of()),
                counts: Counts::of(of()),
            })
        })
        .collect()
}

/// One sentence over all results.
pub fn summary(results: &[CheckResult]) -> String {
    let counts = Counts::of(results);
    let worst: Vec<&str> = results
        .iter()
        .filter(|result| matches!(result.status, Status::Fail | Status::Error))
        .map(|result| result.id.as_str())
        .take(5)
        .collect();
    let total = results.len() - counts.skip as usize;
    if worst.is_empty() {
        format!("{} of {total} checks passed, {} with a warning", counts.pass + counts.warn, counts.warn)
    } else {
        format!(
            "{} of {total} checks passed; {} failed, {} could not be checked ({})",
            counts.pass + counts.warn,
            counts.fail,
            counts.error,
            worst.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECK: Check = Check { id: "INF-999", ..Check::base(Category::Infrastructure) };

    #[test]
    fn a_minor_failure_warns_and_a_major_one_fails() {
        let minor = Check { severity: Severity::Minor, ..CHECK };
        let status = |check: &Check, outcome, fail_on| result(check, outcome, 0, fail_on).status;
        assert_eq!(status(&minor, Outcome::fail("x"), Severity::Major), Status::Warn);
        assert_eq!(status(&CHECK, Outcome::fail("x"), Severity::Major), Status::Fail);
        assert_eq!(status(&minor, Outcome::error("x"), Severity::Major), Status::Error);
        assert_eq!(status(&minor, Outcome::fail("x"), Severity::Minor), Status::Fail, "asked for");
        assert_eq!(status(&CHECK, Outcome::fail("x"), Severity::Blocker), Status::Warn, "asked for");
    }

    #[test]
    fn a_category_without_results_is_not_listed_and_one_of_skips_is_no_proof() {
        let results = [result(&CHECK, Outcome::skip("x"), 0, Severity::Major)];
        let summaries = by_category(&results);
        assert_eq!(summaries.len(), 1);
        assert_eq!(summaries[0].verdict, Verdict::Incomplete);
    }
}
