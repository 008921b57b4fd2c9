//! Takes the planned steps on the staging database, and goes back where one fails.

use anyhow::{Context as _, Result};

use super::book;
use super::plan::{Direction, MigratePlan, Observed};
use super::undo::Undo;
use crate::interrupt::Interrupt;
use crate::migration::apply::perform;
use crate::migration::clone::{Clones, Migrator};
use crate::migration::lab::Inputs;
use crate::migration::pending;
use crate::migration::source::commands;
use crate::migration::step::Action;
use crate::postgres::explain;
use crate::report::migrate::{MigrateBody, MigrateStep};
use crate::ui::Ui;

/// Longest wait for a lock: behind it, everybody who comes later waits as well.
const LOCK_TIMEOUT: &str = "SET lock_timeout = '30s'";

/// What a run came to.
#[derive(Debug)]
pub enum Migrated {
    Done,
    /// Why, and staging is as before.
    Returned(String),
}

/// Looks at what is applied. Where a killed run left its copy, at what the copy has.
pub async fn observe(inputs: &Inputs, clones: &Clones) -> Result<Observed> {
    let left = Undo::of(clones).left().await?;
    let database = left.clone().unwrap_or_else(|| clones.admin_address.name.clone());
    let mut steps = inputs.steps.clone();
    let address = clones.user_address.database(&database);
    steps.extend(commands::steps(&inputs.root, &inputs.config, &address).await?);
    let (applied, pending) = pending::part(&clones.as_admin(&database).await?, steps).await?;
    Ok(Observed { applied, pending, left })
}

/// Does what the plan says. An interrupt counts as a failure: staging goes back.
///
/// # Errors
/// Where the copy cannot be made, or cannot be put back; its name is said then.
pub async fn run(
    plan: &MigratePlan,
    inputs: &Inputs,
    clones: &Clones,
    (ui, interrupt): (&Ui, &Interrupt),
    body: &mut MigrateBody,
) -> Result<Migrated> {
    let undo = Undo::of(clones);
    if let Some(left) = undo.left().await? {
        let kept = undo.put_back(&left).await.with_context(|| format!("put {left} back"))?;
        ui.note(format!(
            "{} is again what it was before the killed run; what that left is kept as `{kept}`",
            plan.database
        ));
        body.kept.push(kept);
    }
    if plan.taken.is_empty() {
        return Ok(Migrated::Done);
    }
    let copy = interrupt.guard(undo.make()).await?;
    ui.step_done("copy", &format!("copied {} as {copy}", plan.database), 0);
    let outcome = interrupt.guard(Box::pin(steps(plan, inputs, clones, ui, body))).await;
    let why = match outcome {
        Ok(None) => {
            body.copy = Some(undo.keep(&copy).await?);
            return Ok(Migrated::Done);
        }
        Ok(Some(why)) => why,
        Err(error) => format!("{error:#}"),
    };
    let kept = undo
        .put_back(&copy)
        .await
        .with_context(|| format!("{why}; and {copy}, the state before, cannot be put back into the place of {}: the next run tries again", plan.database))?;
    body.kept.push(kept);
    body.returned = true;
    Ok(Migrated::Returned(why))
}

/// Takes the steps. Returns why one fails.
async fn steps(
    plan: &MigratePlan,
    inputs: &Inputs,
    clones: &Clones,
    ui: &Ui,
    body: &mut MigrateBody,
) -> Result<Option<String>> {
    let migrator = clones.as_user(&plan.database).await?;
    migrator.batch_execute(LOCK_TIMEOUT).await.context("bound the wait for locks")?;
    for step in &plan.taken {
        let action = match plan.direction {
            Direction::Up => Some(&step.up),
            Direction::Down => step.down.as_ref(),
        };
        let Some(action) = action else { continue };
        let applied = perform(&migrator, action).await?;
        body.steps.push(MigrateStep { name: step.name.clone(), ms: applied.ms });
        if let Some(stopped) = applied.stopped {
            ui.step_failed(&step.name, &step.name, &stopped.line());
            return Ok(Some(format!("{} of {} stops: {}", plan.direction.word(), step.name, stopped.line())));
        }
        if let (Direction::Up, Some(verify)) = (plan.direction, &step.verify)
            && let Some(stopped) = perform(&migrator, verify).await?.stopped
        {
            return Ok(Some(format!("{} does not verify: {}", step.name, stopped.line())));
        }
        if let Action::Script(_) = action {
            book::ensure(&migrator).await?;
            book::note(&migrator, plan.direction, &step.name, &body.run).await?;
        }
        ui.step_done(&step.name, &format!("{} {}", plan.direction.word(), step.name), applied.ms as u64);
    }
    match plan.direction {
        Direction::Up => violations(&migrator, inputs).await,
        Direction::Down => Ok(None),
    }
}

/// The first assertion of the configuration that does not hold.
async fn violations(migrator: &Migrator, inputs: &Inputs) -> Result<Option<String>> {
    for assertion in &inputs.config.assertions {
        match migrator.query(assertion.sql.as_str(), &[]).await {
            Ok(rows) if rows.is_empty() => {}
            Ok(rows) => {
                return Ok(Some(format!(
                    "the assertion `{}` is violated by {} rows",
                    assertion.name,
                    rows.len()
                )));
            }
            Err(error) => {
                return Ok(Some(format!(
                    "the assertion `{}` cannot be asked: {}",
                    assertion.name,
                    explain(&error)
                )));
            }
        }
    }
    Ok(None)
}
