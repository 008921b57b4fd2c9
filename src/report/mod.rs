//! What a run found, as data: the envelope that every report has, check results, verdicts.
//! Bytes out; nothing is opened here.

pub mod cache_copy;
pub mod compare;
pub mod copy;
pub mod exposition;
pub mod html;
pub mod junit;
mod measure;
pub mod migrate;
pub mod migration;
mod model;
pub mod readiness;
pub mod schema;
pub mod setup;
pub mod tap;
pub mod text;
pub mod validation;

pub use measure::{Answered, LatencyBar, Measure, Plot, Unit};
pub use model::{CheckResult, Counts, Envelope, Report, Severity, Status, Verdict};
pub use validation::{CategorySummary, Validation};
