//! `stagectl up`.

use std::time::Duration;

use anyhow::Result;

use super::Context;
use super::containers::{self, Applied};
use super::images;
use crate::cli::UpArgs;
use crate::compose::typed::Selection;
use crate::engine::Engine;
use crate::exit;
use crate::stack::Twin;
use crate::store::Lock;

pub async fn run(context: &Context, args: UpArgs) -> Result<u8> {
    let source = containers::source(context, &args.project)?;
    let selection =
        Selection { all: args.all, profiles: args.project.profile.clone(), services: args.services };
    // Before the lock, which would leave its file in a folder that is no project.
    let project = source.load(&selection)?;
    for name in &project.unset {
        context.ui.warn(format!("the variable `{name}` is not set: it stands for nothing"));
    }
    let engine = Engine::connect().await?;
    let state = source.state(&project.name, engine.address())?;
    let _lock = if args.dry_run { None } else { Some(Lock::acquire_in(&state, "up")?) };
    let before = images::before_up(&engine, &project, &selection, args.pull, args.build).await?;
    if !args.dry_run {
        images::apply_images(context, &engine, &project.name, &before, "Images").await?;
    }
    let twin = Twin { engine, project };
    if args.dry_run {
        let plan = before.and_then(twin.plan_up(&selection).await?.0);
        containers::show(context, &plan, &Applied::default())?;
        return Ok(exit::OK);
    }
    let limit = Duration::from_secs(args.wait_timeout);
    let (plan, applied) =
        containers::start(context, &state, &twin, &selection, limit, args.keep_failed).await?;
    containers::show(context, &before.and_then(plan), &applied)?;
    Ok(exit::OK)
}
