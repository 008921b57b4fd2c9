//! The moment in which the new database takes the old one's place, and the way back.
//! The names tell what each database is, so that a later run can clean up after a killed one.

use std::time::{Duration, Instant};

use anyhow::Result;
use jiff::Timestamp;

use super::quiet::quiet;
use super::target;
use crate::failure::Failure;
use crate::model::{DatabaseAddress, quote_identifier, quote_literal};
use crate::postgres::{Session, connect, connect_if_exists, failure, settings};

/// The longest name that PostgreSQL keeps whole, in bytes.
const LONGEST_NAME: usize = 63;
const NEW: &str = "__new_";
const OLD: &str = "__old_";

/// One run at a time per database, wherever it was started; held by the session that makes and renames
/// databases, so that whoever gets it finds all that a killed run has left.
const LOCK: &str = "SET lock_timeout = '5s'; SELECT pg_advisory_lock(hashtext('stagectl'), hashtext($name)); RESET lock_timeout";
const COMMENT: &str = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1";
/// Ends the sessions on both databases and counts those that are still there.
const END_SESSIONS: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname IN ($1, $2) AND pid <> pg_backend_pid()";

/// What a swap did.
#[derive(Debug, Clone)]
pub struct Swapped {
    /// The name under which the database that was live is kept; `None` where there was none.
    pub kept: Option<String>,
    /// How long the live database's name took no new session, at most.
    pub away: Duration,
}

/// The live database and its companions.
pub struct Databases {
    server: Session,
    admin: DatabaseAddress,
}

impl Databases {
    /// Connects beside the live database.
    pub async fn open(admin: &DatabaseAddress) -> Result<Self> {
        Ok(Self { server: beside(admin).await?, admin: admin.clone() })
    }

    /// Takes the lock on the live database's name until this is dropped.
    ///
    /// # Errors
    /// Says that another run has it.
    pub async fn lock(&self) -> Result<()> {
        let statement = LOCK.replace("$name", &quote_literal(&self.admin.name));
        self.server.batch_execute(&statement).await.map_err(|error| {
            if error.code().is_some_and(|code| code.code() == "55P03") {
                let message = format!("another stagectl is at work on {}", self.admin.name);
                return Failure::environment(message).hint("wait until it has finished").into();
            }
            quiet("take the lock on the database")(error)
        })
    }

    /// Whether the live database is there.
    pub async fn is_live(&self) -> Result<bool> {
        let sql = "SELECT 1 FROM pg_database WHERE datname = $1";
        let found = self.server.query_opt(sql, &[&self.admin.name]).await;
        Ok(found.map_err(quiet("look for the database"))?.is_some())
    }

    /// Drops what killed runs have left, and returns the names. The lock is held.
    pub async fn sweep(&self) -> Result<Vec<String>> {
        let stale = self.named(NEW).await?;
        for name in &stale {
            self.drop(name).await?;
        }
        Ok(stale)
    }

    /// Previous databases, oldest first.
    pub async fn previous(&self) -> Result<Vec<String>> {
        self.named(OLD).await
    }

    async fn named(&self, mark: &str) -> Result<Vec<String>> {
        let rows = self
            .server
            .query("SELECT datname::text FROM pg_database ORDER BY 1", &[])
            .await
            .map_err(quiet("list databases"))?;
        let names = rows.iter().map(|row| row.get::<_, String>(0));
        let mut found: Vec<String> =
            names.filter(|name| is_companion(name, &self.admin.name, mark)).collect();
        // By time: the start may be cut short, the end never is.
        found.sort_by_key(|name| name.rsplit_once(mark).map(|(_, end)| end.to_owned()));
        Ok(found)
    }

    /// Makes the empty new database, owned by `owner`, with the settings and grants of the live one.
    pub async fn create(&self, now: Timestamp, owner: &str) -> Result<String> {
        let name = self.free_name(NEW, now).await?;
        let statement = format!(
            "CREATE DATABASE {} TEMPLATE template0 OWNER {}",
            quote_identifier(&name),
            quote_identifier(owner)
        );
        self.server.batch_execute(&statement).await.map_err(|error| {
            failure("create the new database", &error).hint(
                "the role must be allowed to create databases (`ALTER ROLE … CREATEDB`), and their owner must exist",
            )
        })?;
        settings::carry_over(&self.server, &self.admin.name, &name).await?;
        // The next run knows by it that this is no production.
        let comment = self.server.query_opt(COMMENT, &[&self.admin.name]).await;
        let comment: Option<String> =
            comment.map_err(quiet("read the database's comment"))?.and_then(|row| row.get(0));
        let comment = target::marked(comment.as_deref());
        let statement =
            format!("COMMENT ON DATABASE {} IS {}", quote_identifier(&name), quote_literal(&comment));
        self.server.batch_execute(&statement).await.map_err(quiet("mark the new database"))?;
        Ok(name)
    }

    /// A name for this time, or for the first second after it that is not taken.
    async fn free_name(&self, mark: &str, mut now: Timestamp) -> Result<String> {
        let taken = self.named(mark).await?;
        loop {
            let name = companion(&self.admin.name, mark, now);
            if !taken.contains(&name) {
                return Ok(name);
            }
            now = now.checked_add(jiff::SignedDuration::from_secs(1)).unwrap_or(now);
        }
    }

