//! The checks: is the twin what its compose file says, does it behave, is it safe?
//!
//! A check is data ([`Check`]) with one function from the shared [`facts::Facts`] to an [`Outcome`].
//! Each category has a folder; [`registry`] concatenates their lists; [`runner`] runs them.
//! What a check concludes from what it read is a pure function with a test that plants the fault.

pub mod application;
pub mod compose;
pub mod database;
pub mod facts;
pub mod front;
pub mod infrastructure;
pub mod integration;
pub mod performance;
pub mod reach;
pub mod redact;
pub mod registry;
pub mod runner;
pub mod security;
pub mod select;
pub mod verdict;

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::report::{Measure, Plot, Severity, Status};
use facts::Facts;

/// The six categories; also the suites of the JUnit report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    Infrastructure,
    Application,
    Database,
    Security,
    Performance,
    Integration,
}

impl Category {
    pub const ALL: [Self; 6] = [
        Self::Infrastructure,
        Self::Application,
        Self::Database,
        Self::Security,
        Self::Performance,
        Self::Integration,
    ];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Infrastructure => "infrastructure",
            Self::Application => "application",
            Self::Database => "database",
            Self::Security => "security",
            Self::Performance => "performance",
            Self::Integration => "integration",
        }
    }
}

/// When a check may run: what measures or loads must not be disturbed, nor disturb others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Reads only; many at a time.
    Read,
    /// Bursts of requests against a limit; one at a time.
    Burst,
    /// Measures times or applies load; one at a time, last.
    Load,
}

/// What a check cannot do without. A need that is unmet makes it an error, never a pass;
/// a need for something that `stagectl.yml` does not have makes it a skip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The engine answers.
    Engine,
    /// The compose file is there and is YAML.
    Compose,
    /// A session as the application's role.
    Database,
    /// A session as the administrator.
    DatabaseAdmin,
    /// A connection to the twin's Redis.
    Cache,
    /// The proxy answers HTTP.
    Http,
    /// The proxy answers TLS.
    Tls,
    /// Prometheus is configured and its container runs.
    Prometheus,
}

impl Need {
    pub const fn words(self) -> &'static str {
        match self {
            Self::Engine => "the engine",
            Self::Compose => "the compose file",
            Self::Database => "the database as the application's role",
            Self::DatabaseAdmin => "the database as its administrator",
            Self::Cache => "Redis",
            Self::Http => "the proxy over HTTP",
            Self::Tls => "the proxy over TLS",
            Self::Prometheus => "Prometheus",
        }
    }
}

/// A check, as data.
#[derive(Clone, Copy)]
pub struct Check {
    /// Stable, such as `SEC-004`.
    pub id: &'static str,
    pub category: Category,
    /// What holds when it passes, in a few words.
    pub title: &'static str,
    /// How much a failure matters. A failed `Minor` or `Info` check only warns.
    pub severity: Severity,
    /// Part of `validate --quick`.
    pub quick: bool,
    pub stage: Stage,
    pub expected: &'static str,
    /// What to do when it fails.
    pub remedy: &'static str,
    pub timeout: Duration,
    pub needs: &'static [Need],
    pub run: for<'a> fn(&'a Facts) -> BoxFuture<'a, Outcome>,
}

impl Check {
    /// The defaults of a category, for `..BASE`: major, not quick, read-only, 10 s, no needs.
    /// One that forgets its function is an error, not a pass.
    pub const fn base(category: Category) -> Self {
        Self {
            id: "",
            category,
            title: "",
            severity: Severity::Major,
            quick: false,
            stage: Stage::Read,
            expected: "",
            remedy: "",
            timeout: Duration::from_secs(10),
            needs: &[],
            run: |_| Box::pin(async { Outcome::error("the check has no function") }),
        }
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub status: Status,
    pub found: String,
    pub evidence: Vec<String>,
    pub measures: Vec<Measure>,
    pub plots: Vec<Plot>,
}

impl Outcome {
    fn new(status: Status, found: impl Into<String>) -> Self {
        Self { status, found: found.into(), evidence: Vec::new(), measures: Vec::new(), plots: Vec::new() }
    }
    pub fn pass(found: impl Into<String>) -> Self {
        Self::new(Status::Pass, found)
    }
    pub fn warn(found: impl Into<String>) -> Self {
        Self::new(Status::Warn, found)
    }
    pub fn fail(found: impl Into<String>) -> Self {
        Self::new(Status::Fail, found)
    }
    /// Does not apply here, for the reason given.
    pub fn skip(reason: impl Into<String>) -> Self {
        Self::new(Status::Skip, reason)
    }
    /// Could not be checked.
    pub fn error(cause: impl Into<String>) -> Self {
        Self::new(Status::Error, cause)
    }

    /// Adds details, a line each.
    #[must_use]
    pub fn evidence(mut self, lines: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.evidence.extend(lines.into_iter().map(Into::into));
        self
    }

    /// Adds numbers for plots and comparisons.
    #[must_use]
    pub fn measures(mut self, measures: impl IntoIterator<Item = Measure>) -> Self {
        self.measures.extend(measures);
        self
    }

    #[must_use]
    pub fn plot(mut self, plot: Plot) -> Self {
        self.plots.push(plot);
        self
    }

    /// Fails with `problems`, one a line; passes when there are none among `checked` `things`
    /// (a plural). Nothing looked at proves nothing: an error.
    pub fn none(problems: Vec<String>, checked: usize, things: &str) -> Self {
        match problems.as_slice() {
            [] if checked == 0 => Self::error(format!("there were no {things} to look at")),
            [] => Self::pass(format!("{checked} {things}")),
            [only] => Self::fail(only.clone()),
            [first, ..] => {
                Self::fail(format!("{} problems, such as {first}", problems.len())).evidence(problems)
            }
        }
    }
}
