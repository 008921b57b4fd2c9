//! Production and staging must be two databases, whatever names they are reached by, and
//! production's session must be read-only in the server's own sense.

use anyhow::{Context as _, Result};

use crate::failure::Failure;
use crate::model::DatabaseAddress;
use crate::postgres::{Session, connect_if_exists, explain};

/// The cluster's own number, made at `initdb` and copied to its standbys, and the database's.
const BY_SYSTEM: &str = "SELECT system_identifier::text || '/' || (SELECT oid FROM pg_database WHERE datname = current_database()) FROM pg_control_system()";

/// For roles that may not read the control file: the same start, port and database.
const BY_START: &str =
    "SELECT concat_ws('/', extract(epoch FROM pg_postmaster_start_time()), current_setting('port'),
       (SELECT oid FROM pg_database WHERE datname = current_database()))";

/// Refuses when both lead to the same database, whatever they are called. A staging database that is
/// yet to be made is another one.
pub async fn refuse_same_place(production: &Session, staging: &DatabaseAddress) -> Result<()> {
    match connect_if_exists(staging).await.context("open staging")? {
        Some(staging) => refuse_same(production, &staging).await,
        None => Ok(()),
    }
}

/// Refuses when both sessions lead to the same database.
pub async fn refuse_same(production: &Session, staging: &Session) -> Result<()> {
    let by_system = (one(production, BY_SYSTEM).await, one(staging, BY_SYSTEM).await);
    let same = if let (Ok(production), Ok(staging)) = by_system {
        production == staging
    } else {
        let production = one(production, BY_START).await.map_err(unknown("production"))?;
        production == one(staging, BY_START).await.map_err(unknown("staging"))?
    };
    if same {
        return Err(Failure::refused("production and staging are the same database on the same server")
            .hint("check `production.database_url` and `database`, or `--from` and `--to`: they must lead to two databases")
            .into());
    }
    Ok(())
}

/// Refuses a session in which the server would let something be written.
pub async fn assert_read_only(production: &Session) -> Result<()> {
    let setting = one(production, "SHOW transaction_read_only").await.map_err(unknown("production"))?;
    if setting != "on" {
        return Err(Failure::refused("the session on production is not read-only")
            .hint(
                "a connection pooler may drop `default_transaction_read_only`: connect to the server itself",
            )
            .into());
    }
    Ok(())
}

async fn one(session: &Session, sql: &str) -> Result<String, tokio_postgres::Error> {
    session.query_one(sql, &[]).await?.try_get(0)
}

fn unknown(side: &'static str) -> impl Fn(tokio_postgres::Error) -> Failure {
    move |error| Failure::refused(format!("cannot tell which server {side} is: {}", explain(&error)))
}
