//! Sessions: TLS where the server asks for it, named, bounded, and read-only towards production.

use std::time::Duration;

use anyhow::{Context as _, Result};
use secrecy::ExposeSecret as _;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::url::{self, Location};
use crate::failure::Failure;
use crate::model::{DatabaseAddress, Encryption};
use crate::tls::Trust;

/// The pause before a server that is starting is asked again.
const BETWEEN_TRIES: Duration = Duration::from_millis(100);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The `application_name` of all sessions.
pub const APPLICATION: &str = "stagectl";
const WATCH_THE_CLIENT: &str = include_str!("sql/watch_the_client.sql");

/// An open session; its connection is driven by a task that ends with it.
pub struct Session {
    pub client: Client,
    driver: tokio::task::JoinHandle<()>,
}

impl std::ops::Deref for Session {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

impl std::ops::DerefMut for Session {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Opens a session on staging's side.
pub async fn connect(address: &DatabaseAddress) -> Result<Session> {
    open(config(address), &address.encryption, &place(address)).await
}

/// As [`connect`], for a server that may still be starting: an image's first start answers probes from inside before
/// it listens. Whoever is there and refuses is not asked again.
pub async fn connect_when_up(address: &DatabaseAddress, limit: Duration) -> Result<Session> {
    let begun = tokio::time::Instant::now();
    loop {
        let error = match establish(config(address), &address.encryption).await? {
            Ok(session) => return Ok(session),
            Err(error) => error,
        };
        let starting = error.code().is_none_or(|code| *code == SqlState::CANNOT_CONNECT_NOW);
        if !starting || begun.elapsed() >= limit {
            return Err(refused(&place(address), &error).into());
        }
        tokio::time::sleep(BETWEEN_TRIES).await;
    }
}

/// As [`connect`]; `None` where the server has no such database.
pub async fn connect_if_exists(address: &DatabaseAddress) -> Result<Option<Session>> {
    match establish(config(address), &address.encryption).await? {
        Ok(session) => Ok(Some(session)),
        Err(error) if error.code().is_some_and(|code| code.code() == "3D000") => Ok(None),
        Err(error) => Err(refused(&place(address), &error).into()),
    }
}

fn config(address: &DatabaseAddress) -> Config {
    let mut config = Config::new();
    config
        .host(&address.host)
        .port(address.port)
        .dbname(&address.name)
        .user(&address.user)
        .application_name(APPLICATION)
        .connect_timeout(CONNECT_TIMEOUT);
    let password = address.password.expose_secret();
    if !password.is_empty() {
        config.password(password);
    }
    config
}

/// Opens a session on production: read-only in the server's own sense, with timeouts, and gone
/// within seconds of this process, whatever it was doing.
pub async fn connect_url_read_only(url: &str) -> Result<Session> {
    let Location { mut config, encryption } = url::read(url)?;
    config
        .application_name(APPLICATION)
        .connect_timeout(CONNECT_TIMEOUT)
        .options("-c default_transaction_read_only=on -c lock_timeout=5s -c idle_in_transaction_session_timeout=0 -c statement_timeout=0");
    let session = open(config, &encryption, &place(&url::address(url)?)).await?;
    session.batch_execute(WATCH_THE_CLIENT).await.map_err(|error| failure("set up the session", &error))?;
    Ok(session)
}

/// `host:port/database` of an address, without its credentials.
fn place(address: &DatabaseAddress) -> String {
    format!("{}:{}/{}", address.host, address.port, address.name)
}

async fn open(config: Config, encryption: &Encryption, place: &str) -> Result<Session> {
    Ok(establish(config, encryption).await?.map_err(|error| refused(place, &error))?)
}

async fn establish(
    mut config: Config,
    encryption: &Encryption,
) -> Result<Result<Session, tokio_postgres::Error>> {
    config.ssl_mode(match encryption {
        Encryption::Disable => SslMode::Disable,
        Encryption::Prefer => SslMode::Prefer,
        Encryption::Require | Encryption::VerifyCa(_) | Encryption::VerifyFull(_) => SslMode::Require,
    });
    let Some(tls) = tls_config(encryption)? else {
        let connected = config.connect(NoTls).await;
        return Ok(connected.map(|(client, connection)| drive(client, connection)));
    };
    let connected = config.connect(MakeRustlsConnect::new(tls)).await;
    Ok(connected.map(|(client, connection)| drive(client, connection)))
}

fn refused(place: &str, error: &tokio_postgres::Error) -> Failure {
    let unreachable = error.as_db_error().is_none();
    Failure::environment(format!("connect to PostgreSQL at {place}: {}", explain(error))).hint(
        if unreachable {
            "is the server up, and the host, port and sslmode right?"
        } else {
            "check the role, its password and the database's name"
        },
    )
}

fn drive<S, T>(client: Client, connection: tokio_postgres::Connection<S, T>) -> Session
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let driver = tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::trace!(%error, "postgres connection ended");
        }
    });
    Session { client, driver }
}

/// How TLS is spoken; `None` where it is not.
pub fn tls_config(encryption: &Encryption) -> Result<Option<rustls::ClientConfig>> {
    let roots = encryption.roots().map(std::path::PathBuf::as_path);
    let trust = match encryption {
        Encryption::Disable => return Ok(None),
        Encryption::Prefer | Encryption::Require => Trust::measure(),
        Encryption::VerifyCa(_) => Trust::signed_by(roots),
        Encryption::VerifyFull(_) => Trust::named_and_signed_by(roots),
    };
    Ok(Some(trust.context("set up TLS")?.client_config()))
}

/// A failure of the class that the server's code tells: the machine's for a full disk, a lost
/// connection, a missing right; the action's for any other. `words` stand for the server's own.
pub fn failure_saying(what: &str, words: &str, error: &tokio_postgres::Error) -> Failure {
    let message = format!("{what}: {words}");
    let Some(db) = error.as_db_error() else {
        return Failure::environment(message).hint("is the server still up? its log says more");
    };
    match db.code().code() {
        "53100" => Failure::environment(message)
            .hint("free some space on the disk of the database's server, then run the same command again"),
        "55P03" => Failure::environment(message)
            .hint("another session holds a lock on it: run the same command again when that has ended"),
        "42501" => Failure::environment(message).hint("grant the role that right, or use another role"),
        code if code.starts_with("53") || code.starts_with("57P") || code.starts_with("08") => {
            Failure::environment(message)
                .hint("the server is short of something or going down: its log says more")
        }
        _ => Failure::failed(message),
    }
}

/// As [`failure_saying`], in the server's own words.
pub fn failure(what: &str, error: &tokio_postgres::Error) -> Failure {
    failure_saying(what, &explain(error), error)
}

/// The server's own words, which the driver's `Display` leaves out ("db error").
pub fn explain(error: &tokio_postgres::Error) -> String {
    if let Some(db) = error.as_db_error() {
        let mut text = format!("{} ({})", db.message(), db.code().code());
        if let Some(detail) = db.detail() {
            text.push_str(&format!("; {detail}"));
        }
        return text;
    }
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}
