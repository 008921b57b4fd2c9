//! The twin's Redis: keys are staged under a name of their own, then take their place in one transaction.
//! Nobody sees half a copy, and what the application made itself stays.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, Result};
use redis::aio::MultiplexedConnection;

use super::{Entry, Value};
use crate::failure::Failure;
use crate::model::CacheAddress;
use crate::redis::connect;

const RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);
/// Keys that are staged, and not yet in place, begin with this and the run's name.
const STAGED: &str = "stagectl:new:";
/// The set that remembers which keys the last copy brought.
const COPIED: &str = "stagectl:copied";
const STEP: usize = 500;

/// A connection that writes. Cheap to clone.
#[derive(Clone)]
pub struct Target {
    connection: MultiplexedConnection,
}

impl Target {
    /// # Errors
    /// The server does not answer, or refuses the password.
    pub async fn connect(address: &CacheAddress) -> Result<Self> {
        Ok(Self { connection: connect::to_address(address, RESPONSE_TIMEOUT).await? })
    }

    pub async fn run_id(&self) -> Result<String> {
        super::run_id(&mut self.connection.clone()).await.context("ask staging's Redis who it is")
    }

    /// Removes what this run, or one that was killed, staged and did not put in place.
    pub async fn remove_staged(&self) -> Result<()> {
        let connection = &mut self.connection.clone();
        let mut cursor = 0_u64;
        loop {
            let (next, keys): (u64, Vec<Vec<u8>>) = redis::cmd("SCAN")
                .arg(cursor)
                .arg("MATCH")
                .arg(format!("{STAGED}*"))
                .arg("COUNT")
                .arg(STEP)
                .query_async(connection)
                .await
                .context("look for staged keys")?;
            if !keys.is_empty() {
                let _: u64 = redis::cmd("UNLINK")
                    .arg(keys)
                    .query_async(connection)
                    .await
                    .context("remove staged keys")?;
            }
            cursor = next;
            if cursor == 0 {
                return Ok(());
            }
        }
    }

    /// Writes values, or parts of them, under the run's prefix. A part is added to those before it.
    pub async fn stage(&self, run: &str, entries: &[Entry]) -> Result<()> {
        let mut pipe = redis::pipe();
        for entry in entries {
            let key = staged(run, &entry.key);
            match &entry.value {
                Value::Text(text) => pipe.cmd("SET").arg(key).arg(text),
                Value::Hash(pairs) if !pairs.is_empty() => pipe.cmd("HSET").arg(key).arg(pairs),
                Value::List(elements) if !elements.is_empty() => pipe.cmd("RPUSH").arg(key).arg(elements),
                Value::Set(members) if !members.is_empty() => pipe.cmd("SADD").arg(key).arg(members),
                Value::SortedSet(members) if !members.is_empty() => {
                    let scored: Vec<(&String, &Vec<u8>)> = members.iter().map(|(m, s)| (s, m)).collect();
                    pipe.cmd("ZADD").arg(key).arg(scored)
                }
                _ => continue,
            }
            .ignore();
        }
        if pipe.is_empty() {
            return Ok(());
        }
        pipe.exec_async(&mut self.connection.clone()).await.context("stage keys in staging's Redis")
    }

    /// Puts the staged keys in place, with their time to live in milliseconds, and removes those that an
    /// earlier copy brought and this one does not: all at once. Answers how many it removed.
    ///
    /// # Errors
    /// `environment` when the server evicted staged keys: then nothing changes.
    pub async fn put_in_place(&self, run: &str, keys: &[(Vec<u8>, Option<i64>)]) -> Result<u64> {
        let connection = &mut self.connection.clone();
        self.all_staged(run, keys).await?;
        let coming: BTreeSet<&[u8]> = keys.iter().map(|(key, _)| key.as_slice()).collect();
        let before = self.copied().await?;
        let gone: Vec<&Vec<u8>> = before.iter().filter(|key| !coming.contains(key.as_slice())).collect();
        let mut pipe = redis::pipe();
        pipe.atomic();
        for (key, ttl) in keys {
            pipe.cmd("RENAME").arg(staged(run, key)).arg(key).ignore();
            if let Some(ttl) = ttl {
                pipe.cmd("PEXPIRE").arg(key).arg(*ttl).ignore();
            }
        }
        for part in gone.chunks(STEP) {
            pipe.cmd("UNLINK").arg(part).ignore();
        }
        pipe.cmd("DEL").arg(COPIED).ignore();
        for part in keys.chunks(STEP) {
            let names: Vec<&Vec<u8>> = part.iter().map(|(key, _)| key).collect();
            pipe.cmd("SADD").arg(COPIED).arg(names).ignore();
        }
        pipe.exec_async(connection).await.context("put the copied keys in place")?;
        Ok(gone.len() as u64)
    }

    async fn all_staged(&self, run: &str, keys: &[(Vec<u8>, Option<i64>)]) -> Result<()> {
        for part in keys.chunks(STEP) {
            let names: Vec<Vec<u8>> = part.iter().map(|(key, _)| staged(run, key)).collect();
            let there: usize = redis::cmd("EXISTS")
                .arg(names)
                .query_async(&mut self.connection.clone())
                .await
                .context("count the staged keys")?;
            if there < part.len() {
                return Err(Failure::environment("staging's Redis dropped keys while they were staged")
                    .hint("raise its `maxmemory`, or let fewer keys cross (`cache_copy.rules`)")
                    .into());
            }
        }
        Ok(())
    }

    async fn copied(&self) -> Result<BTreeSet<Vec<u8>>> {
        let mut found = BTreeSet::new();
        let mut cursor = 0_u64;
        loop {
            let (next, keys): (u64, Vec<Vec<u8>>) = redis::cmd("SSCAN")
                .arg(COPIED)
                .arg(cursor)
                .arg("COUNT")
                .arg(STEP)
                .query_async(&mut self.connection.clone())
                .await
                .context("list the keys of the last copy")?;
            found.extend(keys);
            cursor = next;
            if cursor == 0 {
                return Ok(found);
            }
        }
    }
}

fn staged(run: &str, key: &[u8]) -> Vec<u8> {
    [STAGED.as_bytes(), run.as_bytes(), b":", key].concat()
}
