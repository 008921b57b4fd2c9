//! Prerequisites: files, server, rights, data, quiet; then the clone that everything works on.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};

use crate::config::migration::CloneBy;
use crate::engine::Engine;
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

/// The oldest server that DROP DATABASE … WITH (FORCE) runs on.
const OLDEST: i32 = 130_000;
/// The check that names them.
const LONG_TRANSACTIONS: &str = "MIG-PRE-005";
/// Transactions older than this hold up a clone and a migration alike.
const LONG_TRANSACTION_SECONDS: f64 = 30.0;

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

fn check(number: u32, title: &str, expected: &str, remedy: &str) -> Check {
    Check::new(Category::Prerequisites, number, title, expected, remedy)
}

/// Checks what a test needs and makes the pristine clone.
pub async fn prepare(mut inputs: Inputs, clones: Clones, ui: &Ui) -> Result<Prepared> {
    let (version, server_version) = version(&clones).await?;
    let mut results = vec![version];
    results.push(rights(&clones, inputs.container.is_some()).await?);
    results.push(quiet(&clones).await?);
    results.push(space(&clones, inputs.container.as_deref()).await?);
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

async fn version(clones: &Clones) -> Result<(CheckResult, String)> {
    let check =
        check(3, "server version", "PostgreSQL 13 or newer", "run the twin on the version of production");
    let row = clones
        .admin()
        .query_one(
            "SELECT current_setting('server_version_num')::int, current_setting('server_version')",
            &[],
        )
        .await
        .context("ask the server's version")?;
    let (number, text): (i32, String) = (row.get(0), row.get(1));
    Ok((judge_version(check, number, &text), text))
}

fn judge_version(check: Check, number: i32, text: &str) -> CheckResult {
    let found = format!("PostgreSQL {text}");
    if number >= OLDEST { check.pass(found) } else { check.fail(found) }
}

async fn rights(clones: &Clones, is_twin: bool) -> Result<CheckResult> {
    let (user, database) = (&clones.migrates_as(), &clones.admin_address.name);
    let check = check(
        4,
        "rights",
        "the migration's role is no superuser and may create in the database; the administrator sees every row",
        "let the application's role own the staging database, and give it no superuser rights",
    );
    let rows = clones
        .admin()
        .query(
            "SELECT r.rolsuper, has_database_privilege(r.oid, d.oid, 'CREATE'), a.rolsuper OR a.rolbypassrls, a.rolsuper OR a.rolcreatedb
             FROM pg_roles r, pg_database d, pg_roles a WHERE r.rolname = $1 AND d.datname = $2 AND a.rolname = current_user",
            &[user, database],
        )
        .await?;
    let Some(row) = rows.first() else {
        return Ok(check.fail(format!("there is no role `{user}` or no database `{database}`")));
    };
    let (superuser, creates, sees, makes): (bool, bool, bool, bool) =
        (row.get(0), row.get(1), row.get(2), row.get(3));
    let mut wrong = Vec::new();
    if superuser && !is_twin && creates && makes {
        let found = format!("`{user}` is a superuser, which row security and missing rights do not stop");
        return Ok(check.evidence(["give the role of production with --role".to_owned()]).warn(found));
    }
    if superuser {
        wrong.push(format!("`{user}` is a superuser: what it may do here, production's role may not"));
    }
    if !creates {
        wrong.push(format!("`{user}` may not create schemas in `{database}`"));
    }
    // With one role for everything, the fingerprint itself refuses where rows would be hidden.
    if !sees && is_twin {
        wrong.push("the administrator does not see rows behind row security".to_owned());
    }
    if !makes {
        wrong.push("the administrator may not create databases".to_owned());
    }
    Ok(check.none_of(wrong, &format!("`{user}` runs the migration"), "wrong rights"))
}

async fn quiet(clones: &Clones) -> Result<CheckResult> {
    let check = check(
        5,
        "no long transactions",
        "no transaction older than 30 s and no prepared one in the staging database",
        "end the sessions that are named, or wait for them",
    );
    let rows = clones
        .admin()
        .query(
            "SELECT format('process %s of %s: %s for %s s', pid, coalesce(nullif(application_name, ''), 'unnamed'), state, extract(epoch FROM now() - xact_start)::int)
             FROM pg_stat_activity WHERE datname = $1 AND extract(epoch FROM now() - xact_start)::float8 > $2
             UNION ALL SELECT format('prepared transaction %s', gid) FROM pg_prepared_xacts WHERE database = $1",
            &[&clones.admin_address.name, &LONG_TRANSACTION_SECONDS],
        )
        .await?;
    Ok(check.none_of(rows.iter().map(|row| row.get(0)).collect(), "none", "long transactions"))
}

/// The clones of one run at their most, and some air for the log of a rewrite.
const CLONES_AT_ONCE: i64 = 5;

async fn space(clones: &Clones, container: Option<&str>) -> Result<CheckResult> {
    let check = check(
        6,
        "free disk",
        "the server's disk has room for five databases of this size",
        "free some space on the disk of the database's volume",
    );
    let Some(container) = container else {
        return Ok(check.skip("the server is none of stagectl's, and SQL does not tell"));
    };
    let row = clones
        .admin()
        .query_one(
            "SELECT pg_database_size($1::name), current_setting('data_directory')",
            &[&clones.admin_address.name],
        )
        .await
        .context("ask for the database's size")?;
    let (size, folder): (i64, String) = (row.get(0), row.get(1));
    let kilobytes = match free_kilobytes(container, &folder).await {
        Ok(kilobytes) => kilobytes,
        Err(error) => return Ok(check.skip(format!("it cannot be seen from here: {error:#}"))),
    };
    let found = format!("{} MB free, {} MB a clone", kilobytes / 1024, size / 1024 / 1024);
    Ok(if kilobytes * 1024 < size * CLONES_AT_ONCE { check.fail(found) } else { check.pass(found) })
}

/// Asks `df` in the database's container: SQL does not tell.
async fn free_kilobytes(container: &str, folder: &str) -> Result<i64> {
    let output = Engine::connect().await?.exec(container, &["df", "-Pk", folder]).await?;
    let line = output.stdout.lines().nth(1).unwrap_or_default();
    line.split_whitespace()
        .nth(3)
        .and_then(|field| field.parse().ok())
        .with_context(|| format!("df in {container} says: {}{}", output.stdout.trim(), output.stderr.trim()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_cannot_end_sessions_to_drop_a_database_is_too_old() {
        let judge = |number, text| judge_version(check(3, "server version", "", ""), number, text);
        assert_eq!(judge(120_022, "12.22").status, Status::Fail);
        assert_eq!(judge(130_000, "13.0").status, Status::Pass);
    }
}
