//! Sessions on production that see what the leader sees.

use anyhow::{Context as _, Result};
use secrecy::{ExposeSecret as _, SecretString};

use super::quiet::quiet;
use crate::model::quote_literal;
use crate::postgres::{Session, connect_url_read_only};

/// Opens a read-only session on the exported snapshot `id`, which holds while the leader's transaction is open.
pub async fn join(source: &SecretString, id: &str) -> Result<Session> {
    let session = connect_url_read_only(source.expose_secret()).await.context("open production")?;
    // A policy that hides rows becomes an error. Text forms must not hang on the server's own settings.
    let begin = format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT {}; \
         SET LOCAL row_security = off; SET LOCAL jit = off; SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; \
         SET LOCAL intervalstyle = 'postgres'; SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 3",
        quote_literal(id)
    );
    session.batch_execute(&begin).await.map_err(quiet("join production's snapshot"))?;
    Ok(session)
}
