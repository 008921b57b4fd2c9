//! The readiness verdict: do the newest reports together prove that the twin is ready? Pure.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CheckResult, Counts, Envelope, Severity, Status, Verdict};

/// The body of `readiness-report-*.json`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Readiness {
    pub counts: Counts,
    /// One for each kind of report.
    pub results: Vec<CheckResult>,
    /// What the verdict rests on.
    pub reports: Vec<Basis>,
}

/// A report that was looked at.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Basis {
    /// `setup`, `copy`, `migration` or `validation`.
    pub kind: String,
    /// The file's name; absent when there is none.
    pub file: Option<String>,
    pub verdict: Option<Verdict>,
    #[schemars(with = "Option<String>")]
    pub finished_at: Option<Timestamp>,
    pub summary: String,
}

/// A kind of report that readiness needs, and the newest one of it.
#[derive(Debug, Clone)]
pub struct Part {
    pub kind: &'static str,
    /// The command that writes it.
    pub command: &'static str,
    /// Kinds whose newer run makes this one stale.
    pub inputs: &'static [&'static str],
    pub file: Option<String>,
    /// The report's envelope, or why it cannot be read.
    pub report: Option<Result<Envelope, String>>,
    /// Not all checks were run.
    pub partial: bool,
}

/// A result for each part, in order.
pub fn judge(project: &str, parts: &[Part]) -> Vec<CheckResult> {
    parts.iter().enumerate().map(|(index, part)| result(index, project, part, parts)).collect()
}

fn result(index: usize, project: &str, part: &Part, parts: &[Part]) -> CheckResult {
    let (status, found) = judge_one(project, part, parts);
    CheckResult {
        id: format!("RDY-{:03}", index + 1),
        category: "readiness".to_owned(),
        title: part.kind.to_owned(),
        severity: Severity::Blocker,
        status,
        expected: format!("a finished, green report of `{}`, newer than what it rests on", part.command),
        found,
        evidence: part.file.iter().cloned().collect(),
        remedy: format!("`{}`", part.command),
        duration_ms: 0,
        measures: Vec::new(),
        plots: Vec::new(),
    }
}

fn judge_one(project: &str, part: &Part, parts: &[Part]) -> (Status, String) {
    let envelope = match &part.report {
        None => return (Status::Error, "has not been run".to_owned()),
        Some(Err(error)) => return (Status::Error, format!("cannot be read: {error}")),
        Some(Ok(envelope)) => envelope,
    };
    if envelope.project != project {
        return (Status::Error, format!("is of another project, `{}`", envelope.project));
    }
    if envelope.finished_at.is_none() {
        return (Status::Error, "did not finish".to_owned());
    }
    let words = |prefix: &str| format!("{prefix}{}", envelope.summary);
    match envelope.verdict {
        Verdict::NotReady => return (Status::Fail, words("")),
        Verdict::Incomplete => return (Status::Error, words("incomplete: ")),
        Verdict::Ready | Verdict::ReadyWithWarnings => {}
    }
    if let Some(newer) = newer_input(envelope, part, parts) {
        return (Status::Warn, format!("is stale: `{newer}` ran after it"));
    }
    if part.partial {
        return (Status::Warn, words("not all checks were run: "));
    }
    let status = if envelope.verdict == Verdict::Ready { Status::Pass } else { Status::Warn };
    (status, words(""))
}

/// The kind of an input that finished after `envelope` had begun.
fn newer_input<'a>(envelope: &Envelope, part: &Part, parts: &'a [Part]) -> Option<&'a str> {
    parts
        .iter()
        .filter(|other| part.inputs.contains(&other.kind))
        .filter(|other| {
            let finished = other.report.as_ref().and_then(|report| report.as_ref().ok()?.finished_at);
            finished.is_some_and(|finished| finished > envelope.started_at)
        })
        .map(|other| other.kind)
        .next()
}

/// What the verdict rests on, for the report.
pub fn basis(parts: &[Part]) -> Vec<Basis> {
    parts
        .iter()
        .map(|part| {
            let envelope = part.report.as_ref().and_then(|report| report.as_ref().ok());
            Basis {
                kind: part.kind.to_owned(),
                file: part.file.clone(),
                verdict: envelope.map(|envelope| envelope.verdict),
                finished_at: envelope.and_then(|envelope| envelope.finished_at),
                summary: envelope.map(|envelope| envelope.summary.clone()).unwrap_or_default(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn part(kind: &'static str, inputs: &'static [&'static str], begun: i64, ended: i64) -> Part {
        let mut envelope = Envelope::begin(kind, "twin", "1", "stagectl", at(begun));
        envelope.finish(Verdict::Ready, "fine", at(ended));
        let file = Some(format!("{kind}.json"));
        Part { kind, command: "stagectl x", inputs, file, report: Some(Ok(envelope)), partial: false }
    }

    fn good() -> Vec<Part> {
        vec![part("setup", &[], 1, 2), part("copy", &[], 3, 4), part("validation", &["setup", "copy"], 5, 6)]
    }

    fn verdict(parts: &[Part]) -> Verdict {
        Verdict::over(&judge("twin", parts))
    }

    fn with(fault: impl FnOnce(&mut Envelope)) -> Vec<Part> {
        let mut parts = good();
        if let Some(Ok(envelope)) = &mut parts[2].report {
            fault(envelope);
        }
        parts
    }

    #[test]
    fn green_reports_in_order_are_ready() {
        assert_eq!(verdict(&good()), Verdict::Ready);
        assert_eq!(judge("twin", &good())[0].id, "RDY-001");
    }

    #[test]
    fn a_missing_unread_unfinished_or_foreign_report_is_incomplete() {
        let mut missing = good();
        missing[1].report = None;
        assert_eq!(verdict(&missing), Verdict::Incomplete);
        let mut broken = good();
        broken[1].report = Some(Err("bad".into()));
        assert_eq!(verdict(&broken), Verdict::Incomplete);
        assert_eq!(verdict(&with(|e| e.finished_at = None)), Verdict::Incomplete);
        assert_eq!(verdict(&with(|e| e.project = "other".into())), Verdict::Incomplete);
        assert_eq!(verdict(&with(|e| e.verdict = Verdict::Incomplete)), Verdict::Incomplete);
        assert_eq!(verdict(&[]), Verdict::Incomplete);
    }

    #[test]
    fn a_red_report_is_not_ready() {
        assert_eq!(verdict(&with(|e| e.verdict = Verdict::NotReady)), Verdict::NotReady);
    }

    #[test]
    fn a_validation_before_the_copy_is_stale_and_a_partial_one_warns() {
        let mut stale = good();
        stale[1] = part("copy", &[], 7, 8);
        assert_eq!(verdict(&stale), Verdict::ReadyWithWarnings);
        assert!(judge("twin", &stale)[2].found.contains("`copy` ran after it"));
        let mut partial = good();
        partial[2].partial = true;
        assert_eq!(verdict(&partial), Verdict::ReadyWithWarnings);
    }
}
