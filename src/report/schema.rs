//! The published JSON Schemas: made from the types, committed under `schemas/`, checked for drift.

use super::Report;
use super::migration::MigrationBody;
use crate::config::ConfigFile;

/// File name and text of every schema.
pub fn all() -> Vec<(&'static str, String)> {
    vec![
        ("stagectl.schema.json", text::<ConfigFile>()),
        ("migration-test-report.schema.json", text::<Report<MigrationBody>>()),
    ]
}

fn text<T: schemars::JsonSchema>() -> String {
    let schema = schemars::schema_for!(T);
    serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
}
