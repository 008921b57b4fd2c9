//! Flyway: `V1_2__name.sql`, `U1_2__name.sql` to undo it, `R__name.sql` whenever it changes, in the
//! folder and those below it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::folder::{Folder, Rule, Transaction, numeric};
use crate::config::migration::TransactionMode;
use crate::failure::Failure;
use crate::migration::script::Script;
use crate::migration::step::{Action, Step};

/// What a file's name says.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// Up or undo of a version.
    Versioned {
        is_up: bool,
        version: String,
    },
    Repeatable,
}

/// The parts of a version, each an order of its own.
type Version = Vec<(usize, String)>;

pub fn load(folder: &Folder) -> Result<Vec<Step>, Failure> {
    let mut ups: BTreeMap<Version, (String, PathBuf)> = BTreeMap::new();
    let mut undos: BTreeMap<Version, PathBuf> = BTreeMap::new();
    let mut repeatables: Vec<PathBuf> = Vec::new();
    for file in files(folder, &PathBuf::new())? {
        let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        match kind(&name) {
            Some(Kind::Versioned { is_up: true, version }) => {
                if let Some((other, _)) = ups.insert(order(&version), (version.clone(), file)) {
                    return Err(Failure::config(format!("{name}: there is a version {other} already")));
                }
            }
            Some(Kind::Versioned { is_up: false, version }) => {
                undos.insert(order(&version), file);
            }
            Some(Kind::Repeatable) => repeatables.push(file),
            None => {}
        }
    }
    repeatables.sort_by_key(|file| file.file_name().map(std::ffi::OsStr::to_owned));
    let mut steps = Vec::new();
    for (key, (version, file)) in ups {
        let down = undos.remove(&key).map(|file| script(folder, &file)).transpose()?;
        let mut step =
            Step::new(stem(&file), script(folder, &file)?.into(), down.map(Action::from)).with_id(version);
        if step.down.is_none() {
            step.irreversible = Some("there is no undo script (U…__….sql)".to_owned());
        }
        steps.push(step);
    }
    if let Some(file) = undos.into_values().next() {
        return Err(Failure::config(format!("{}: undoes a version that is not there", file.display())));
    }
    for file in repeatables {
        let id = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let mut step = Step::new(stem(&file), script(folder, &file)?.into(), None).with_id(id);
        step.irreversible = Some("a repeatable migration is replaced, not taken back".to_owned());
        steps.push(step);
    }
    Ok(steps)
}

/// True for the name of a migration of Flyway's.
pub fn is_name(name: &str) -> bool {
    kind(name).is_some()
}

fn files(folder: &Folder, below: &PathBuf) -> Result<Vec<PathBuf>, Failure> {
    let here = folder.at(below);
    let mut all: Vec<PathBuf> = here.sql_files()?.into_iter().map(|name| below.join(name)).collect();
    for name in here.folders()? {
        all.extend(files(folder, &below.join(name))?);
    }
    Ok(all)
}

fn kind(name: &str) -> Option<Kind> {
    let (before, _) = name.strip_suffix(".sql")?.split_once("__")?;
    if before == "R" {
        return Some(Kind::Repeatable);
    }
    let (is_up, version) = match before.split_at_checked(1)? {
        ("V", version) => (true, version),
        ("U", version) => (false, version),
        _ => return None,
    };
    let parts: Vec<&str> = version.split(['.', '_']).collect();
    let digits = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    parts.iter().all(digits).then(|| Kind::Versioned { is_up, version: parts.join(".") })
}

fn order(version: &str) -> Version {
    let mut parts: Version = version.split('.').map(numeric).collect();
    while parts.len() > 1 && parts.last().is_some_and(|part| part.1 == "0") {
        parts.pop();
    }
    parts
}

fn stem(file: &std::path::Path) -> String {
    file.file_stem().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// Flyway puts a file into a transaction, unless a statement forbids it or the file's own
/// configuration does.
fn script(folder: &Folder, file: &std::path::Path) -> Result<Script, Failure> {
    let settings = PathBuf::from(format!("{}.conf", file.display()));
    let says_no = folder.has(&settings)
        && folder.text(&settings)?.lines().any(|line| line.replace(' ', "") == "executeInTransaction=false");
    if says_no {
        return folder
            .script(file, Transaction::new("Flyway", Rule::Separate("`executeInTransaction=false`")));
    }
    Script::parse(folder.shown(file), &folder.text(file)?, TransactionMode::Auto)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_versions_are_flyways_own() {
        let up = |version: &str| Some(Kind::Versioned { is_up: true, version: version.to_owned() });
        assert_eq!(kind("V1__a.sql"), up("1"));
        assert_eq!(kind("V2_1.3__a__b.sql"), up("2.1.3"));
        assert_eq!(kind("R__views.sql"), Some(Kind::Repeatable));
        assert_eq!(kind("V__a.sql"), None);
        assert_eq!(kind("Vx__a.sql"), None);
        assert!(order("1.10") > order("1.9") && order("2") > order("1.10"));
        assert_eq!(order("1.0"), order("1"));
    }
}
