//! `stagectl up`.

use std::time::Duration;

use anyhow::Result;

use super::Context;
use super::containers::{self, Applied};
use crate::cli::UpArgs;
use crate::exit;
use crate::stack::compose::Selection;
use crate::stack::{Twin, twin};
use crate::store::Lock;

pub async fn run(context: &Context, args: UpArgs) -> Result<u8> {
    let root = twin::root(&context.root)?;
    // Before the lock, which would leave its file in a folder that is no project.
    twin::compose_file(&root)?;
    let _lock = if args.dry_run { None } else { Some(Lock::acquire(&root, "up")?) };
    let twin = Twin::open(&root).await?;
    let selection = Selection { all: args.all, profiles: args.profile, services: args.services };
    if args.dry_run {
        let (plan, _) = twin.plan_up(&selection).await?;
        containers::show(context, &plan, &Applied::default())?;
        return Ok(exit::OK);
    }
    let limit = Duration::from_secs(args.wait_timeout);
    let (plan, applied) = containers::start(context, &root, &twin, &selection, limit).await?;
    containers::show(context, &plan, &applied)?;
    Ok(exit::OK)
}
