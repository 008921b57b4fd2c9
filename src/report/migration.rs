//! The body of `staging-backups/migration-test-report-*.json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CheckResult, Counts, Severity, Status};

/// The category of a stairway's step, where it stands among the checks.
pub const STAIRWAY: &str = "stairway";

/// What `test-migration` tried and found. `Statement` and `Difference` are the lab's own records.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct MigrationBody {
    /// The database that was cloned.
    pub database: String,
    pub server_version: String,
    /// The categories that were asked for.
    pub categories: Vec<String>,
    /// The steps in the order in which up applies them.
    pub steps: Vec<MigrationStep>,
    pub counts: Counts,
    pub checks: Vec<CheckResult>,
    /// Every statement of up as it ran on the clone.
    pub statements: Vec<StatementRun>,
    pub conversions: Vec<ConversionSummary>,
    pub queries: Vec<QueryTiming>,
    /// What is unsafe, by what was seen, with the safe way to write it.
    #[serde(default)]
    pub advice: Vec<Advice>,
    /// What the replayed workload saw while up ran.
    #[serde(default)]
    pub traffic: Option<TrafficSummary>,
    /// How long each statement takes at production's number of rows.
    #[serde(default)]
    pub estimates: Vec<StatementEstimate>,
    /// What down does not restore.
    pub differences: Vec<String>,
    /// Each step by itself: up, down, up.
    #[serde(default)]
    pub stairway: Option<Stairway>,
    /// The clone that was kept, with `--keep-clone`.
    pub kept_clone: Option<String>,
}

impl MigrationBody {
    /// The checks, and after them each step of the stairway as one more.
    pub fn results(&self) -> Vec<CheckResult> {
        let stairs = self.stairway.iter().flat_map(|stairway| &stairway.steps);
        self.checks.iter().cloned().chain(stairs.map(StairwayStep::result)).collect()
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MigrationStep {
    pub name: String,
    pub up_statements: usize,
    /// Absent: there is no down.
    pub down_statements: Option<usize>,
    /// How the up's statements are put into transactions.
    pub transaction: String,
}

/// One statement of up.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct StatementRun {
    /// `file:line`.
    pub place: String,
    /// Its first words.
    pub statement: String,
    pub ms: f64,
    /// Rows that it changed or returned.
    pub rows: u64,
    /// Mode, object, how long, and what it blocks.
    pub locks: Vec<String>,
    /// Tables and indexes that it wrote anew.
    pub rewrites: Vec<String>,
    /// Write-ahead log of the whole server meanwhile, in bytes.
    pub wal_bytes: i64,
}

/// One conversion as it was seen on the clone.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ConversionSummary {
    pub table: String,
    pub column: String,
    pub from: String,
    pub to: String,
    /// Rows with `from` and with `to` before.
    pub from_before: u64,
    pub to_before: u64,
    pub from_after: u64,
    pub to_after: u64,
    /// Rows that held `from` and are gone or hold something else than `to`.
    pub lost: u64,
}

/// A named query before and after up. Times in milliseconds.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct QueryTiming {
    pub name: String,
    pub p50_before_ms: f64,
    pub p95_before_ms: f64,
    pub p50_after_ms: f64,
    pub p95_after_ms: f64,
    /// The plans, as EXPLAIN prints them.
    pub plan_before: Vec<String>,
    pub plan_after: Vec<String>,
}

/// One finding of advice.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Advice {
    /// Stable, such as `MIG-ADV-001`.
    pub rule: String,
    /// `blocks-all`, `blocks-writes`, `data-loss`, `breaks-code`, `fails-on-rows` or `note`.
    pub harm: String,
    pub title: String,
    pub place: String,
    pub statement: String,
    /// The table, column or index.
    pub object: String,
    pub seen: String,
    /// The safe way to write it.
    pub safe: String,
}

/// Traffic while up ran. Times in milliseconds.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct TrafficSummary {
    pub queries: Vec<QueryTraffic>,
    pub longest_stall_ms: f64,
    pub stalled_query: Option<String>,
    /// The lock that it wanted, and the statement that held it.
    pub cause: Option<String>,
    /// How long up took meanwhile.
    pub up_ms: f64,
}

/// One query of the workload while up ran. Times in milliseconds.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct QueryTraffic {
    pub name: String,
    pub sent: u64,
    /// Took more than five times its usual p95, and more than 20 ms longer.
    pub delayed: u64,
    pub failed: u64,
    pub longest_ms: f64,
    pub p95_before_ms: f64,
    pub p95_during_ms: f64,
}

