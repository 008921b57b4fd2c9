//! The envelope of every report and the flat record of a check.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Measure, Plot};

/// A report: what ran, when, with which verdict, and the body of its kind.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Report<Body> {
    #[serde(flatten)]
    pub envelope: Envelope,
    #[serde(flatten)]
    pub body: Body,
}

/// What all reports share.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Envelope {
    /// Version of this report format; grows when a field changes its meaning.
    pub schema_version: u32,
    /// `validation`, `migration`, `copy`, `setup` or `readiness`.
    pub kind: String,
    /// stagectl's version.
    pub tool_version: String,
    pub project: String,
    pub run_id: String,
    /// What ran, without secrets.
    pub command: String,
    #[schemars(with = "String")]
    pub started_at: Timestamp,
    /// Absent while the run goes on, and in the report of a run that was killed.
    #[schemars(with = "Option<String>")]
    pub finished_at: Option<Timestamp>,
    pub duration_ms: u64,
    pub verdict: Verdict,
    /// One sentence for a person.
    pub summary: String,
}

impl Envelope {
    pub const SCHEMA_VERSION: u32 = 1;

    /// A report that has just begun: incomplete until it is finished.
    pub fn begin(kind: &str, project: &str, run_id: &str, command: &str, now: Timestamp) -> Self {
        Self {
            schema_version: Self::SCHEMA_VERSION,
            kind: kind.to_owned(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            project: project.to_owned(),
            run_id: run_id.to_owned(),
            command: command.to_owned(),
            started_at: now,
            finished_at: None,
            duration_ms: 0,
            verdict: Verdict::Incomplete,
            summary: "not finished".to_owned(),
        }
    }

    pub fn finish(&mut self, verdict: Verdict, summary: impl Into<String>, now: Timestamp) {
        self.finished_at = Some(now);
        self.duration_ms = u64::try_from(now.duration_since(self.started_at).as_millis()).unwrap_or(0);
        self.verdict = verdict;
        self.summary = summary.into();
    }
}

/// The answer of a whole run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Ready,
    ReadyWithWarnings,
    NotReady,
    /// Something could not be checked, or the run did not finish.
    Incomplete,
}

impl Verdict {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ready => "READY",
            Self::ReadyWithWarnings => "READY WITH WARNINGS",
            Self::NotReady => "NOT READY",
            Self::Incomplete => "INCOMPLETE",
        }
    }

    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Ready | Self::ReadyWithWarnings => crate::exit::OK,
            Self::NotReady => crate::exit::NOT_READY,
            Self::Incomplete => crate::exit::USAGE,
        }
    }

    /// The verdict over check results: no result at all is no proof.
    pub fn over<'a>(results: impl IntoIterator<Item = &'a CheckResult>) -> Self {
        let counts = Counts::of(results);
        if counts.fail > 0 {
            Self::NotReady
        } else if counts.error > 0 || counts.pass + counts.warn == 0 {
            Self::Incomplete
        } else if counts.warn > 0 {
            Self::ReadyWithWarnings
        } else {
            Self::Ready
        }
    }
}

/// One check's result: flat, so that every format can carry it whole.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CheckResult {
    /// Stable, such as `SEC-004`.
    pub id: String,
    pub category: String,
    pub title: String,
    pub severity: Severity,
    pub status: Status,
    pub expected: String,
    /// What was seen, redacted.
    pub found: String,
    /// Details, redacted; a line each.
    #[serde(default)]
    pub evidence: Vec<String>,
    /// What to do when it fails.
    pub remedy: String,
    pub duration_ms: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<Measure>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plots: Vec<Plot>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    Info,
    Minor,
    Major,
    Blocker,
}

impl Severity {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Minor => "minor",
            Self::Major => "major",
            Self::Blocker => "blocker",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Pass,
    Warn,
    Fail,
    /// Not run, for the reason in `found`.
    Skip,
    /// Could not be checked; never counts as pass.
    Error,
}

/// How many results of each status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    pub pass: u32,
    pub warn: u32,
    pub fail: u32,
    pub skip: u32,
    pub error: u32,
}

impl Counts {
    pub fn of<'a>(results: impl IntoIterator<Item = &'a CheckResult>) -> Self {
        let mut counts = Self::default();
        for result in results {
            match result.status {
                Status::Pass => counts.pass += 1,
                Status::Warn => counts.warn += 1,
                Status::Fail => counts.fail += 1,
                Status::Skip => counts.skip += 1,
                Status::Error => counts.error += 1,
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(status: Status) -> CheckResult {
        CheckResult {
            id: "X-001".into(),
            category: "x".into(),
            title: "x".into(),
            severity: Severity::Major,
            status,
            expected: String::new(),
            found: String::new(),
            evidence: Vec::new(),
            remedy: String::new(),
            duration_ms: 0,
            measures: Vec::new(),
            plots: Vec::new(),
        }
    }

    #[test]
    fn nothing_checked_is_never_ready() {
        assert_eq!(Verdict::over(&[]), Verdict::Incomplete);
        assert_eq!(Verdict::over(&[result(Status::Skip)]), Verdict::Incomplete);
    }

    #[test]
    fn an_error_outweighs_passes_and_a_failure_outweighs_an_error() {
        assert_eq!(Verdict::over(&[result(Status::Pass), result(Status::Error)]), Verdict::Incomplete);
        assert_eq!(Verdict::over(&[result(Status::Fail), result(Status::Error)]), Verdict::NotReady);
        assert_eq!(Verdict::over(&[result(Status::Pass), result(Status::Warn)]), Verdict::ReadyWithWarnings);
    }
}
