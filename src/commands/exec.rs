//! `stagectl exec`.

use anyhow::Result;

use super::containers::Place;
use super::{Context, terminal};
use crate::cli::ExecArgs;
use crate::stack::twin;

pub async fn run(context: &Context, args: ExecArgs) -> Result<u8> {
    let Place { engine, project, .. } = Place::open(context, &args.project).await?;
    let container = twin::running(&engine, &project, &args.service).await?;
    terminal::run(context, &engine, &container.id, args.command, Vec::new()).await
}
