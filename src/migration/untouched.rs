//! The proof that a test left the staging database alone.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};

use super::fingerprint::{State, schema_differences};
use super::lab::differences;
use super::verdict::{Category, Check};
use crate::model::DatabaseAddress;
use crate::postgres::connect;
use crate::report::CheckResult;

/// Compares the staging database with its fingerprint of before.
pub async fn untouched(admin: &DatabaseAddress, before: &State) -> Result<CheckResult> {
    let check = Check::new(
        Category::Integrity,
        8,
        "staging untouched",
        "the staging database has the same fingerprint as before the test",
        "find out who changed it; a test works on clones only",
    )
    .blocker();
    let mut session = connect(admin).await?;
    let after = State::take(&mut session).await.context("take the staging database's fingerprint again")?;
    let others: Vec<String> = session
        .query(
            "SELECT DISTINCT coalesce(nullif(application_name, ''), 'unnamed') FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
            &[],
        )
        .await?
        .iter()
        .map(|row| row.get(0))
        .collect();
    let lines = differences(before, &after, &BTreeSet::new());
    let schema = !schema_differences(&before.schema, &after.schema).is_empty();
    Ok(if lines.is_empty() {
        check.pass("the same schema and data")
    } else if !schema && !others.is_empty() {
        let found = format!("rows changed meanwhile; also connected: {}", others.join(", "));
        check.evidence(lines).warn(found)
    } else {
        check.none_of(lines, "", "differences")
    })
}
