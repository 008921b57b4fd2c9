//! Which steps of a layout without a book of its own are applied: `staging_migrations.applied_steps`.

use anyhow::{Context as _, Result};

use super::plan::Direction;
use crate::postgres::Session;

const TABLE: &str = "
SET client_min_messages = warning;
CREATE SCHEMA IF NOT EXISTS staging_migrations;
CREATE TABLE IF NOT EXISTS staging_migrations.applied_steps (
    id bigserial PRIMARY KEY,
    name text NOT NULL,
    run_id text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    taken_back_at timestamptz
)";

/// Makes the table where it is not there.
pub async fn ensure(session: &Session) -> Result<()> {
    session.batch_execute(TABLE).await.context("make staging_migrations.applied_steps")
}

/// Notes a step that was taken.
pub async fn note(session: &Session, direction: Direction, name: &str, run_id: &str) -> Result<()> {
    match direction {
        Direction::Up => {
            session
                .execute("INSERT INTO staging_migrations.applied_steps (name, run_id) VALUES ($1, $2)", &[&name, &run_id])
                .await
        }
        Direction::Down => {
            session
                .execute(
                    "UPDATE staging_migrations.applied_steps SET taken_back_at = now() WHERE name = $1 AND taken_back_at IS NULL",
                    &[&name],
                )
                .await
        }
    }
    .context("note the step in staging_migrations.applied_steps")?;
    Ok(())
}
