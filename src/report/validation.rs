//! The body of `staging-validation-report-*.json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CheckResult, Counts, Verdict};

/// How the evidence line begins that holds a latency histogram: `≤1ms 12 · ≤2ms 40 · …`.
pub const LATENCIES: &str = "latencies: ";

/// What `validate` found.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Validation {
    /// Only the essential checks were run.
    pub quick: bool,
    pub counts: Counts,
    pub categories: Vec<CategorySummary>,
    /// In the registry's order; while the run goes on, what has finished.
    pub results: Vec<CheckResult>,
}

/// A category of checks at a glance.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CategorySummary {
    pub category: String,
    pub verdict: Verdict,
    pub counts: Counts,
}
