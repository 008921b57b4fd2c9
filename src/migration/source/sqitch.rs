//! sqitch: the order of `sqitch.plan`, with scripts in deploy, revert and verify. Scripts are
//! psql's: one with a meta-command is run by psql itself.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::folder::{Folder, Rule, Transaction};
use crate::failure::Failure;
use crate::migration::command::Command;
use crate::migration::step::{Action, Step};

const PLAN: &str = "sqitch.plan";
const LIMIT: Duration = Duration::from_secs(600);

/// A change of the plan, and the tag that names its scripts where a later change reworks it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Change {
    name: String,
    reworked_after: Option<String>,
}

impl Change {
    fn stem(&self) -> String {
        match &self.reworked_after {
            Some(tag) => format!("{}@{tag}", self.name),
            None => self.name.clone(),
        }
    }
}

pub fn load(folder: &Folder) -> Result<Vec<Step>, Failure> {
    let settings = if folder.has("sqitch.conf") { folder.text("sqitch.conf")? } else { String::new() };
    let setting = |name: &str| setting(&settings, name);
    let top = folder.at(setting("top_dir").unwrap_or_default());
    let file = setting("plan_file").map_or_else(|| top.path.join(PLAN), |file| folder.path.join(file));
    let text = fs_err::read_to_string(&file).map_err(|error| Failure::config(error.to_string()))?;
    let place = |kind: &str| {
        setting(&format!("{kind}_dir")).map_or_else(|| top.at(kind), |configured| folder.at(configured))
    };
    let (deploy, revert, verify) = (place("deploy"), place("revert"), place("verify"));
    changes(&text)
        .map_err(|problem| Failure::config(format!("{}: {problem}", file.display())))?
        .iter()
        .map(|change| {
            let name = change.stem();
            let script = PathBuf::from(format!("{name}.sql"));
            if !deploy.has(&script) {
                let missing = deploy.shown(&script);
                return Err(Failure::config(format!(
                    "sqitch.plan names `{name}`, and {} is not there",
                    missing.display()
                )));
            }
            let optional =
                |place: &Folder| place.has(&script).then(|| action(folder, place, &script)).transpose();
            let mut step = Step::new(name, action(folder, &deploy, &script)?, optional(&revert)?);
            step.verify = optional(&verify)?;
            Ok(step)
        })
        .collect()
}

/// `name = value` of sqitch.conf. Its sections do not repeat these names.
fn setting(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == name).then(|| value.trim().trim_matches('"').to_owned())
    })
}

fn changes(plan: &str) -> Result<Vec<Change>, String> {
    let mut changes: Vec<Change> = Vec::new();
    // Where each name stands last, and the first tag after that.
    let mut last: BTreeMap<String, (usize, Option<String>)> = BTreeMap::new();
    for (number, line) in plan.lines().enumerate() {
        let line = line.split('#').next().unwrap_or("").trim();
        if line.is_empty() || line.starts_with('%') {
            continue;
        }
        let word = line.split_whitespace().next().unwrap_or_default();
        if let Some(tag) = word.strip_prefix('@') {
            for (_, first_tag) in last.values_mut() {
                first_tag.get_or_insert_with(|| tag.to_owned());
            }
            continue;
        }
        if word.starts_with('-') {
            return Err(format!("line {}: reverts inside the plan are not known", number + 1));
        }
        let name = word.trim_start_matches('+').to_owned();
        if let Some((at, tag)) = last.get(&name) {
            let tag = tag.clone().ok_or_else(|| {
                format!("line {}: `{name}` is there twice without a tag between", number + 1)
            })?;
            changes[*at].reworked_after = Some(tag);
        }
        last.insert(name.clone(), (changes.len(), None));
        changes.push(Change { name, reworked_after: None });
    }
    Ok(changes)
}

fn action(project: &Folder, place: &Folder, script: &PathBuf) -> Result<Action, Failure> {
    let text = place.text(script)?;
    if !needs_psql(&text) {
        let transaction = Transaction::new("sqitch", Rule::Separate("psql runs it as it is written"));
        return Ok(place.script_of(script, &text, transaction)?.into());
    }
    let path = place.path.join(script);
    let path = path.strip_prefix(&project.path).unwrap_or(&path).display().to_string();
    Ok(Command {
        line: format!(
            "psql --quiet --no-psqlrc --no-align --tuples-only --set ON_ERROR_STOP=1 --file '{}'",
            path.replace('\'', r"'\''")
        ),
        folder: project.path.clone(),
        environment: BTreeMap::new(),
        limit: LIMIT,
    }
    .into())
}

/// True where a line is psql's own, holds data for COPY, or names a variable of psql's.
fn needs_psql(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start();
        let lower = line.to_ascii_lowercase();
        line.starts_with('\\')
            || lower.starts_with("copy ") && lower.contains("from stdin")
            || [":'", ":\""].iter().any(|variable| line.contains(variable))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reworked_change_keeps_its_first_scripts_under_a_tag() {
        let plan = "%syntax-version=1.0.0\n%project=shop\n\nusers 2020-01-01T00:00:00Z A <a@b> # first\n\
                    flips [users] 2020-01-02T00:00:00Z A <a@b>\n@v1 2020-01-03T00:00:00Z A <a@b>\n@v2 2020-01-03T00:00:00Z A <a@b>\n\
                    users [users@v1] 2020-01-04T00:00:00Z A <a@b>\n";
        let stems: Vec<String> = changes(plan).unwrap().iter().map(Change::stem).collect();
        assert_eq!(stems, ["users@v1", "flips", "users"]);
        assert!(changes("a x\na x\n").unwrap_err().contains("twice"));
    }

    #[test]
    fn what_only_psql_understands_is_left_to_it() {
        assert!(needs_psql("BEGIN;\n\\set x 1\n") && needs_psql("COPY t FROM STDIN;\n1\n\\.\n"));
        assert!(!needs_psql("BEGIN;\nCREATE TABLE t ();\nCOMMIT;\n"));
    }
}
