//! What a run found, as data: the envelope that every report has, check results, verdicts.
//! Bytes out; nothing is opened here.

pub mod cache_copy;
pub mod copy;
pub mod html;
pub mod junit;
pub mod migrate;
pub mod migration;
mod model;
pub mod readiness;
pub mod schema;
pub mod setup;
pub mod text;
pub mod validation;

pub use model::{CheckResult, Counts, Envelope, Report, Severity, Status, Verdict};
pub use validation::{CategorySummary, Validation};
