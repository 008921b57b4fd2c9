//! The published JSON Schemas: made from the types, committed under `schemas/`, checked for drift.

use super::copy::CopyBody;
use super::migrate::MigrateBody;
use super::migration::MigrationBody;
use super::readiness::Readiness;
use super::setup::Setup;
use super::{Report, Validation};
use crate::config::ConfigFile;

/// File name and text of every schema.
pub fn all() -> Vec<(&'static str, String)> {
    vec![
        ("stagectl.schema.json", text::<ConfigFile>()),
        ("setup-report.schema.json", text::<Report<Setup>>()),
        ("staging-validation-report.schema.json", text::<Report<Validation>>()),
        ("readiness-report.schema.json", text::<Report<Readiness>>()),
        ("migration-test-report.schema.json", text::<Report<MigrationBody>>()),
        ("migrate-report.schema.json", text::<Report<MigrateBody>>()),
        ("test-data-summary.schema.json", text::<Report<CopyBody>>()),
    ]
}

fn text<T: schemars::JsonSchema>() -> String {
    let schema = schemars::schema_for!(T);
    serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
}
