//! `stagectl down`.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::Context;
use super::containers::{self, Applied};
use crate::cli::DownArgs;
use crate::engine::Engine;
use crate::exit;
use crate::failure::Failure;
use crate::stack::{apply, journal, stop, twin};
use crate::store::Lock;

pub async fn run(context: &Context, args: DownArgs) -> Result<u8> {
    let root = twin::root(&context.root)?;
    let project = twin::project_name(&root)?;
    let _lock = if args.dry_run { None } else { Some(Lock::acquire(&root, "down")?) };
    let engine = Engine::connect().await?;
    if !args.dry_run {
        journal::recover(&engine, &root, &context.ui).await?;
    }
    let (running, networks) =
        tokio::try_join!(engine.project_containers(&project), engine.project_networks(&project))?;
    let volumes = if args.volumes { engine.project_volumes(&project).await? } else { Vec::new() };
    let plan = stop::down(&running, &networks, &volumes);
    if args.dry_run {
        containers::show(context, &plan, &Applied::default())?;
        return Ok(exit::OK);
    }
    if !volumes.is_empty() {
        let names: Vec<&str> = volumes.iter().map(|volume| volume.name.as_str()).collect();
        let question = format!("Remove {} and all data in it?", names.join(", "));
        if !context.ui.confirm(&question) {
            return Err(Failure::refused(format!("{} would lose its data", names.join(", ")))
                .hint("say it with --yes: `stagectl down --volumes --yes`")
                .into());
        }
    }
    let begun = Instant::now();
    if !plan.is_empty() {
        context.ui.phase("Stop containers");
        let run = containers::run(context, &engine, &root, &project, Duration::ZERO);
        apply::apply_forward(&run, &plan).await?;
    }
    containers::show(context, &plan, &Applied { applied: true, ms: begun.elapsed().as_millis() as u64 })?;
    Ok(exit::OK)
}
