//! The six categories of a test, one file each.

mod edge_cases;
mod integrity;
mod logic;
mod performance;
mod prerequisites;
mod rehearsal;
mod rollback;
mod server;
mod shortage;

pub use prerequisites::{Prepared, prepare};

use anyhow::Result;

use super::lab::Lab;
use super::verdict::Category;
use crate::report::CheckResult;
use crate::report::migration::MigrationBody;

/// Runs one category after the prerequisites and adds what it found to the report.
pub async fn run(category: Category, lab: &mut Lab, body: &mut MigrationBody) -> Result<()> {
    let results: Vec<CheckResult> = match category {
        Category::Prerequisites => Vec::new(),
        Category::Logic => logic::run(lab, body).await?,
        Category::Integrity => integrity::run(lab).await?,
        Category::Rollback => rollback::run(lab, body).await?,
        Category::Performance => performance::run(lab, body).await?,
        Category::EdgeCases => Box::pin(edge_cases::run(lab)).await?,
    };
    body.checks.extend(results);
    Ok(())
}

/// Why nothing after up can be looked at.
const UP_STOPPED: &str = "up does not apply; see MIG-LOG-001";
