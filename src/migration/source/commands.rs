//! Steps that a tool's own commands take: which there are, and the command line of each.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::config::migration::{Commands, Layout, Migration, StepNames};
use crate::failure::Failure;
use crate::migration::command::Command;
use crate::migration::step::Step;
use crate::model::DatabaseAddress;

/// The name of the one step where a command takes all of them at once.
const ALL: &str = "all";

/// The commands of a migration: those that are configured, else those of a tool that is known.
pub fn configured(migration: &Migration) -> Option<Commands> {
    if let Some(commands) = &migration.commands {
        return Some(commands.clone());
    }
    let (up, down, steps, first) = match migration.layout {
        Layout::Alembic => {
            ("alembic upgrade {step}", "alembic downgrade {previous}", "alembic history", "base")
        }
        Layout::Django => (
            "python manage.py migrate {app} {name}",
            "python manage.py migrate {app} {previous_name}",
            "python manage.py showmigrations --plan",
            "zero",
        ),
        _ => return None,
    };
    Some(Commands {
        down: Some(down.to_owned()),
        steps: Some(StepNames::Command(steps.to_owned())),
        first: first.to_owned(),
        ..Commands::of(up)
    })
}

/// Lists the steps. A command that prints them runs with the address of a clone.
///
/// # Errors
/// Where that command fails or prints nothing that is a step.
pub async fn steps(root: &Path, migration: &Migration, address: &DatabaseAddress) -> Result<Vec<Step>> {
    let Some(commands) = configured(migration) else { return Ok(Vec::new()) };
    let folder = root.join(commands.directory.as_ref().unwrap_or(&migration.path));
    let mut environment = commands.environment.clone();
    if let Some(role) = &migration.role {
        // What libpq and its kin send when they connect.
        environment.entry("PGOPTIONS".to_owned()).or_insert_with(|| format!("-c role={role}"));
    }
    let command = |line: String| Command {
        line,
        folder: folder.clone(),
        environment: environment.clone(),
        limit: Duration::from_secs(commands.timeout_s),
    };
    let names = match &commands.steps {
        None => vec![ALL.to_owned()],
        Some(StepNames::Names(names)) => names.clone(),
        Some(StepNames::Command(line)) => names(&command(line.clone()).ask(address).await?),
    };
    if names.is_empty() {
        return Err(Failure::config("`migration.commands.steps` prints no step")
            .hint("it must print one step on a line, oldest first, or what `alembic history` prints")
            .into());
    }
    Ok((0..names.len())
        .map(|at| {
            let line = |template: &String| command(fill(template, &names, at, &commands.first));
            let down = commands.down.as_ref().map(|template| line(template).into());
            Step::new(names[at].clone(), line(&commands.up).into(), down)
        })
        .collect())
}

/// The steps in what a command prints: a word on each line; what alembic says after `->`, newest
/// first; what Django says after `[ ]`.
fn names(text: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    let from_alembic = text.lines().any(|line| line.contains(" -> "));
    let name = |line: &str| -> Option<String> {
        let line = match line.trim().split_once(" -> ") {
            Some((_, after)) => after,
            None if from_alembic => return None,
            None => line.trim().trim_start_matches("[X]").trim_start_matches("[ ]"),
        };
        let word = line.split_whitespace().next()?.trim_end_matches(',');
        Some(word.to_owned())
    };
    let mut names: Vec<String> = text.lines().filter_map(name).collect();
    if from_alembic {
        names.reverse();
    }
    names.retain(|name| seen.insert(name.clone()));
    names
}

/// Fills in the step and the one before it.
fn fill(template: &str, names: &[String], at: usize, first: &str) -> String {
    let step = &names[at];
    let previous = at.checked_sub(1).map_or(first, |before| names[before].as_str());
    let (app, name) = step.split_once('.').unwrap_or((step, step));
    let of_app = |other: &&String| other.split_once('.').is_some_and(|(owner, _)| owner == app);
    let previous_name = names[..at]
        .iter()
        .rev()
        .find(of_app)
        .and_then(|other| other.split_once('.'))
        .map_or(first, |(_, name)| name);
    template
        .replace("{step}", &quote(step))
        .replace("{previous}", &quote(previous))
        .replace("{app}", &quote(app))
        .replace("{name}", &quote(name))
        .replace("{previous_name}", &quote(previous_name))
}

/// As one word of the shell.
fn quote(word: &str) -> String {
    if word.chars().all(|c| c.is_ascii_alphanumeric() || "._-+:@/".contains(c)) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_read_from_what_each_tool_prints() {
        assert_eq!(names("001\n002 add it\n\n002\n"), ["001", "002"]);
        let alembic = "INFO  [alembic] about\nb2 -> c3 (head), third\na1, x9 -> b2 (mergepoint), it -- says\n<base> -> a1, first\n";
        assert_eq!(names(alembic), ["a1", "b2", "c3"]);
        let django = "[X]  auth.0001_initial\n[ ]  shop.0001_initial ... (auth.0001_initial)\n";
        assert_eq!(names(django), ["auth.0001_initial", "shop.0001_initial"]);
    }

    #[test]
    fn a_command_names_its_step_and_the_one_before() {
        let names: Vec<String> = ["a.1", "b.1", "a.2", "it's"].iter().map(|s| (*s).to_owned()).collect();
        assert_eq!(fill("up {step} from {previous}", &names, 1, "base"), "up b.1 from a.1");
        assert_eq!(fill("{previous}", &names, 0, "base"), "base");
        assert_eq!(fill("{app} {name} {previous_name}", &names, 2, "zero"), "a 2 1");
        assert_eq!(fill("{app} {name} {previous_name}", &names, 1, "zero"), "b 1 zero");
        assert_eq!(fill("up {step}", &names, 3, ""), r"up 'it'\''s'");
    }
}
