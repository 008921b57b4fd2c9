//! What belongs to a database's name and not to its content: grants and `ALTER DATABASE … SET`.
//! A copy of a database does not have them until they are carried over.

use anyhow::Result;

use super::{Session, failure};

/// The statements that give the database `to` the grants and settings that `from` has now.
/// A database whose grants nobody ever changed stays open to everybody, as `CREATE DATABASE` leaves it.
pub async fn read(server: &Session, from: &str, to: &str) -> Result<Vec<String>> {
    let rows = server
        .query(include_str!("sql/database_settings.sql"), &[&from, &to])
        .await
        .map_err(|error| failure(&format!("read the settings of {from}"), &error))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Runs them. `server` may be connected to any database of the server.
pub async fn write(server: &Session, statements: &[String]) -> Result<()> {
    for statement in statements {
        server.batch_execute(statement).await.map_err(|error| failure(statement, &error))?;
    }
    Ok(())
}

/// Gives the database `to` the grants and settings of `from`.
pub async fn carry_over(server: &Session, from: &str, to: &str) -> Result<()> {
    write(server, &read(server, from, to).await?).await
}
