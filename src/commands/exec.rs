//! `stagectl exec`.

use anyhow::Result;

use super::containers::Place;
use super::{Context, images, terminal};
use crate::cli::ExecArgs;
use crate::engine::ExecInput;
use crate::stack::twin;

pub async fn run(context: &Context, args: ExecArgs) -> Result<u8> {
    let Place { engine, project, .. } = Place::open(context, &args.project).await?;
    let container = twin::replica(&engine, &project, &args.service, args.index).await?;
    let env = args.env.iter().map(|text| images::variable(text)).collect::<Result<Vec<_>>>()?;
    let input = ExecInput {
        command: args.command,
        env: env.into_iter().map(|(name, value)| format!("{name}={value}")).collect(),
        user: args.user,
        directory: args.workdir,
        privileged: args.privileged,
        tty: !args.no_tty,
        stdin: true,
    };
    terminal::run(context, &engine, &container.id, input).await
}
