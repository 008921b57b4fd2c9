//! What a run found, as data: the envelope that every report has, check results, verdicts.
//! Bytes out; nothing is opened here.

pub mod migration;
mod model;
pub mod schema;
pub mod text;

pub use model::{CheckResult, Counts, Envelope, Report, Severity, Status, Verdict};
