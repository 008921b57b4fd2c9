//! A file for up and one for down: golang-migrate, sqlx, popx, and what Rails-like tools write as
//! SQL. The version is the number that a name begins with.

use std::collections::BTreeMap;

use super::folder::{Folder, Rule, Transaction, as_number, leading_digits, numeric};
use crate::failure::Failure;
use crate::migration::script::Script;
use crate::migration::step::{Action, Step};

/// Which tool's rules hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    GolangMigrate,
    Sqlx,
}

/// The other half of a pair is found by its stem, so both files must be called the same but for the end.
#[derive(Debug, Default)]
struct Pair {
    up: Option<String>,
    down: Option<String>,
}

pub fn load(folder: &Folder, tool: Tool) -> Result<Vec<Step>, Failure> {
    let mut pairs: BTreeMap<((usize, String), String), Pair> = BTreeMap::new();
    for file in folder.sql_files()? {
        let Some((stem, is_up)) = direction(&file) else { continue };
        let pair = pairs.entry((numeric(leading_digits(stem)), stem.to_owned())).or_default();
        let half = if is_up { &mut pair.up } else { &mut pair.down };
        if let Some(other) = half.replace(file.clone()) {
            return Err(Failure::config(format!(
                "{} and {} are the same half of one migration",
                folder.shown(other).display(),
                folder.shown(&file).display()
            )));
        }
    }
    let mut versions: BTreeMap<String, String> = BTreeMap::new();
    pairs
        .into_iter()
        .map(|((_, stem), pair)| {
            let version = as_number(leading_digits(&stem));
            if let Some(other) = versions.insert(version.clone(), stem.clone()) {
                return Err(Failure::config(format!("`{other}` and `{stem}` have one version, {version}"))
                    .hint("give each migration a version of its own"));
            }
            let Some(up) = pair.up else {
                return Err(Failure::config(format!("`{stem}` has a down and no up")));
            };
            let up = script(folder, &up, tool)?;
            let down = pair.down.map(|file| script(folder, &file, tool)).transpose()?;
            Ok(Step::new(stem, up.into(), down.map(Action::from)).with_id(version))
        })
        .collect()
}

/// A file's stem, and whether it is the up: `1_a.up.sql`, `1_a_up.sql`, `1-a-up.sql`, and `1_a.sql` alone,
/// which is an up. A file of another database (`.mysql.up.sql`) is none.
fn direction(file: &str) -> Option<(&str, bool)> {
    if leading_digits(file).is_empty() {
        return None;
    }
    let name = file.strip_suffix(".sql")?;
    let ends =
        [(".up", true), ("_up", true), ("-up", true), (".down", false), ("_down", false), ("-down", false)];
    let (stem, is_up) =
        ends.iter().find_map(|(end, is_up)| Some((name.strip_suffix(end)?, *is_up))).unwrap_or((name, true));
    if [".mysql", ".sqlite3", ".sqlite", ".cockroach"].iter().any(|other| stem.ends_with(other)) {
        return None;
    }
    Some((stem.strip_suffix(".postgres").unwrap_or(stem), is_up))
}

fn script(folder: &Folder, file: &str, tool: Tool) -> Result<Script, Failure> {
    let text = folder.text(file)?;
    let transaction = match tool {
        Tool::GolangMigrate => Transaction::new("golang-migrate", Rule::OneQuery),
        Tool::Sqlx if text.starts_with("-- no-transaction") => {
            Transaction::new("sqlx", Rule::Separate("`-- no-transaction`"))
        }
        Tool::Sqlx => Transaction::new("sqlx", Rule::Wrapped),
    };
    folder.script_of(file, &text, transaction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_version_and_direction() {
        assert_eq!(direction("1_a.up.sql"), Some(("1_a", true)));
        assert_eq!(direction("20150207134657-users-down.sql"), Some(("20150207134657-users", false)));
        assert_eq!(direction("2_b.sql"), Some(("2_b", true)));
        assert_eq!(direction("2_b.postgres.down.sql"), Some(("2_b", false)));
        assert_eq!(direction("2_b.mysql.down.sql"), None);
        assert_eq!(direction("schema.sql"), None);
    }
}
