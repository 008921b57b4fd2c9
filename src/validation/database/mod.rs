//! Database checks: access, schema, integrity, speed, leaks, backups, and the cache.

mod access;
mod backups;
mod cache;
mod integrity;
mod leaks;
mod rows;
mod schema;
mod speed;

use tokio_postgres::SimpleQueryMessage;

use super::Check;
use crate::config::Settings;
use crate::model::quote_literal;
use crate::postgres::{Session, explain};

/// The lists of this category's files.
pub const CHECKS: &[&[Check]] = &[
    access::CHECKS,
    schema::CHECKS,
    integrity::CHECKS,
    speed::CHECKS,
    leaks::CHECKS,
    rows::CHECKS,
    cache::CHECKS,
    backups::CHECKS,
];

/// The rows of a statement, every value as text; NULL is empty.
///
/// # Errors
/// The server's own words.
async fn rows(session: &Session, sql: &str) -> Result<Vec<Vec<String>>, String> {
    let messages = session.simple_query(sql).await.map_err(|error| explain(&error))?;
    Ok(messages
        .into_iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|column| row.get(column).unwrap_or_default().to_owned()).collect())
            }
            _ => None,
        })
        .collect())
}

/// The application's schemas as an SQL list: `'public', 'shop'`.
fn schemas(settings: &Settings) -> String {
    let names: Vec<String> = settings.config.copy.schemas.iter().map(|name| quote_literal(name)).collect();
    names.join(", ")
}

/// A statement of ours with the application's schemas for `$schemas`.
fn in_schemas(settings: &Settings, sql: &str) -> String {
    sql.replace("$schemas", &schemas(settings))
}
