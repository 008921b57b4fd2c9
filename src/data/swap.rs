//! The moment in which the new database takes the old one's place, and the way back.
//! The names tell what each database is, so that a later run can clean up after a killed one.

use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;

use super::quiet::quiet;
use crate::failure::Failure;
use crate::model::{DatabaseAddress, quote_identifier};
use crate::postgres::{Session, connect, failure, settings};

/// The longest name that PostgreSQL keeps whole, in bytes.
const LONGEST_NAME: usize = 63;
const NEW: &str = "__new_";
const OLD: &str = "__old_";

/// The live database and its companions.
pub struct Databases {
    server: Session,
    admin: DatabaseAddress,
}

impl Databases {
    /// Connects beside the live database.
    pub async fn open(admin: &DatabaseAddress) -> Result<Self> {
        Ok(Self { server: connect(&admin.database("postgres")).await?, admin: admin.clone() })
    }

    /// Drops what killed runs have left, and returns the names. The project's lock is held.
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
                "`database.admin_user` must be allowed to create databases, and `database.user` must exist",
            )
        })?;
        settings::carry_over(&self.server, &self.admin.name, &name).await?;
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

    /// Puts `new` in the place of the live database, in one transaction; returns the name under which
    /// the live one is kept.
    pub async fn swap(&self, new: &str, now: Timestamp) -> Result<String> {
        let old = self.free_name(OLD, now).await?;
        let (live, new, kept) =
            (quote_identifier(&self.admin.name), quote_identifier(new), quote_identifier(&old));
        let statement = format!(
            "BEGIN; ALTER DATABASE {live} RENAME TO {kept}; ALTER DATABASE {new} RENAME TO {live}; COMMIT"
        );
        for attempt in 1.. {
            // The rename locks the database's name first and then waits for its sessions to go: new ones
            // wait behind it, so none can come in between.
            let watcher = connect(&self.admin.database("postgres")).await?;
            let result = tokio::select! {
                result = self.server.batch_execute(&statement) => result,
                error = close_sessions(&watcher, &self.admin.name) => return Err(error),
            };
            match result {
                Ok(()) => break,
                Err(error) => {
                    self.server.batch_execute("ROLLBACK").await.map_err(quiet("undo the swap"))?;
                    let in_use = error.code().is_some_and(|code| code.code() == "55006");
                    if !in_use || attempt == 3 {
                        return Err(quiet("swap the databases")(error));
                    }
                }
            }
        }
        Ok(old)
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

/// Swaps the live database with the newest previous one and returns both names: what is live now, and
/// what the former live one is called.
pub async fn rollback(admin: &DatabaseAddress, now: Timestamp) -> Result<(String, String)> {
    let databases = Databases::open(admin).await?;
    let Some(newest) = databases.previous().await?.pop() else {
        return Err(Failure::environment(format!("no previous database of {} is kept", admin.name))
            .hint("`copy-data` keeps `copy.keep` of them; staging-backups/ holds the dumps")
            .into());
    };
    let kept = databases.swap(&newest, now).await?;
    Ok((newest, kept))
}

/// Closes all sessions on a database again and again. Returns only when that fails.
async fn close_sessions(watcher: &Session, database: &str) -> anyhow::Error {
    loop {
        let closed = watcher
            .execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()",
                &[&database],
            )
            .await;
        if let Err(error) = closed {
            return quiet("close the sessions")(error);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
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
