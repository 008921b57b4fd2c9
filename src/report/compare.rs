//! One validation beside an earlier one: what broke, what was repaired, what became slower. Pure.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CheckResult, Envelope, Status, Unit};

/// A time that grew by more than this share is named.
const SLOWER: f64 = 0.2;
/// … unless it grew by less than this: scheduling alone moves times that much.
const NOISE_MS: f64 = 5.0;

/// What changed since an earlier report.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// The earlier run.
    pub run_id: String,
    /// Checks that fail or could not be checked now and were neither then. Checks that are new count, too.
    pub new_failures: Vec<String>,
    /// Checks that failed or could not be checked then, and pass now.
    pub fixed: Vec<String>,
    pub slower: Vec<Slower>,
    /// Checks of the earlier run that this one does not have.
    pub gone: Vec<String>,
}

/// A measured time that grew by more than 20 %, and by more than 5 ms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Slower {
    pub id: String,
    pub measure: String,
    pub before_ms: f64,
    pub now_ms: f64,
}

/// Compares the results of a run with those of an earlier one.
pub fn compare(envelope: &Envelope, before: &[CheckResult], now: &[CheckResult]) -> Comparison {
    let then = |id: &str| before.iter().find(|result| result.id == id);
    let is_bad = |result: &CheckResult| matches!(result.status, Status::Fail | Status::Error);
    let is_good = |result: &CheckResult| matches!(result.status, Status::Pass | Status::Warn);
    let ids = |results: Vec<&CheckResult>| results.iter().map(|result| result.id.clone()).collect();
    Comparison {
        run_id: envelope.run_id.clone(),
        new_failures: ids(now
            .iter()
            .filter(|result| is_bad(result) && !then(&result.id).is_some_and(is_bad))
            .collect()),
        fixed: ids(now
            .iter()
            .filter(|result| is_good(result) && then(&result.id).is_some_and(is_bad))
            .collect()),
        slower: now
            .iter()
            .filter_map(|result| Some((then(&result.id)?, result)))
            .flat_map(|(before, now)| slower(before, now))
            .collect(),
        gone: ids(before.iter().filter(|old| !now.iter().any(|result| result.id == old.id)).collect()),
    }
}

fn slower<'a>(before: &'a CheckResult, now: &'a CheckResult) -> impl Iterator<Item = Slower> + 'a {
    now.measures.iter().filter(|measure| measure.unit == Unit::Ms).filter_map(|measure| {
        let old = before.measures.iter().find(|old| old.name == measure.name && old.unit == Unit::Ms)?;
        let grew = measure.value - old.value;
        (grew > NOISE_MS && grew > SLOWER * old.value).then(|| Slower {
            id: now.id.clone(),
            measure: measure.name.clone(),
            before_ms: old.value,
            now_ms: measure.value,
        })
    })
}

impl Comparison {
    /// The lines for a person.
    pub fn text(&self) -> String {
        let mut lines = vec![format!("since run {}:", self.run_id)];
        for (what, ids) in
            [("new failures", &self.new_failures), ("fixed", &self.fixed), ("gone", &self.gone)]
        {
            if !ids.is_empty() {
                lines.push(format!("  {what}: {}", ids.join(", ")));
            }
        }
        for Slower { id, measure, before_ms, now_ms } in &self.slower {
            lines.push(format!("  slower: {id} {measure}: {before_ms:.1} → {now_ms:.1} ms"));
        }
        if lines.len() == 1 {
            lines.push("  nothing new, nothing fixed, nothing slower by more than 20 %".to_owned());
        }
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Measure, Severity};

    fn result(id: &str, status: Status, p95: Option<f64>) -> CheckResult {
        CheckResult {
            id: id.to_owned(),
            category: "performance".to_owned(),
            title: String::new(),
            severity: Severity::Major,
            status,
            expected: String::new(),
            found: String::new(),
            evidence: Vec::new(),
            remedy: String::new(),
            duration_ms: 0,
            measures: p95.map(|ms| Measure::new("p95", ms, Unit::Ms, None)).into_iter().collect(),
            plots: Vec::new(),
        }
    }

    fn compared(before: &[CheckResult], now: &[CheckResult]) -> Comparison {
        let envelope = Envelope::begin("validation", "x", "run-1", "validate", jiff::Timestamp::UNIX_EPOCH);
        compare(&envelope, before, now)
    }

    #[test]
    fn what_broke_what_was_repaired_and_what_is_gone_is_named() {
        let before = [
            result("A", Status::Pass, None),
            result("B", Status::Fail, None),
            result("C", Status::Error, None),
            result("D", Status::Pass, None),
        ];
        let now = [
            result("A", Status::Fail, None),
            result("B", Status::Warn, None),
            result("C", Status::Fail, None),
            result("E", Status::Error, None),
        ];
        let found = compared(&before, &now);
        assert_eq!(found.new_failures, ["A", "E"], "C was not good before");
        assert_eq!(found.fixed, ["B"]);
        assert_eq!(found.gone, ["D"]);
        // A failure that is skipped now is not repaired.
        assert!(compared(&before[1..2], &[result("B", Status::Skip, None)]).fixed.is_empty());
    }

    #[test]
    fn only_times_beyond_a_fifth_and_beyond_noise_are_slower() {
        let slower = |before, now| {
            let at = |ms| [result("A", Status::Pass, Some(ms))];
            compared(&at(before), &at(now)).slower.len()
        };
        assert_eq!(slower(100.0, 121.0), 1);
        assert_eq!(slower(100.0, 119.0), 0);
        assert_eq!(slower(2.0, 6.0), 0, "noise");
        assert_eq!(slower(121.0, 100.0), 0);
    }
}
