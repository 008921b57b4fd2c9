//! Questions to a Redis for the checks: does it answer, does it ask for a password, how is it set.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use redis::aio::MultiplexedConnection;
use secrecy::ExposeSecret as _;

use crate::failure::Failure;
use crate::model::CacheAddress;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// A connection that only asks. Cheap to clone.
#[derive(Clone)]
pub struct Probe {
    connection: MultiplexedConnection,
}

impl Probe {
    /// Connects with the address's password, or without one.
    pub async fn connect(address: &CacheAddress) -> Result<Self> {
        let place = format!("{}:{}", address.host, address.port);
        let mut settings = redis::RedisConnectionInfo::default();
        if let Some(password) = &address.password {
            settings = settings.set_password(password.expose_secret());
        }
        let failure = |error: redis::RedisError| {
            Failure::environment(format!("connect to Redis at {place}: {error}"))
                .hint("is the server up, and the port and password right?")
        };
        let info = redis::IntoConnectionInfo::into_connection_info((address.host.clone(), address.port))
            .map_err(failure)?
            .set_redis_settings(settings);
        let client = redis::Client::open(info).map_err(failure)?;
        let config = redis::AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(CONNECT_TIMEOUT));
        let mut connection =
            client.get_multiplexed_async_connection_with_config(&config).await.map_err(failure)?;
        let _: String = redis::cmd("PING").query_async(&mut connection).await.map_err(failure)?;
        Ok(Self { connection })
    }

    /// The value of a `CONFIG GET` parameter.
    pub async fn setting(&self, name: &str) -> Result<Option<String>> {
        let mut connection = self.connection.clone();
        let found: BTreeMap<String, String> =
            redis::cmd("CONFIG").arg("GET").arg(name).query_async(&mut connection).await?;
        Ok(found.get(name).cloned())
    }

    /// The fields of `INFO`.
    pub async fn info(&self) -> Result<BTreeMap<String, String>> {
        let mut connection = self.connection.clone();
        let text: String = redis::cmd("INFO").query_async(&mut connection).await?;
        Ok(text
            .lines()
            .filter_map(|line| line.trim_end().split_once(':'))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect())
    }
}
