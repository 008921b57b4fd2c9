//! `stagectl exec`.

use anyhow::Result;

use super::{Context, terminal};
use crate::cli::ExecArgs;
use crate::engine::Engine;
use crate::stack::twin;

pub async fn run(context: &Context, args: ExecArgs) -> Result<u8> {
    let root = twin::root(&context.root)?;
    let project = twin::project_name(&root)?;
    let engine = Engine::connect().await?;
    let container = twin::running(&engine, &project, &args.service).await?;
    terminal::run(context, &engine, &container.id, args.command, Vec::new()).await
}
