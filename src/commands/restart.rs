//! `stagectl restart`.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::Context;
use super::containers::{self, Applied, Place};
use crate::cli::ServicesArgs;
use crate::exit;
use crate::failure::Failure;
use crate::stack::apply::Run;
use crate::stack::{apply, stop, twin};

pub async fn run(context: &Context, args: ServicesArgs) -> Result<u8> {
    let place = Place::open(context, &args.project).await?;
    let Place { engine, project, .. } = &place;
    let _lock = if args.dry_run { None } else { Some(place.lock(context, "restart").await?) };
    let chosen = twin::containers(engine, project, &args.services).await?;
    if chosen.is_empty() {
        return Err(Failure::environment("there is nothing to restart")
            .hint("`stagectl up` starts the containers")
            .into());
    }
    let all = twin::containers(engine, project, &[]).await?;
    let plan = stop::restart(&stop::with_followers(&all, chosen));
    if args.dry_run {
        containers::show(context, &plan, &Applied::default())?;
        return Ok(exit::OK);
    }
    let begun = Instant::now();
    let grace = args.timeout.map(|seconds| Duration::from_secs(seconds.into()));
    context.ui.phase("Restart containers");
    let limit = Duration::from_secs(args.wait_timeout);
    apply::apply_forward(&Run { grace, ..place.run(context, limit) }, &plan).await?;
    containers::show(context, &plan, &Applied { applied: true, ms: begun.elapsed().as_millis() as u64 })?;
    Ok(exit::OK)
}
