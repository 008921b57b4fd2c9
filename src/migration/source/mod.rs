//! Where a migration comes from: a layout on the disk, or a tool's own commands, becomes a chain
//! of steps. One file per family of layouts, each with its tool's rules of order and transaction.

pub mod commands;
mod flyway;
mod folder;
mod folders;
mod pairs;
mod plain;
mod sections;
mod sqitch;
#[cfg(test)]
mod tests;

use std::path::Path;

use super::script::Script;
use super::step::{Action, Step};
use crate::config::migration::{Layout, Migration};
use crate::failure::Failure;
use folder::{Folder, leading_digits};

/// Looks at the files where the layout is `auto`.
///
/// # Errors
/// A folder that is missing, or holds nothing that any layout knows.
pub fn detect(root: &Path, migration: &Migration) -> Result<Layout, Failure> {
    if migration.layout != Layout::Auto || migration.commands.is_some() {
        return Ok(migration.layout);
    }
    let folder = Folder::open(root, &migration.path)?;
    for (file, layout) in [
        ("up.sql", Layout::Plain),
        ("sqitch.plan", Layout::Sqitch),
        ("sqitch.conf", Layout::Sqitch),
        ("alembic.ini", Layout::Alembic),
        ("manage.py", Layout::Django),
    ] {
        if folder.has(file) {
            return Ok(layout);
        }
    }
    let folders = folder.folders()?;
    if folders.iter().any(|name| folder.at(name).has("migration.sql")) {
        return Ok(Layout::Prisma);
    }
    if folders.iter().any(|name| folder.at(name).has("up.sql")) {
        let is_diesel =
            folders.iter().any(|name| folders::is_diesel_name(name) || folder.at(name).has("metadata.toml"));
        return Ok(if is_diesel { Layout::Diesel } else { Layout::Plain });
    }
    let files = folder.sql_files()?;
    if files.iter().any(|name| flyway::is_name(name)) {
        return Ok(Layout::Flyway);
    }
    let numbered: Vec<&String> = files.iter().filter(|name| !leading_digits(name).is_empty()).collect();
    for name in &numbered {
        let text = folder.text(name)?;
        if sections::is_of(&text, sections::Tool::Dbmate) {
            return Ok(Layout::Dbmate);
        }
        if sections::is_of(&text, sections::Tool::Goose) {
            return Ok(Layout::Goose);
        }
        // Two tools name their files alike; these are the marks of the one of them.
        let is_pair = name.contains("up.sql") || name.contains("down.sql");
        if text.starts_with("-- no-transaction") || !is_pair || beside_cargo(&folder) {
            return Ok(Layout::Sqlx);
        }
    }
    if numbered.is_empty() {
        return Err(Failure::config(format!(
            "migration.path: `{}` holds no migration in a layout that is known",
            migration.path
        ))
        .hint("put `up.sql` and `down.sql` into it, or name the tool with `migration.layout` (--layout)"));
    }
    Ok(Layout::GolangMigrate)
}

fn beside_cargo(folder: &Folder) -> bool {
    folder.has("../Cargo.toml") || folder.has("../../Cargo.toml")
}

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
    let folder = Folder::open(root, &migration.path)?;
    let steps = match migration.layout {
        Layout::Auto => {
            return load(root, &Migration { layout: detect(root, migration)?, ..migration.clone() });
        }
        Layout::Alembic | Layout::Django => Vec::new(),
        Layout::Plain => plain::load(root, migration)?,
        Layout::Diesel => folders::diesel(&folder)?,
        Layout::Prisma => folders::prisma(&folder)?,
        Layout::Sqlx => pairs::load(&folder, pairs::Tool::Sqlx)?,
        Layout::GolangMigrate => pairs::load(&folder, pairs::Tool::GolangMigrate)?,
        Layout::Dbmate => sections::load(&folder, sections::Tool::Dbmate)?,
        Layout::Goose => sections::load(&folder, sections::Tool::Goose)?,
        Layout::Flyway => flyway::load(&folder)?,
        Layout::Sqitch => sqitch::load(&folder)?,
    };
    if steps.is_empty() {
        return Err(Failure::config(format!("migration.path: `{}` holds no migration", migration.path))
            .hint("is `migration.layout` (--layout) that of the tool?"));
    }
    Ok(steps)
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
