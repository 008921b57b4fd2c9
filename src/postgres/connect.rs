//! Sessions: TLS where the server asks for it, named, bounded, and read-only towards production.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use secrecy::ExposeSecret as _;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::failure::Failure;
use crate::model::DatabaseAddress;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

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

/// Opens a session on the twin's side.
pub async fn connect(address: &DatabaseAddress) -> Result<Session> {
    let mut config = Config::new();
    config
        .host(&address.host)
        .port(address.port)
        .dbname(&address.name)
        .user(&address.user)
        .password(address.password.expose_secret())
        .application_name("stagectl")
        .connect_timeout(CONNECT_TIMEOUT);
    let place = format!("{}:{}/{}", address.host, address.port, address.name);
    open(config, &place).await
}

/// Opens a session on production: read-only in the server's own sense, with timeouts.
pub async fn connect_url_read_only(url: &str) -> Result<Session> {
    let mut config: Config = url.parse().map_err(|_| {
        // The parser's message may quote the URL, and with it the password.
        Failure::config("the database URL cannot be read")
            .hint("it must look like postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    })?;
    config
        .application_name("stagectl")
        .connect_timeout(CONNECT_TIMEOUT)
        .options("-c default_transaction_read_only=on -c lock_timeout=5s -c idle_in_transaction_session_timeout=0 -c statement_timeout=0");
    let place = place(&config);
    open(config, &place).await
}

/// `host:port/database` of a config, without its credentials.
fn place(config: &Config) -> String {
    let host = config.get_hosts().first().map_or_else(String::new, |host| match host {
        tokio_postgres::config::Host::Tcp(name) => name.clone(),
        tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
    });
    let port = config.get_ports().first().copied().unwrap_or(5432);
    format!("{host}:{port}/{}", config.get_dbname().unwrap_or_default())
}

async fn open(config: Config, place: &str) -> Result<Session> {
    let result = if config.get_ssl_mode() == SslMode::Disable {
        config.connect(NoTls).await.map(|(client, connection)| drive(client, connection))
    } else {
        config.connect(tls()?).await.map(|(client, connection)| drive(client, connection))
    };
    result.map_err(|error| {
        let unreachable = error.as_db_error().is_none();
        Failure::environment(format!("connect to PostgreSQL at {place}: {}", explain(&error)))
            .hint(if unreachable {
                "is the server up, and the host and port right?"
            } else {
                "check the role, its password and the database's name"
            })
            .into()
    })
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

fn tls() -> Result<MakeRustlsConnect> {
    Ok(MakeRustlsConnect::new(tls_config()?))
}

/// How TLS to a server is spoken: its certificate must be of a public authority.
pub fn tls_config() -> Result<rustls::ClientConfig> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let builder =
        rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .context("set up TLS")?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
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
