//! Where a database URL leads, without its credentials.

use anyhow::Result;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::failure::Failure;
use crate::model::DatabaseAddress;

/// The server and database of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub host: String,
    pub port: u16,
    pub database: String,
}

/// Reads a database URL.
///
/// # Errors
/// Refuses one that cannot be read; the message never quotes it.
pub fn target(url: &str) -> Result<Target> {
    let config: Config = url.parse().map_err(|_| {
        Failure::config("the database URL cannot be read")
            .hint("it must look like postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    })?;
    let host = config.get_hosts().first().map_or_else(String::new, |host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    });
    Ok(Target {
        host,
        port: config.get_ports().first().copied().unwrap_or(5432),
        database: config.get_dbname().or(config.get_user()).unwrap_or_default().to_owned(),
    })
}

/// The address in a database URL, with its credentials.
///
/// # Errors
/// Refuses one that cannot be read; the message never quotes it.
pub fn address(url: &str) -> Result<DatabaseAddress> {
    let Target { host, port, database } = target(url)?;
    let config: Config = url.parse().map_err(|_| Failure::config("the database URL cannot be read"))?;
    let user = config.get_user().unwrap_or_default().to_owned();
    let password = String::from_utf8_lossy(config.get_password().unwrap_or_default()).into_owned();
    Ok(DatabaseAddress { host, port, name: database, user, password: password.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_and_a_broken_one_is_not_quoted() {
        let found = target("postgresql://u:p@h.example:5499/shop").unwrap();
        assert_eq!((found.host.as_str(), found.port, found.database.as_str()), ("h.example", 5499, "shop"));
        assert!(!target("postgresql://u:topsecret@h:x/y").unwrap_err().to_string().contains("topsecret"));
    }
}
