//! Prerequisites: files and data; what `server` says of the server; then the clone that everything works on.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};

use super::server;
use crate::config::migration::CloneBy;
use crate::migration::clone::Clones;
use crate::migration::fingerprint::State;
use crate::migration::lab::{Inputs, Lab, differences};
use crate::migration::pending;
use crate::migration::source::commands;
use crate::migration::step::{Action, Step};
use crate::migration::tables::{self, Table};
use crate::migration::verdict::{Category, Check};
use crate::postgres::connect;
use crate::report::{CheckResult, Status};
use crate::ui::Ui;

/// The check that names them.
const LONG_TRANSACTIONS: &str = "MIG-PRE-005";

/// What the prerequisites came to.
pub struct Prepared {
    pub results: Vec<CheckResult>,
    pub server_version: String,
    /// The steps that are tried.
    pub steps: Vec<Step>,
    /// The original's fingerprint, from before anything was tried.
    pub original: State,
    /// The laboratory; absent where a prerequisite failed or nothing is pending.
    pub lab: Option<Box<Lab>>,
}

pub(super) fn check(number: u32, title: &str, expected: &str, remedy: &str) -> Check {
    Check::new(Category::Prerequisites, number, title, expected, remedy)
}

/// Checks what a test needs and makes the pristine clone.
pub async fn prepare(mut inputs: Inputs, clones: Clones, ui: &Ui) -> Result<Prepared> {
    let (version, server_version) = server::version(&clones).await?;
    let mut results = vec![version];
    results.push(server::rights(&clones, inputs.container.is_some()).await?);
    results.push(server::quiet(&clones).await?);
    results.push(server::space(&clones, inputs.container.as_deref()).await?);
    results.push(server::standbys(&clones).await?);
    let original = State::take(&mut connect(&clones.admin_address).await?)
        .await
        .with_context(|| format!("take the fingerprint of {}", clones.admin_address.name))?;
    if results.iter().any(|result| result.id == LONG_TRANSACTIONS && result.status == Status::Fail) {
        // No copy can be made while they last: what is known so far says why.
        return Ok(Prepared { results, server_version, steps: inputs.steps, original, lab: None });
    }
    let (made, base, cloned) = clone(&clones, inputs.config.clone, &original, ui).await?;
    results.push(made);
    let address = clones.user_address.database(&base);
    inputs.steps.extend(commands::steps(&inputs.root, &inputs.config, &address).await?);
    results.push(files(&inputs));
    results.push(names_in_config_are_used(&inputs));
    results.push(pending(&mut inputs, &clones, &base).await?);
    results.push(server::extensions(&clones, &base, &inputs.steps).await?);
    let (base, before) = if inputs.config.all {
        clones.drop_clone(&base).await?;
        let empty = clones.empty().await?;
        let state = State::take(&mut clones.as_admin(&empty).await?).await?;
        (empty, state)
    } else {
        (base, cloned)
    };
    let base_session = clones.as_admin(&base).await?;
    let mut names: BTreeSet<String> = inputs.config.conversions.iter().map(|c| c.table.clone()).collect();
    for step in &inputs.steps {
        names.extend(step.up.names());
        names.extend(step.down.iter().flat_map(Action::names));
    }
    let tables = tables::named(&base_session, &names).await?;
    drop(base_session);
    results.push(config_matches(&inputs, &tables));
    results.push(rows(&tables));
    let failed = results.iter().any(|r| matches!(r.status, Status::Fail | Status::Error));
    let steps = inputs.steps.clone();
    let lab = (!failed && !steps.is_empty())
        .then(|| Box::new(Lab::new(inputs, clones, ui.clone(), base, before, tables)));
    Ok(Prepared { results, server_version, steps, original, lab })
}

/// Leaves the steps that the tool would take: those that the database does not have yet.
async fn pending(inputs: &mut Inputs, clones: &Clones, base: &str) -> Result<CheckResult> {
    let check = check(
        10,
        "pending steps",
        "there are steps that the staging database does not have yet",
        "nothing is to be done; `--all-migrations` tests the whole history from an empty database",
    );
    let total = inputs.steps.len();
    if inputs.config.all {
        return Ok(check.pass(format!("all {total} steps, from an empty database")));
    }
    let steps = std::mem::take(&mut inputs.steps);
    let (applied, left) = pending::part(&clones.as_admin(base).await?, steps).await?;
    inputs.steps = left;
    let applied: Vec<String> = applied.into_iter().map(|step| step.name).collect();
    let found = format!("{} of {total} steps", inputs.steps.len());
    Ok(if inputs.steps.is_empty() {
        check.evidence(applied).warn("nothing is pending, so nothing was tried")
    } else {
        check.evidence(applied.iter().map(|name| format!("{name} is applied already"))).pass(found)
    })
}

