//! Builds check results: an id, what is expected and what to do stand first, the answer last.

use std::time::Instant;

use crate::report::{CheckResult, Severity, Status};

/// The six parts of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    Prerequisites,
    Logic,
    Integrity,
    Rollback,
    Performance,
    EdgeCases,
}

impl Category {
    pub const ALL: [Self; 6] = [
        Self::Prerequisites,
        Self::Logic,
        Self::Integrity,
        Self::Rollback,
        Self::Performance,
        Self::EdgeCases,
    ];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Prerequisites => "prerequisites",
            Self::Logic => "logic",
            Self::Integrity => "integrity",
            Self::Rollback => "rollback",
            Self::Performance => "performance",
            Self::EdgeCases => "edge-cases",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.word() == word)
    }

    const fn prefix(self) -> &'static str {
        match self {
            Self::Prerequisites => "MIG-PRE",
            Self::Logic => "MIG-LOG",
            Self::Integrity => "MIG-INT",
            Self::Rollback => "MIG-ROL",
            Self::Performance => "MIG-PRF",
            Self::EdgeCases => "MIG-EDG",
        }
    }
}

/// A check under way.
#[derive(Debug)]
pub struct Check {
    result: CheckResult,
    start: Instant,
}

impl Check {
    /// Begins a check; its time runs from here.
    pub fn new(category: Category, number: u32, title: &str, expected: &str, remedy: &str) -> Self {
        Self {
            result: CheckResult {
                id: format!("{}-{number:03}", category.prefix()),
                category: category.word().to_owned(),
                title: title.to_owned(),
                severity: Severity::Major,
                status: Status::Error,
                expected: expected.to_owned(),
                found: String::new(),
                evidence: Vec::new(),
                remedy: remedy.to_owned(),
                duration_ms: 0,
                measures: Vec::new(),
                plots: Vec::new(),
            },
            start: Instant::now(),
        }
    }

    #[must_use]
    pub fn blocker(mut self) -> Self {
        self.result.severity = Severity::Blocker;
        self
    }

    /// Details, a line each.
    #[must_use]
    pub fn evidence(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.result.evidence.extend(lines);
        self
    }

    pub fn pass(self, found: impl Into<String>) -> CheckResult {
        self.end(Status::Pass, found)
    }
    pub fn warn(self, found: impl Into<String>) -> CheckResult {
        self.end(Status::Warn, found)
    }
    pub fn fail(self, found: impl Into<String>) -> CheckResult {
        self.end(Status::Fail, found)
    }
    pub fn skip(self, why: impl Into<String>) -> CheckResult {
        self.end(Status::Skip, why)
    }
    pub fn error(self, why: impl Into<String>) -> CheckResult {
        self.end(Status::Error, why)
    }

    /// Passes where nothing was found, fails with the findings as evidence otherwise.
    pub fn none_of(self, findings: Vec<String>, good: &str, bad: &str) -> CheckResult {
        if findings.is_empty() {
            self.pass(good)
        } else {
            let found = format!("{bad}: {}", findings.len());
            self.evidence(findings).fail(found)
        }
    }

    fn end(mut self, status: Status, found: impl Into<String>) -> CheckResult {
        self.result.status = status;
        self.result.found = found.into();
        self.result.duration_ms = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.result
    }
}
