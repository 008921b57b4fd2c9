//! Production's Redis: commands that read, and no other. Long values come in parts.

use std::time::Duration;

use anyhow::{Context as _, Result};
use redis::aio::MultiplexedConnection;

use super::{Entry, Value};
use crate::redis::connect;

const RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);
/// Keys of one scan step, elements of one part.
const STEP: u64 = 500;

/// A connection that only reads. Cheap to clone.
#[derive(Clone)]
pub struct Source {
    connection: MultiplexedConnection,
}

impl Source {
    /// # Errors
    /// The URL is malformed, or the server does not answer or refuses the password.
    pub async fn connect(url: &str) -> Result<Self> {
        Ok(Self { connection: connect::to_url(url, RESPONSE_TIMEOUT).await? })
    }

    pub async fn run_id(&self) -> Result<String> {
        super::run_id(&mut self.connection.clone()).await.context("ask production's Redis who it is")
    }

    /// The next keys, and the cursor after them; 0 begins and ends a scan. A key can come twice.
    pub async fn scan(&self, cursor: u64) -> Result<(u64, Vec<Vec<u8>>)> {
        redis::cmd("SCAN")
            .arg(cursor)
            .arg("COUNT")
            .arg(STEP)
            .query_async(&mut self.connection.clone())
            .await
            .context("list production's keys")
    }

    /// The keys that still exist, each with the first part of its value.
    pub async fn read(&self, keys: &[Vec<u8>]) -> Result<Vec<Entry>> {
        let mut about = redis::pipe();
        for key in keys {
            about.cmd("TYPE").arg(key).cmd("PTTL").arg(key);
        }
        let connection = &mut self.connection.clone();
        let answers: Vec<redis::Value> = about.query_async(connection).await.context("read production")?;
        let mut found: Vec<(&Vec<u8>, String, i64)> = Vec::new();
        let mut values = redis::pipe();
        for (key, answer) in keys.iter().zip(answers.chunks_exact(2)) {
            let kind: String = redis::from_redis_value(answer[0].clone())?;
            let ttl: i64 = redis::from_redis_value(answer[1].clone())?;
            // Gone since the scan, or about to go.
            if kind == "none" || ttl == 0 || ttl == -2 {
                continue;
            }
            match command(&kind, key, 0) {
                Some(command) => values.add_command(command),
                None => values.cmd("TYPE").arg(key),
            };
            found.push((key, kind, ttl));
        }
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let answers: Vec<redis::Value> = values.query_async(connection).await.context("read production")?;
        let mut entries = Vec::with_capacity(found.len());
        for ((key, kind, ttl), answer) in found.into_iter().zip(answers) {
            let ttl_ms = (ttl > 0).then_some(ttl);
            if let Some((value, more)) = decode(&kind, answer, 0)? {
                entries.push(Entry { key: key.clone(), ttl_ms, value, more });
            }
        }
        Ok(entries)
    }

    /// The part after this one; `None` when this was the last.
    pub async fn next(&self, entry: &Entry) -> Result<Option<Entry>> {
        let Some(at) = entry.more else { return Ok(None) };
        let kind = match &entry.value {
            Value::Hash(_) => "hash",
            Value::List(_) => "list",
            Value::Set(_) => "set",
            Value::SortedSet(_) => "zset",
            Value::Text(_) | Value::Other(_) => return Ok(None),
        };
        let Some(command) = command(kind, &entry.key, at) else { return Ok(None) };
        let answer = command.query_async(&mut self.connection.clone()).await.context("read production")?;
        Ok(decode(kind, answer, at)?.map(|(value, more)| Entry { value, more, ..entry.clone() }))
    }
}

fn command(kind: &str, key: &[u8], at: u64) -> Option<redis::Cmd> {
    let scan = |name: &str| redis::cmd(name).arg(key).arg(at).arg("COUNT").arg(STEP).to_owned();
    Some(match kind {
        "string" => redis::cmd("GET").arg(key).to_owned(),
        "hash" => scan("HSCAN"),
        "set" => scan("SSCAN"),
        "list" => redis::cmd("LRANGE").arg(key).arg(at).arg(at + STEP - 1).to_owned(),
        "zset" => redis::cmd("ZRANGE").arg(key).arg(at).arg(at + STEP - 1).arg("WITHSCORES").to_owned(),
        _ => return None,
    })
}

type Pairs<T> = Vec<(Vec<u8>, T)>;

/// The value and where its next part begins; `None` when the key has gone.
fn decode(kind: &str, answer: redis::Value, at: u64) -> Result<Option<(Value, Option<u64>)>> {
    let after = |elements: usize| (elements as u64 == STEP).then_some(at + STEP);
    let cursor = |next: u64| (next != 0).then_some(next);
    let (value, more, empty) = match kind {
        "string" => match redis::from_redis_value::<Option<Vec<u8>>>(answer)? {
            Some(text) => (Value::Text(text), None, false),
            None => return Ok(None),
        },
        "hash" => {
            let (next, pairs): (u64, Pairs<Vec<u8>>) = redis::from_redis_value(answer)?;
            let empty = pairs.is_empty();
            (Value::Hash(pairs), cursor(next), empty)
        }
        "set" => {
            let (next, members): (u64, Vec<Vec<u8>>) = redis::from_redis_value(answer)?;
            let empty = members.is_empty();
            (Value::Set(members), cursor(next), empty)
        }
        "list" => {
            let elements: Vec<Vec<u8>> = redis::from_redis_value(answer)?;
            let (more, empty) = (after(elements.len()), elements.is_empty());
            (Value::List(elements), more, empty)
        }
        "zset" => {
            let members: Pairs<String> = redis::from_redis_value(answer)?;
            let (more, empty) = (after(members.len()), members.is_empty());
            (Value::SortedSet(members), more, empty)
        }
        other => (Value::Other(other.to_owned()), None, false),
    };
    // A scan step may be empty although more comes.
    Ok((!empty || more.is_some()).then_some((value, more)))
}
