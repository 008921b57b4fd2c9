//! `stagectl reset`: an empty database in the twin. Production has no part in it.

use std::time::Instant;

use anyhow::Result;

use super::Context;
use crate::cli::PlanArgs;
use crate::config::Settings;
use crate::engine::{Container, Engine};
use crate::exit;
use crate::failure::Failure;
use crate::postgres::{self, staging};
use crate::stack::{journal, twin};
use crate::store::Lock;

pub async fn run(context: &Context, args: PlanArgs) -> Result<u8> {
    let settings = context.settings()?;
    let _lock = if args.dry_run { None } else { Some(Lock::acquire(&settings.root, "reset")?) };
    let engine = Engine::connect().await?;
    if !args.dry_run {
        journal::recover(&engine, &settings.root, &context.ui).await?;
    }
    let database = settings.database()?;
    let container = twin::running(&engine, &settings.config.project, &database.service).await?;
    let admin = settings.database_admin()?;
    belongs_to(&settings, &container, &admin.host, admin.port)?;
    let place = format!("{} in the container {}", admin.name, container.name);
    let steps = [
        format!("drop database {place}, with everything in it"),
        format!("create database {} owned by {}", admin.name, database.user),
        "create the schemas staging_migrations and staging_logs".to_owned(),
    ];
    if args.dry_run {
        show(context, &steps, false)?;
        return Ok(exit::OK);
    }
    if !context.ui.confirm(&format!("Drop the database {place}?")) {
        return Err(Failure::refused(format!("the database {place} would lose its data"))
            .hint("say it with --yes: `stagectl reset --yes`")
            .into());
    }
    context.ui.phase("Reset the database");
    let started = Instant::now();
    staging::recreate(&admin, &database.user).await?;
    context.ui.step_done("database", "recreate the database", started.elapsed().as_millis() as u64);
    let session = postgres::connect(&settings.database_user()?).await?;
    let made = staging::ensure(&session).await?;
    staging::log(&session, "reset", &serde_json::json!({ "tables": made })).await?;
    show(context, &steps, true)?;
    Ok(exit::OK)
}

/// The address must be one that the twin's own container answers at: whatever else listens
/// there is not ours to drop.
fn belongs_to(settings: &Settings, container: &Container, host: &str, port: u16) -> Result<()> {
    let published = container.ports.iter().any(|published| published.host_port == port);
    if published && container.project() == settings.config.project {
        return Ok(());
    }
    Err(Failure::refused(format!("{host}:{port} is not where the container {} answers", container.name))
        .hint("`stagectl setup` brings the containers in line with stagectl.yml")
        .into())
}

fn show(context: &Context, steps: &[String], applied: bool) -> Result<()> {
    if context.ui.options.json {
        let document = serde_json::json!({ "applied": applied, "steps": steps });
        context.ui.data(&serde_json::to_string_pretty(&document)?);
    } else if applied {
        context.ui.data("done: the database is empty; `stagectl copy-data` fills it");
    } else {
        context.ui.data(&steps.join("\n"));
    }
    Ok(())
}
