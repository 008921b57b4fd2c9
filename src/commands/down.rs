//! `stagectl down`.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::Context;
use super::containers::{self, Applied, Place};
use crate::cli::DownArgs;
use crate::exit;
use crate::failure::Failure;
use crate::stack::apply::Run;
use crate::stack::{apply, stop};

pub async fn run(context: &Context, args: DownArgs) -> Result<u8> {
    let place = Place::open(context, &args.project).await?;
    let Place { engine, project, .. } = &place;
    let _lock = if args.dry_run { None } else { Some(place.lock(context, "down").await?) };
    let (running, networks) =
        tokio::try_join!(engine.project_containers(project), engine.project_networks(project))?;
    let volumes = if args.volumes { engine.project_volumes(project).await? } else { Vec::new() };
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
    let grace = args.timeout.map(|seconds| Duration::from_secs(seconds.into()));
    if !plan.is_empty() {
        context.ui.phase("Stop containers");
        apply::apply_forward(&Run { grace, ..place.run(context, Duration::ZERO) }, &plan).await?;
    }
    containers::show(context, &plan, &Applied { applied: true, ms: begun.elapsed().as_millis() as u64 })?;
    Ok(exit::OK)
}
