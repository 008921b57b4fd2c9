//! Questions to a Redis for the checks: does it answer, does it ask for a password, how is it set.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use redis::aio::MultiplexedConnection;

use super::connect;
use crate::model::CacheAddress;

const RESPONSE_TIMEOUT: Duration = Duration::from_secs(3);

/// A connection that only asks. Cheap to clone.
#[derive(Clone)]
pub struct Probe {
    connection: MultiplexedConnection,
}

impl Probe {
    /// Connects with the address's password, or without one.
    pub async fn connect(address: &CacheAddress) -> Result<Self> {
        let connection = connect::to_address(address, RESPONSE_TIMEOUT).await?;
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

    /// The addresses of the connected clients, without their ports.
    pub async fn clients(&self) -> Result<Vec<String>> {
        let mut connection = self.connection.clone();
        let text: String = redis::cmd("CLIENT").arg("LIST").query_async(&mut connection).await?;
        let addresses = text.split_whitespace().filter_map(|field| field.strip_prefix("addr="));
        Ok(addresses.filter_map(|at| Some(at.rsplit_once(':')?.0.to_owned())).collect())
    }

    /// Up to `limit` keys with their values as one text each; long ones are cut.
    pub async fn sample(&self, limit: usize) -> Result<Vec<(String, String)>> {
        const PART: isize = 100;
        let mut connection = self.connection.clone();
        let mut found = Vec::new();
        let mut cursor = 0_u64;
        loop {
            let (next, keys): (u64, Vec<Vec<u8>>) =
                redis::cmd("SCAN").arg(cursor).arg("COUNT").arg(200).query_async(&mut connection).await?;
            for key in keys {
                let kind: String = redis::cmd("TYPE").arg(&key).query_async(&mut connection).await?;
                let read = match kind.as_str() {
                    "string" => redis::cmd("GETRANGE").arg(&key).arg(0).arg(65_536).to_owned(),
                    "hash" => redis::cmd("HVALS").arg(&key).to_owned(),
                    "list" => redis::cmd("LRANGE").arg(&key).arg(0).arg(PART).to_owned(),
                    "zset" => redis::cmd("ZRANGE").arg(&key).arg(0).arg(PART).to_owned(),
                    "set" => redis::cmd("SRANDMEMBER").arg(&key).arg(PART).to_owned(),
                    // Gone since, or of a kind that holds no text.
                    _ => continue,
                };
                let values: Vec<Vec<u8>> = if kind == "string" {
                    vec![read.query_async(&mut connection).await?]
                } else {
                    read.query_async(&mut connection).await?
                };
                let text = values.iter().map(|v| String::from_utf8_lossy(v)).collect::<Vec<_>>().join("\n");
                found.push((String::from_utf8_lossy(&key).into_owned(), text));
                if found.len() >= limit {
                    return Ok(found);
                }
            }
            cursor = next;
            if cursor == 0 {
                return Ok(found);
            }
        }
    }
}
