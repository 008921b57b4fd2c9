//! Production's schema in the new database: tables before the rows, indexes, keys and triggers after.

use anyhow::{Context as _, Result};

use super::prepare::Prepared;
use super::quiet::quiet;
use crate::failure::Failure;
use crate::model::{quote_identifier, quote_literal};
use crate::postgres::Session;
use crate::postgres::programs::{Access, Place};

const OTHERS: &str = include_str!("sql/other_schemas.sql");
const OWN: &str = include_str!("sql/own.sql");

/// The two halves of a schema, as SQL.
pub struct Schema {
    pub before_rows: String,
    pub after_rows: String,
}

/// Takes the schema out of production, within the snapshot that the rows come from.
pub async fn dump(prepared: &Prepared, place: &Place, access: &Access) -> Result<Schema> {
    let schemas = &prepared.job.copy.schemas;
    let others = prepared.production.query(OTHERS, &[schemas]).await.map_err(quiet("list the schemas"))?;
    let mut arguments: Vec<String> = [
        "--schema-only",
        "--no-owner",
        "--no-acl",
        "--no-publications",
        "--no-subscriptions",
        "--no-tablespaces",
    ]
    .map(str::to_owned)
    .to_vec();
    arguments.push(format!("--snapshot={}", prepared.snapshot_id));
    arguments.extend(
        others.iter().map(|row| format!("--exclude-schema={}", quote_identifier(&row.get::<_, String>(0)))),
    );
    let (before_rows, after_rows) = tokio::try_join!(
        section(place, access, &arguments, "pre-data"),
        section(place, access, &arguments, "post-data"),
    )?;
    Ok(Schema { before_rows, after_rows })
}

async fn section(place: &Place, access: &Access, arguments: &[String], name: &str) -> Result<String> {
    let mut arguments = arguments.to_vec();
    arguments.push(format!("--section={name}"));
    let mut bytes = Vec::new();
    place
        .pg_dump(&arguments, access, &mut |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })
        .await
        .context("read production's schema")?;
    Ok(statements(&String::from_utf8(bytes).context("production's schema is not UTF-8")?))
}

/// Without what is meant for psql (the first and last lines of newer dumps) or for newer servers.
fn statements(dump: &str) -> String {
    let only_psql = |line: &str| line.starts_with("\\restrict ") || line.starts_with("\\unrestrict ");
    let lines: Vec<&str> = dump.lines().collect();
    let first = lines.iter().position(|line| only_psql(line));
    let last = lines.iter().rposition(|line| only_psql(line));
    let head = lines.iter().position(|line| line.starts_with("-- Name: ")).unwrap_or(lines.len());
    let mut out = String::with_capacity(dump.len());
    for (at, line) in lines.iter().enumerate() {
        let newer = at < head && *line == "SET transaction_timeout = 0;";
        if Some(at) != first && Some(at) != last && !newer {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// Leaves the schema `public` to the application's role alone, where the session's role may: before
/// version 15 it belongs to the one who has set up the server.
pub async fn close(target: &Session, owner: &str) -> Result<()> {
    let owner = quote_identifier(owner);
    let statement =
        format!("REVOKE CREATE ON SCHEMA public FROM PUBLIC; ALTER SCHEMA public OWNER TO {owner}");
    unless_forbidden(target, &statement).await.map_err(quiet("close the new database"))
}

/// Turns triggers and rules on or off for the session, where its role may. It is a second belt: they are
/// made after the rows.
pub async fn fire_triggers(target: &Session, fire: bool) -> Result<()> {
    let role = if fire { "origin" } else { "replica" };
    let statement = format!("SET session_replication_role = {role}");
    unless_forbidden(target, &statement).await.map_err(quiet("set whether triggers fire"))
}

/// Nothing that the session commits has to be on the disk before the swap is, and the swap's own commit takes
/// all before it along.
pub async fn defer_flushes(target: &Session) -> Result<()> {
    target.batch_execute("SET synchronous_commit = off").await.map_err(quiet("prepare to load rows"))
}

/// Whether the session's role meets neither triggers nor policies when it loads rows.
pub async fn unhindered(target: &Session) -> Result<bool> {
    let row = target.query_one("SHOW is_superuser", &[]).await.map_err(quiet("read the role's rights"))?;
    Ok(row.get::<_, String>(0) == "on")
}

async fn unless_forbidden(target: &Session, statement: &str) -> Result<(), tokio_postgres::Error> {
    match target.batch_execute(statement).await {
        Err(error) if error.code().is_some_and(|code| code.code() == "42501") => Ok(()),
        other => other,
    }
}

/// Runs one half, whole or not at all, and gives what it made to the application's role.
pub async fn restore(target: &Session, sql: &str, owner: &str) -> Result<()> {
    fire_triggers(target, true).await?;
    target.batch_execute(sql).await.map_err(quiet("restore production's schema")).map_err(|error| {
        error.context(
            Failure::failed("the schema of production does not fit staging's server").hint(
                "staging's PostgreSQL must be as new as production's, with the same extensions and roles",
            ),
        )
    })?;
    target
        .batch_execute(&format!("RESET ALL; SET stagectl.owner = {}", quote_literal(owner)))
        .await
        .map_err(quiet("name the owner"))?;
    target.batch_execute(OWN).await.map_err(quiet("give the schema to the application's role"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_psql_and_newer_servers_are_left_out() {
        let dump = "\\restrict abc\nSET transaction_timeout = 0;\n-- Name: f\nSET transaction_timeout = 0;\n\\unrestrict abc\n";
        assert_eq!(statements(dump), "-- Name: f\nSET transaction_timeout = 0;\n");
        assert_eq!(statements("a\nb\n"), "a\nb\n");
    }
}
