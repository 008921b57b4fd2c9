//! `stagectl restart`.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::Context;
use super::containers::{self, Applied};
use crate::cli::ServicesArgs;
use crate::engine::Engine;
use crate::exit;
use crate::failure::Failure;
use crate::stack::{apply, journal, stop, twin};
use crate::store::Lock;

pub async fn run(context: &Context, args: ServicesArgs) -> Result<u8> {
    let root = twin::root(&context.root)?;
    let project = twin::project_name(&root)?;
    let _lock = if args.dry_run { None } else { Some(Lock::acquire(&root, "restart")?) };
    let engine = Engine::connect().await?;
    if !args.dry_run {
        journal::recover(&engine, &root, &context.ui).await?;
    }
    let chosen = twin::containers(&engine, &project, &args.services).await?;
    if chosen.is_empty() {
        return Err(Failure::environment("there is nothing to restart")
            .hint("`stagectl up` starts the containers")
            .into());
    }
    let all = twin::containers(&engine, &project, &[]).await?;
    let plan = stop::restart(&stop::with_followers(&all, chosen));
    if args.dry_run {
        containers::show(context, &plan, &Applied::default())?;
        return Ok(exit::OK);
    }
    let begun = Instant::now();
    context.ui.phase("Restart containers");
    let limit = Duration::from_secs(args.wait_timeout);
    let run = containers::run(context, &engine, &root, &project, limit);
    apply::apply_forward(&run, &plan).await?;
    containers::show(context, &plan, &Applied { applied: true, ms: begun.elapsed().as_millis() as u64 })?;
    Ok(exit::OK)
}
