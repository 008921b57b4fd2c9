//! The body of `staging-validation-report-*.json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compare::Comparison;
use super::{CheckResult, Counts, Verdict};

/// What `validate` found.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Validation {
    /// Only the essential checks were run.
    pub quick: bool,
    /// `--only` or `--skip` left checks out: no proof of readiness.
    #[serde(default)]
    pub partial: bool,
    pub counts: Counts,
    pub categories: Vec<CategorySummary>,
    /// In the registry's order; while the run goes on, what has finished.
    pub results: Vec<CheckResult>,
    /// With `--compare`: what changed since an earlier run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
}

/// A category of checks at a glance.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CategorySummary {
    pub category: String,
    pub verdict: Verdict,
    pub counts: Counts,
}