fn files(inputs: &Inputs) -> CheckResult {
    let check = check(
        1,
        "migration files",
        "each step has an up and a down, and both can be read",
        "write the missing down: without it the step cannot be taken back",
    );
    let missing: Vec<String> = inputs
        .steps
        .iter()
        .filter(|step| !inputs.config.irreversible.contains(&step.name))
        .filter_map(|step| Some(format!("{}: {}", step.name, step.no_way_back()?)))
        .collect();
    let (ups, downs) = inputs.steps.iter().fold((0, 0), |(ups, downs), step| {
        (ups + step.up.count(), downs + step.down.as_ref().map_or(0, Action::count))
    });
    let found = format!("{} step(s), {ups} statements up, {downs} down", inputs.steps.len());
    // The rollback's own checks fail; the files that are there can still be tried.
    if missing.is_empty() { check.pass(found) } else { check.evidence(missing).warn(found) }
}

fn names_in_config_are_used(inputs: &Inputs) -> CheckResult {
    let check = check(
        2,
        "accepted steps",
        "`migration.irreversible` names steps that exist",
        "take the names out of `migration.irreversible`, or correct them",
    );
    let unknown: Vec<String> = inputs
        .config
        .irreversible
        .iter()
        .filter(|name| !inputs.steps.iter().any(|step| step.name == **name))
        .map(|name| format!("there is no step `{name}`"))
        .collect();
    check.none_of(
        unknown,
        &format!("{} accepted as irreversible", inputs.config.irreversible.len()),
        "unknown steps",
    )
}

async fn clone(
    clones: &Clones,
    by: CloneBy,
    original: &State,
    ui: &Ui,
) -> Result<(CheckResult, String, State)> {
    let check = check(
        7,
        "clone",
        "a clone of the staging database, equal to it by fingerprint",
        "end the sessions that are at work in the staging database and try again",
    )
    .blocker();
    let made = match by {
        CloneBy::Template => clones.copy_original().await?,
        CloneBy::Dump => clones.dump_original().await?,
    };
    ui.detail(format!("clone {} in {} ms", made.name, made.ms));
    let state = State::take(&mut clones.as_admin(&made.name).await?).await?;
    let different: Vec<String> = differences(original, &state, &BTreeSet::new())
        .into_iter()
        // Rights on the database itself belong to its name.
        .filter(|line| !line.starts_with("database ") && !line.starts_with("comment database "))
        .collect();
    let mut found = format!("made in {} ms", made.ms);
    if !made.closed.is_empty() {
        found.push_str(&format!("; idle sessions closed for it: {}", made.closed.join(", ")));
    }
    let result = if different.is_empty() {
        check.pass(found)
    } else {
        check.evidence(different).fail("the staging database changed while it was copied")
    };
    Ok((result, made.name, state))
}

fn config_matches(inputs: &Inputs, tables: &[Table]) -> CheckResult {
    let check = check(
        8,
        "conversions name what exists",
        "the table and column of each conversion exist",
        "correct `migration.conversions` in stagectl.yml",
    );
    let wrong: Vec<String> = inputs
        .config
        .conversions
        .iter()
        .filter_map(|c| match tables.iter().find(|table| table.is_called(&c.table)) {
            None => Some(format!("there is no table `{}`", c.table)),
            Some(table) if table.column(&c.column).is_none() => {
                Some(format!("table `{}` has no column `{}`", c.table, c.column))
            }
            Some(_) => None,
        })
        .collect();
    check.none_of(wrong, &format!("{} conversions", inputs.config.conversions.len()), "unknown names")
}

fn rows(tables: &[Table]) -> CheckResult {
    let check = check(
        9,
        "rows to migrate",
        "the tables that the migration names hold rows",
        "run `stagectl copy-data` first: an empty table proves little",
    );
    let empty: Vec<String> =
        tables.iter().filter(|t| t.rows == 0).map(|t| format!("{} is empty", t.quoted)).collect();
    let full: Vec<String> =
        tables.iter().filter(|t| t.rows > 0).map(|t| format!("{}: {} rows", t.quoted, t.rows)).collect();
    let found = format!("{} of {} tables hold rows", full.len(), tables.len());
    if !tables.is_empty() && full.is_empty() {
        check.evidence(empty).warn(found)
    } else {
        check.evidence(full).evidence(empty).pass(found)
    }
}