    /// Puts `new` in the place of the live database, in one transaction.
    pub async fn swap(&self, new: &str, now: Timestamp) -> Result<Swapped> {
        let live = &self.admin.name;
        let kept = if self.is_live().await? { Some(self.free_name(OLD, now).await?) } else { None };
        let away = kept.as_ref().map_or_else(String::new, |kept| {
            format!("ALTER DATABASE {} RENAME TO {};", quote_identifier(live), quote_identifier(kept))
        });
        let here = format!("ALTER DATABASE {} RENAME TO {}", quote_identifier(new), quote_identifier(live));
        let statement = format!("BEGIN; {away} {here}; COMMIT");
        let watcher = beside(&self.admin).await?;
        // What is still open on the new database would hold up the swap when staging is already away.
        wait_for_no_session(&watcher, new).await?;
        self.server.batch_execute("LISTEN stagectl_swap").await.map_err(quiet("prepare the swap"))?;
        for attempt in 1.. {
            // The rename locks the name first and then waits for the sessions to go: new ones wait behind
            // it, so none can come in between.
            let start = Instant::now();
            let result = tokio::select! {
                result = self.server.batch_execute(&statement) => result,
                error = end_sessions(&watcher, live, new) => return Err(error),
            };
            let away = start.elapsed();
            match result {
                Ok(()) => return Ok(Swapped { kept, away }),
                Err(error) => {
                    self.server.batch_execute("ROLLBACK").await.map_err(quiet("undo the swap"))?;
                    let in_use = error.code().is_some_and(|code| code.code() == "55006");
                    if !in_use || attempt == 5 {
                        return Err(quiet("swap the databases")(error));
                    }
                }
            }
        }
        Err(Failure::failed("swap the databases: no attempt was made").into())
    }

    /// Keeps the newest `keep` previous databases, drops the others, and returns their names.
    pub async fn prune(&self, keep: u32) -> Result<Vec<String>> {
        let mut previous = self.previous().await?;
        previous.truncate(previous.len().saturating_sub(keep as usize));
        for name in &previous {
            self.drop(name).await?;
        }
        Ok(previous)
    }

    /// Drops a companion, with whoever is connected to it.
    ///
    /// # Errors
    /// Refuses any other name.
    pub async fn drop(&self, name: &str) -> Result<()> {
        let live = &self.admin.name;
        if !is_companion(name, live, NEW) && !is_companion(name, live, OLD) {
            return Err(Failure::refused(format!("`{name}` was not made beside `{live}`")).into());
        }
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quote_identifier(name));
        self.server.batch_execute(&statement).await.map_err(quiet(format!("drop {name}")))
    }
}

/// A session on the same server that does not hold the live database open.
async fn beside(admin: &DatabaseAddress) -> Result<Session> {
    match connect_if_exists(&admin.database("postgres")).await? {
        Some(session) => Ok(session),
        None => connect(&admin.database("template1")).await,
    }
}

/// Ends the sessions on both databases again and again. Returns only when that fails.
async fn end_sessions(watcher: &Session, live: &str, new: &str) -> anyhow::Error {
    loop {
        match watcher.query_one(END_SESSIONS, &[&live, &new]).await {
            Ok(row) if row.get::<_, i64>(0) > 0 => {}
            // A rename that has met a session sleeps for 100 ms before it looks again. A notification wakes it.
            Ok(_) => {
                if let Err(error) = watcher.batch_execute("NOTIFY stagectl_swap").await {
                    return quiet("wake the swap")(error);
                }
            }
            Err(error) => return cannot_end(live, error),
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn wait_for_no_session(watcher: &Session, database: &str) -> Result<()> {
    loop {
        let row = watcher.query_one(END_SESSIONS, &[&database, &database]).await;
        if row.map_err(|error| cannot_end(database, error))?.get::<_, i64>(0) == 0 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn cannot_end(database: &str, error: tokio_postgres::Error) -> anyhow::Error {
    if error.code().is_some_and(|code| code.code() == "42501") {
        return Failure::environment(format!("the role may not end the sessions of others on {database}"))
            .hint("stop what uses it, or `GRANT pg_signal_backend` to the role")
            .into();
    }
    quiet("end the sessions")(error)
}

fn companion(live: &str, mark: &str, now: Timestamp) -> String {
    let end = format!("{mark}{}", crate::clock::compact(now).to_lowercase());
    let mut start = live.to_owned();
    while start.len() + end.len() > LONGEST_NAME {
        start.pop();
    }
    start + &end
}

/// True for the names that [`companion`] gives.
fn is_companion(name: &str, live: &str, mark: &str) -> bool {
    let Some((start, time)) = name.rsplit_once(mark) else { return false };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let is_time = time.len() == 16
        && time.is_ascii()
        && digits(&time[..8])
        && &time[8..9] == "t"
        && digits(&time[9..15])
        && time.ends_with('z');
    let cut = name.len() == LONGEST_NAME && !start.is_empty() && live.starts_with(start);
    is_time && (start == live || cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_companions_are_recognised() {
        let now: Timestamp = "2026-11-21T01:02:03Z".parse().unwrap();
        for live in ["staging_db", &"x".repeat(63), "a__old_b"] {
            let name = companion(live, OLD, now);
            assert!(name.len() <= LONGEST_NAME && is_companion(&name, live, OLD), "{name}");
            assert!(!is_companion(&name, live, NEW) && !is_companion(live, live, OLD));
        }
        for name in ["staging_db__old_", "staging_db__old_backup", "other__old_20261121t010203z"] {
            assert!(!is_companion(name, "staging_db", OLD), "{name}");
        }
    }
}
