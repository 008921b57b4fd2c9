//! Advice: unsafe patterns, found in what was seen of a migration first, in its text only where
//! nothing ran. `rules` is what is said, `seen` finds it, `facts` is what it must know, `text` is
//! for what did not run.

mod facts;
mod rules;
mod seen;
mod text;
mod types;

pub use facts::{Facts, Named};
pub use rules::{Harm, Rule};
pub use seen::advise;
pub use text::by_words;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub rule: &'static str,
    pub harm: Harm,
    pub title: &'static str,
    /// `file:line`, or the command and its statement.
    pub place: String,
    pub statement: String,
    /// The table, column or index.
    pub object: String,
    /// What was seen.
    pub seen: String,
    /// The safe way to write it.
    pub safe: String,
}

impl Finding {
    pub fn line(&self) -> String {
        format!(
            "{} {} ({}): {}: {}; {} — safe: {}",
            self.place,
            self.rule,
            self.harm.word(),
            self.object,
            self.title,
            self.seen,
            self.safe
        )
    }
}