/// A statement at production's number of rows. Times in milliseconds.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct StatementEstimate {
    pub place: String,
    pub statement: String,
    /// The table whose size decides.
    pub table: String,
    pub rows_here: i64,
    pub rows_in_production: i64,
    pub ms_here: f64,
    /// `constant`, `linear` or `n log n`.
    pub growth: String,
    pub ms: f64,
    pub low_ms: f64,
    pub high_ms: f64,
    /// How long its locks keep writers out: to the end of its transaction.
    pub locked_ms: Option<f64>,
}

/// Every step taken, taken back and taken again before the next one.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Stairway {
    /// All steps together, in milliseconds.
    pub ms: f64,
    pub pass: usize,
    /// Restored but for what is no fault: the order of columns, sequences that rows moved.
    pub note: usize,
    pub fail: usize,
    /// Steps that say themselves that there is no way back.
    pub irreversible: usize,
    pub skipped: usize,
    pub steps: Vec<StairwayStep>,
}

/// One step of the stairway.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct StairwayStep {
    pub name: String,
    /// `pass`, `note`, `fail`, `irreversible` or `skipped`.
    pub verdict: String,
    /// How it was tried: up only, in one transaction, with commits, or on a clone of its own.
    pub way: String,
    /// Why it was skipped, declared irreversible or tried as it was.
    pub reason: String,
    /// Wall time with fingerprints, in milliseconds.
    pub ms: f64,
    pub up_ms: f64,
    pub down_ms: f64,
    pub fingerprint_ms: f64,
    pub findings: Vec<String>,
    pub notes: Vec<String>,
}

impl Stairway {
    /// The counts, for a person.
    pub fn line(&self) -> String {
        let parts = [
            (self.pass, "restored"),
            (self.note, "restored with a note"),
            (self.fail, "failed"),
            (self.irreversible, "declared irreversible"),
            (self.skipped, "skipped"),
        ];
        let words: Vec<String> =
            parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
        format!("stairway of {} step(s): {}\n", self.steps.len(), words.join(", "))
    }
}

impl StairwayStep {
    /// The step as a check. One that is declared irreversible is no failure of its own: whether it
    /// is accepted is another check.
    fn result(&self) -> CheckResult {
        let status = match self.verdict.as_str() {
            "pass" => Status::Pass,
            "note" | "irreversible" => Status::Warn,
            "skipped" => Status::Skip,
            _ => Status::Fail,
        };
        let found = match (self.findings.first(), self.notes.first()) {
            (Some(first), _) if self.findings.len() == 1 => first.clone(),
            (Some(_), _) => format!("{} findings", self.findings.len()),
            (None, Some(first)) if self.reason.is_empty() => first.clone(),
            (None, _) if self.verdict == "irreversible" => format!("declared irreversible: {}", self.reason),
            (None, _) if self.verdict == "pass" => "restored".to_owned(),
            (None, _) => self.reason.clone(),
        };
        CheckResult {
            id: self.name.clone(),
            category: STAIRWAY.to_owned(),
            title: "up, down and up again".to_owned(),
            severity: Severity::Major,
            status,
            expected: "down restores schema and data, and a second up gives what the first gave".to_owned(),
            found,
            evidence: self.findings.iter().chain(&self.notes).cloned().collect(),
            remedy: "extend the down by what is named".to_owned(),
            duration_ms: self.ms as u64,
            measures: Vec::new(),
            plots: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_on_a_step_is_a_result_that_says_why() {
        let result = |verdict: &str, reason: &str, findings: &[&str], notes: &[&str]| {
            let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
            let result = StairwayStep {
                name: "01".into(),
                verdict: verdict.into(),
                reason: reason.into(),
                findings: lines(findings),
                notes: lines(notes),
                ..StairwayStep::default()
            }
            .result();
            (result.status, result.found)
        };
        assert_eq!(result("pass", "", &[], &[]), (Status::Pass, "restored".into()));
        assert_eq!(result("note", "", &[], &["order only"]), (Status::Warn, "order only".into()));
        assert_eq!(result("fail", "", &["a", "b"], &[]), (Status::Fail, "2 findings".into()));
        assert_eq!(
            result("irreversible", "there is no down", &[], &[]),
            (Status::Warn, "declared irreversible: there is no down".into())
        );
        assert_eq!(result("skipped", "the up of 00 stops", &[], &[]).1, "the up of 00 stops");
    }
}
