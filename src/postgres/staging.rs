//! The twin's own schemas, `staging_migrations` and `staging_logs`, and an empty database for them.

use anyhow::{Context as _, Result};

use super::{Session, connect, failure, settings};
use crate::model::{DatabaseAddress, quote_identifier};

const SCHEMAS: &str = include_str!("sql/staging_schemas.sql");
const MISSING: &str = include_str!("sql/staging_missing.sql");
const LOG: &str = "INSERT INTO staging_logs.init_log (event, details) VALUES ($1, $2)";

/// The names of the staging tables that are missing.
pub async fn missing(session: &Session) -> Result<Vec<String>> {
    let rows = session.query(MISSING, &[]).await.map_err(failed("look for the staging schemas"))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Makes the staging schemas and tables, owned by the role of the session. Returns what it made.
pub async fn ensure(session: &Session) -> Result<Vec<String>> {
    let missing = missing(session).await?;
    if !missing.is_empty() {
        session.batch_execute(SCHEMAS).await.map_err(failed("make the staging schemas"))?;
    }
    Ok(missing)
}

/// Writes down that something was done to the twin.
pub async fn log(session: &Session, event: &str, details: &serde_json::Value) -> Result<()> {
    session.execute(LOG, &[&event, details]).await.map_err(failed("write staging_logs.init_log"))?;
    Ok(())
}

/// Drops the database, whoever uses it, and makes it again, owned by `owner` and open to the
/// same roles as before.
/// `admin` is the role that may create databases; its database name is the one that goes.
pub async fn recreate(admin: &DatabaseAddress, owner: &str) -> Result<()> {
    let name = quote_identifier(&admin.name);
    let owner = quote_identifier(owner);
    let server = connect(&admin.database("postgres")).await?;
    let kept = settings::read(&server, &admin.name, &admin.name).await?;
    let statements = [
        format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
        format!("CREATE DATABASE {name} OWNER {owner}"),
        format!("REVOKE ALL ON DATABASE {name} FROM PUBLIC"),
    ];
    for statement in statements {
        server.batch_execute(&statement).await.map_err(failed("recreate the database"))?;
    }
    settings::write(&server, &kept).await?;
    let database = connect(admin).await.context("open the new database")?;
    let statement =
        format!("REVOKE CREATE ON SCHEMA public FROM PUBLIC; ALTER SCHEMA public OWNER TO {owner}");
    database.batch_execute(&statement).await.map_err(failed("close the new database"))?;
    Ok(())
}

fn failed(what: &str) -> impl Fn(tokio_postgres::Error) -> anyhow::Error {
    let what = what.to_owned();
    move |error| failure(&what, &error).into()
}
