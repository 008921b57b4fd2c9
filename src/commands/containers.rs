//! What the commands about containers share: recover, plan, apply, show.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::Context;
use crate::cli::ProjectArgs;
use crate::compose::typed::Selection;
use crate::engine::Engine;
use crate::stack::apply::{self, Run};
use crate::stack::plan::Plan;
use crate::stack::source::{Choice, Source};
use crate::stack::{Twin, journal};
use crate::store::Lock;

/// Whether a plan was applied, and how long that took. The default: it was only drawn.
#[derive(Debug, Clone, Copy, Default)]
pub struct Applied {
    pub applied: bool,
    pub ms: u64,
}

/// Where the project of the command line is read from.
pub fn source(context: &Context, args: &ProjectArgs) -> Result<Source> {
    let choice = Choice {
        files: args.file.clone(),
        name: args.project_name.clone(),
        profiles: args.profile.clone(),
        env_files: args.env_file.clone(),
        directory: args.project_directory.clone(),
    };
    Source::find(&context.root, &choice)
}

/// A project in its engine, by name: enough for what works by label.
pub struct Place {
    pub engine: Engine,
    pub project: String,
    /// The folder of the lock and the journal.
    pub state: PathBuf,
}

impl Place {
    /// The project of the command line, also where its files cannot be read to their end.
    pub async fn open(context: &Context, args: &ProjectArgs) -> Result<Self> {
        let source = source(context, args)?;
        let project = source.project_name()?;
        let engine = Engine::connect().await?;
        let state = source.state(&project, engine.address())?;
        Ok(Self { engine, project, state })
    }

    /// The lock of a command that changes something, with an interrupted run put in order first.
    pub async fn lock(&self, context: &Context, why: &str) -> Result<Lock> {
        let lock = Lock::acquire_in(&self.state, why)?;
        journal::recover(&self.engine, &self.state, &context.ui).await?;
        Ok(lock)
    }

    /// What the engine is told while a plan runs.
    pub fn run<'a>(&'a self, context: &'a Context, limit: Duration) -> Run<'a> {
        run(context, &self.engine, &self.state, &self.project, limit)
    }
}

/// What the engine is told while a plan runs.
pub fn run<'a>(
    context: &'a Context,
    engine: &'a Engine,
    state: &'a Path,
    project: &'a str,
    limit: Duration,
) -> Run<'a> {
    Run {
        engine,
        ui: &context.ui,
        interrupt: &context.interrupt,
        state,
        project,
        command: &context.command_line,
        limit,
        keep_failed: false,
        grace: None,
    }
}

/// Brings the selected services up; finishes or undoes an interrupted run first.
pub async fn start(
    context: &Context,
    state: &Path,
    twin: &Twin,
    selection: &Selection,
    limit: Duration,
    keep_failed: bool,
) -> Result<(Plan, Applied)> {
    journal::recover(&twin.engine, state, &context.ui).await?;
    let begun = Instant::now();
    let (plan, observed) = twin.plan_up(selection).await?;
    for warning in &plan.warnings {
        context.ui.warn(warning);
    }
    if !plan.steps.is_empty() {
        context.ui.phase("Start containers");
        let run = run(context, &twin.engine, state, &twin.project.name, limit);
        apply::apply(&Run { keep_failed, ..run }, &plan, &observed).await?;
    }
    Ok((plan, Applied { applied: true, ms: begun.elapsed().as_millis() as u64 }))
}

/// Prints a plan that was drawn or applied.
pub fn show(context: &Context, plan: &Plan, applied: &Applied) -> Result<()> {
    if context.ui.options.json {
        let mut document = plan.json();
        document["applied"] = applied.applied.into();
        document["changed"] = (!plan.is_empty()).into();
        document["duration_ms"] = applied.ms.into();
        context.ui.data(&serde_json::to_string_pretty(&document)?);
        return Ok(());
    }
    if plan.is_empty() {
        context.ui.data("nothing to do: every container is as it should be");
    } else if applied.applied {
        let changes = plan.steps.iter().filter(|step| step.action.changes()).count();
        context.ui.data(&format!("done: {changes} changes in {:.1} s", applied.ms as f64 / 1000.0));
    } else {
        for warning in &plan.warnings {
            context.ui.warn(warning);
        }
        context.ui.data(&plan.text());
    }
    Ok(())
}
