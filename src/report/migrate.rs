//! The body of `staging-backups/migrate-report-*.json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What `migrate` did to the staging database.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct MigrateBody {
    pub database: String,
    /// `up` or `down`.
    pub direction: String,
    /// The run, as `staging_migrations.applied_steps` names it.
    pub run: String,
    /// The steps in the order in which they were taken; the last one may have failed.
    pub steps: Vec<MigrateStep>,
    /// The database that holds the state before, after a success.
    pub copy: Option<String>,
    /// True: a step failed, and staging is as before.
    pub returned: bool,
    /// Databases with what failed runs left, put aside.
    pub kept: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MigrateStep {
    pub name: String,
    pub ms: f64,
}
