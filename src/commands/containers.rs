//! What the commands about containers share: recover, plan, apply, show.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::Context;
use crate::engine::Engine;
use crate::stack::apply::{self, Run};
use crate::stack::compose::Selection;
use crate::stack::plan::Plan;
use crate::stack::{Twin, journal};

/// Whether a plan was applied, and how long that took. The default: it was only drawn.
#[derive(Debug, Clone, Copy, Default)]
pub struct Applied {
    pub applied: bool,
    pub ms: u64,
}

/// What the engine is told while a plan runs.
pub fn run<'a>(
    context: &'a Context,
    engine: &'a Engine,
    root: &'a Path,
    project: &'a str,
    limit: Duration,
) -> Run<'a> {
    Run {
        engine,
        ui: &context.ui,
        interrupt: &context.interrupt,
        root,
        project,
        command: &context.command_line,
        limit,
    }
}

/// Brings the selected services up; finishes or undoes an interrupted run first.
pub async fn start(
    context: &Context,
    root: &Path,
    twin: &Twin,
    selection: &Selection,
    limit: Duration,
) -> Result<(Plan, Applied)> {
    journal::recover(&twin.engine, root, &context.ui).await?;
    let begun = Instant::now();
    let (plan, observed) = twin.plan_up(selection).await?;
    for warning in &plan.warnings {
        context.ui.warn(warning);
    }
    if !plan.steps.is_empty() {
        context.ui.phase("Start containers");
        apply::apply(&run(context, &twin.engine, root, &twin.project.name, limit), &plan, &observed).await?;
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
