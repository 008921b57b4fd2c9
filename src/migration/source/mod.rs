//! Where a migration comes from: a layout on the disk, or a tool's own commands, becomes a chain
//! of steps. One file per layout, each with its tool's rules of order and transaction.

pub mod commands;
mod plain;

use std::path::Path;

use super::script::Script;
use super::step::{Action, Step};
use crate::config::migration::Migration;
use crate::failure::Failure;

/// Reads the steps in the order in which they are applied. Those of commands are not on the disk:
/// `commands::steps` asks for them.
///
/// # Errors
/// A folder that is missing or has no step, a file that cannot be split into statements (with its
/// line), a statement that would reach outside the clone.
pub fn load(root: &Path, migration: &Migration) -> Result<Vec<Step>, Failure> {
    if commands::configured(migration).is_some() {
        return Ok(Vec::new());
    }
    plain::load(root, migration)
}

/// One step of two files.
///
/// # Errors
/// As [`load`].
pub fn load_files(up: &Path, down: Option<&Path>, migration: &Migration) -> Result<Step, Failure> {
    let read = |path: &Path| -> Result<Script, Failure> {
        let text = fs_err::read_to_string(path).map_err(|error| Failure::config(error.to_string()))?;
        Script::parse(path.to_owned(), &text, migration.transaction)
    };
    let name = up.file_stem().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok(Step::new(name, read(up)?.into(), down.map(read).transpose()?.map(Action::from)))
}
