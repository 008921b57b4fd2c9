//! `stagectl psql`.

use anyhow::Result;
use secrecy::ExposeSecret as _;

use super::{Context, terminal};
use crate::cli::PsqlArgs;
use crate::engine::Engine;
use crate::stack::twin;

pub async fn run(context: &Context, args: PsqlArgs) -> Result<u8> {
    let settings = context.settings()?;
    let address = if args.admin { settings.database_admin()? } else { settings.database_user()? };
    let engine = Engine::connect().await?;
    let service = &settings.database()?.service;
    let container = twin::running(&engine, &settings.config.project, service).await?;
    // The environment, and not the command line: arguments can be seen by every process.
    let env = vec![
        format!("PGUSER={}", address.user),
        format!("PGDATABASE={}", address.name),
        format!("PGPASSWORD={}", address.password.expose_secret()),
        "PGAPPNAME=stagectl psql".to_owned(),
    ];
    let mut command = vec!["psql".to_owned()];
    command.extend(args.args);
    terminal::run(context, &engine, &container.id, command, env).await
}
