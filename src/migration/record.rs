//! What a run leaves in the staging database, in the documented place: the schemas
//! `staging_migrations` and `staging_logs`, as the application's role.

use anyhow::{Context as _, Result};

use crate::model::{DatabaseAddress, quote_identifier};
use crate::postgres::{Session, connect};
use crate::report::migration::MigrationBody;

/// The schemas and their tables; running it again changes nothing.
const SCHEMAS: &str = include_str!("../postgres/sql/staging_schemas.sql");
/// The log is a summary for people; the report holds the counts.
const MOST_ROWS: i64 = 10_000;

/// The rows that one conversion changed on the clone.
#[derive(Debug, Clone)]
pub struct Converted {
    pub table: String,
    pub column: String,
    pub from: String,
    pub to: String,
    pub keys: Vec<String>,
}

/// Which rows each conversion is about, read from the pristine clone.
pub async fn converted(
    session: &Session,
    tables: &[super::tables::Table],
    conversions: &[crate::config::migration::Conversion],
) -> Result<Vec<Converted>> {
    let mut all = Vec::new();
    for conversion in conversions {
        let Some(table) = tables.iter().find(|t| t.is_called(&conversion.table)) else { continue };
        let key: Vec<String> = table.key().iter().map(|c| format!("{}::text", quote_identifier(c))).collect();
        if key.is_empty() {
            continue;
        }
        let sql = format!(
            "SELECT concat_ws(',', {}) FROM {} WHERE {}::text = $1 ORDER BY 1 LIMIT {MOST_ROWS}",
            key.join(", "),
            table.quoted,
            quote_identifier(&conversion.column),
        );
        let rows = session.query(&sql, &[&conversion.from]).await.context("list the converted rows")?;
        all.push(Converted {
            table: table.name.clone(),
            column: conversion.column.clone(),
            from: conversion.from.clone(),
            to: conversion.to.clone(),
            keys: rows.iter().map(|row| row.get(0)).collect(),
        });
    }
    Ok(all)
}

/// Writes the results and the conversions, in one transaction.
pub async fn write(
    staging: &DatabaseAddress,
    run_id: &str,
    body: &MigrationBody,
    converted: &[Converted],
) -> Result<()> {
    let mut session = connect(staging).await?;
    // CREATE … IF NOT EXISTS says at each run that it had nothing to do.
    session.batch_execute("SET client_min_messages = warning").await?;
    session.batch_execute(SCHEMAS).await.context("make the schema staging_migrations")?;
    let transaction = session.transaction().await?;
    for check in &body.checks {
        let status = serde_json::to_value(check.status)?.as_str().unwrap_or_default().to_owned();
        let details = serde_json::to_value(check)?;
        let ms = i64::try_from(check.duration_ms).unwrap_or(i64::MAX);
        let name = format!("{} {}", check.id, check.title);
        transaction
            .execute(
                "INSERT INTO staging_migrations.test_results (run_id, category, name, status, duration_ms, details) VALUES ($1, $2, $3, $4, $5, $6)",
                &[&run_id, &check.category, &name, &status, &ms, &details],
            )
            .await
            .context("write staging_migrations.test_results")?;
    }
    for one in converted {
        transaction
            .execute(
                "INSERT INTO staging_migrations.role_migration_log (run_id, table_name, row_id, old_value, new_value)
                 SELECT $1, $2, key, $3, $4 FROM unnest($5::text[]) AS key",
                &[&run_id, &one.table, &one.from, &one.to, &one.keys],
            )
            .await
            .context("write staging_migrations.role_migration_log")?;
    }
    transaction.commit().await?;
    Ok(())
}
