//! What one step of the stairway came to. Pure.

use crate::migration::apply::Stopped;
use crate::migration::fingerprint::{State, schema_differences, sequence_drifts};

/// How a step was tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Way {
    /// It was taken only: there is nothing to take it back with.
    #[default]
    UpOnly,
    /// Up, down and up in one transaction.
    Transaction,
    /// On the clone that walks up, with commits.
    Commits,
    /// On a clone of its own, with commits.
    Clone,
}

impl Way {
    pub const fn words(self) -> &'static str {
        match self {
            Self::UpOnly => "up only",
            Self::Transaction => "in one transaction",
            Self::Commits => "with commits",
            Self::Clone => "on a clone of its own",
        }
    }
}

/// The verdict on one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StairVerdict {
    Pass,
    /// Restored, but for what is no fault: columns in another order, sequences that rows moved.
    Note,
    Fail,
    /// It says itself that there is no way back.
    Irreversible,
    Skipped,
}

impl StairVerdict {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Note => "note",
            Self::Fail => "fail",
            Self::Irreversible => "irreversible",
            Self::Skipped => "skipped",
        }
    }
}

/// One step.
#[derive(Debug, Clone, Default)]
pub struct Stair {
    pub name: String,
    pub way: Way,
    /// Wall time with fingerprints, in milliseconds.
    pub ms: f64,
    pub up_ms: f64,
    pub down_ms: f64,
    /// Taking and comparing fingerprints, in milliseconds.
    pub fingerprint_ms: f64,
    /// Why it was skipped, or tried as it was.
    pub reason: String,
    /// Statements that stop.
    pub stopped: Vec<String>,
    /// Objects that down does not restore.
    pub schema: Vec<String>,
    /// Rows and sequences that down does not restore.
    pub data: Vec<String>,
    /// What a second up makes otherwise.
    pub again: Vec<String>,
    pub notes: Vec<String>,
    /// Why there is no way back, in the step's own words.
    pub declared: Option<String>,
    /// True where up stops, so that no later step can be tried.
    pub ends_here: bool,
    pub skipped: bool,
    /// What a down that stopped left, to be compared with the state before it.
    pub(super) left: Option<Box<State>>,
}

/// Why the steps after one that stops are not tried.
pub(super) fn named_not(name: &str) -> String {
    format!("the up of {name} stops")
}

impl Stair {
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    pub fn skipped(name: &str, why: String) -> Self {
        Self { skipped: true, reason: why, ..Self::new(name) }
    }

    pub fn verdict(&self) -> StairVerdict {
        if self.skipped {
            StairVerdict::Skipped
        } else if self.findings().next().is_some() {
            StairVerdict::Fail
        } else if self.declared.is_some() {
            StairVerdict::Irreversible
        } else if self.notes.is_empty() {
            StairVerdict::Pass
        } else {
            StairVerdict::Note
        }
    }

    /// Everything that is wrong.
    pub fn findings(&self) -> impl Iterator<Item = &String> {
        [&self.stopped, &self.schema, &self.data, &self.again].into_iter().flatten()
    }

    /// One line for a person.
    pub fn line(&self) -> String {
        match self.verdict() {
            StairVerdict::Pass if self.reason.is_empty() => "down restores what was before up".to_owned(),
            StairVerdict::Pass => self.reason.clone(),
            StairVerdict::Note => format!("down restores what was before up; {}", self.notes.join("; ")),
            StairVerdict::Fail => self.findings().cloned().collect::<Vec<_>>().join("; "),
            StairVerdict::Irreversible => {
                format!("declared irreversible: {}", self.declared.clone().unwrap_or_default())
            }
            StairVerdict::Skipped => format!("skipped: {}", self.reason),
        }
    }

    pub(super) fn up_stops(&mut self, stopped: &Stopped) {
        self.stopped.push(format!("up of {} stops: {}", self.name, stopped.line()));
        self.ends_here = true;
    }

    pub(super) fn down_stops(&mut self, stopped: &Stopped) {
        if stopped.is_raised() {
            self.declared = Some(format!("down raises `{}`", stopped.message));
        } else {
            self.stopped.push(stopped.line());
        }
    }

    /// Compares the state after down with the one before up; rows are named by the caller, who can
    /// see both.
    pub(super) fn compare(&mut self, before: &State, restored: &State) {
        for difference in schema_differences(&before.schema, &restored.schema) {
            if difference.note_only {
                self.notes
                    .push(format!("columns of {} stand in another order (order only)", difference.identity));
            } else {
                self.schema.push(difference.line());
            }
        }
        for drift in sequence_drifts(&before.data, &restored.data) {
            if drift.by_rows {
                self.notes.push(format!("{}: sequences do not go back", drift.line()));
            } else {
                self.data.push(drift.line());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_follows_from_what_was_found() {
        let mut stair = Stair::new("01");
        assert_eq!(stair.verdict(), StairVerdict::Pass);
        stair.notes.push("columns of t stand in another order (order only)".into());
        assert_eq!(stair.verdict(), StairVerdict::Note);
        stair.declared = Some("there is no down".into());
        assert_eq!(stair.verdict(), StairVerdict::Irreversible);
        stair.schema.push("table t is gone".into());
        assert_eq!(stair.verdict(), StairVerdict::Fail);
        assert_eq!(stair.line(), "table t is gone");
        assert_eq!(Stair::skipped("02", named_not("01")).line(), "skipped: the up of 01 stops");
    }

    #[test]
    fn a_down_that_raises_declares_itself() {
        let stop = |sqlstate: &str| Stopped {
            place: "d.sql:1".into(),
            statement: "DO".into(),
            sqlstate: sqlstate.into(),
            message: "no way".into(),
        };
        let mut stair = Stair::new("01");
        stair.down_stops(&stop("P0001"));
        assert_eq!(stair.verdict(), StairVerdict::Irreversible);
        stair.down_stops(&stop("42P01"));
        assert_eq!(stair.verdict(), StairVerdict::Fail);
    }
}
