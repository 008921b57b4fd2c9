//! Opens a connection: by address for the twin, by URL for production.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use secrecy::ExposeSecret as _;

use crate::failure::Failure;
use crate::model::CacheAddress;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Connects with the address's password, or without one.
///
/// # Errors
/// `environment` when nothing answers there, or the password is refused.
pub async fn to_address(
    address: &CacheAddress,
    response_timeout: Duration,
) -> Result<MultiplexedConnection, Failure> {
    let place = format!("{}:{}", address.host, address.port);
    let mut settings = redis::RedisConnectionInfo::default();
    if let Some(password) = &address.password {
        settings = settings.set_password(password.expose_secret());
    }
    let info = redis::IntoConnectionInfo::into_connection_info((address.host.clone(), address.port))
        .map_err(|error| unreachable_at(&place, &error))?
        .set_redis_settings(settings);
    open(&place, info, response_timeout).await
}

/// Connects to a `redis://` or `rediss://` URL.
///
/// # Errors
/// `config` when it is no such URL; `environment` when nothing answers there.
pub async fn to_url(url: &str, response_timeout: Duration) -> Result<MultiplexedConnection, Failure> {
    // The URL holds a password: no message may carry it.
    let info = redis::IntoConnectionInfo::into_connection_info(url).map_err(|_| {
        Failure::config("`production.redis_url` is no Redis URL")
            .hint("write it as redis://:PASSWORD@HOST:6379/0, or rediss:// for TLS")
    })?;
    let place = info.addr().to_string();
    open(&place, info, response_timeout).await
}

async fn open(
    place: &str,
    info: redis::ConnectionInfo,
    response_timeout: Duration,
) -> Result<MultiplexedConnection, Failure> {
    let failure = |error: redis::RedisError| unreachable_at(place, &error);
    let client = redis::Client::open(info).map_err(failure)?;
    let config = redis::AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_TIMEOUT))
        .set_response_timeout(Some(response_timeout));
    let mut connection =
        client.get_multiplexed_async_connection_with_config(&config).await.map_err(failure)?;
    let _: String = redis::cmd("PING").query_async(&mut connection).await.map_err(failure)?;
    Ok(connection)
}

fn unreachable_at(place: &str, error: &redis::RedisError) -> Failure {
    Failure::environment(format!("connect to Redis at {place}: {error}"))
        .hint("is the server up, and the port and password right?")
}
