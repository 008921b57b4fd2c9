//! `copy-data --dry-run --write-masking`: the decisions file, written for a person to review.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::Context;
use crate::cli::Between;
use crate::config::load::{MASKING_FILE, read_text};
use crate::data::draft::draft;
use crate::data::prepare::Prepared;
use crate::data::text;
use crate::failure::Failure;
use crate::store::{self, Mode};

/// Where the decisions of a copy without a stack stand.
pub fn file(between: &Between) -> PathBuf {
    between.masking.clone().unwrap_or_else(|| PathBuf::from(MASKING_FILE))
}

/// Adds a proposal for each undecided column to the file.
///
/// # Errors
/// Refuses to change a file whose layout it cannot add to.
pub fn write(context: &Context, prepared: &Prepared, path: &Path) -> Result<()> {
    let existing = if path.exists() { Some(read_text(path)?) } else { None };
    let undecided = &prepared.plan.undecided;
    let draft = draft(existing.as_deref(), &prepared.plan, &prepared.catalog).map_err(|place| {
        Failure::refused(format!("{}: nothing can be added at `{place}`", path.display())).hint(format!(
            "write that block with a line per key, or add by hand:\n{}",
            text::entry(undecided, true)
        ))
    })?;
    if existing.as_deref() != Some(draft.text.as_str()) {
        store::write(path, draft.text.as_bytes(), Mode::Public)?;
    }
    context.ui.note(format!(
        "{}: {} lines added, {} of them decisions to check; then commit it",
        path.display(),
        draft.added,
        undecided.len()
    ));
    Ok(())
}
