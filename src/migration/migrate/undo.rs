//! The copy of before: made by the server, and put into the original's place by two renames.
//! What it replaces is kept, so that no row is lost that somebody wrote meanwhile.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::failure::Failure;
use crate::migration::clone::Clones;
use crate::migration::names::has_mark;
use crate::model::quote_identifier;
use crate::postgres::failure;

/// While a run goes on, and behind one that was killed.
const UNDO: &str = "__undo_";
/// After a run that succeeded.
const PAST: &str = "__past_";
/// What a failed run left, put aside.
const FAIL: &str = "__fail_";
/// How long the renames wait for sessions to go.
const PATIENCE: Duration = Duration::from_secs(20);

/// The copies beside one database.
pub struct Undo<'a> {
    clones: &'a Clones,
}

impl<'a> Undo<'a> {
    pub fn of(clones: &'a Clones) -> Self {
        Self { clones }
    }

    fn original(&self) -> &str {
        &self.clones.admin_address.name
    }

    /// The copy that a killed run has left.
    pub async fn left(&self) -> Result<Option<String>> {
        Ok(self.named(UNDO).await?.pop())
    }

    async fn named(&self, mark: &str) -> Result<Vec<String>> {
        let rows = self
            .clones
            .admin()
            .query("SELECT datname::text FROM pg_database ORDER BY 1", &[])
            .await
            .context("list the databases")?;
        let names = rows.iter().map(|row| row.get::<_, String>(0));
        Ok(names.filter(|name| has_mark(name, self.original(), mark)).collect())
    }

    /// Copies the original.
    pub async fn make(&self) -> Result<String> {
        let made = self.clones.copy_original().await?;
        let name = made.name.replacen("__clone_", UNDO, 1);
        self.rename(&made.name, &name).await?;
        Ok(name)
    }

    /// After success: the copy stays as the way back, and older ones go.
    pub async fn keep(&self, copy: &str) -> Result<String> {
        let older = self.named(PAST).await?;
        let name = copy.replacen(UNDO, PAST, 1);
        self.rename(copy, &name).await?;
        for old in older {
            self.drop(&old).await?;
        }
        Ok(name)
    }

    /// Where nothing was changed the copy is not needed.
    pub async fn drop(&self, copy: &str) -> Result<()> {
        let ours = [UNDO, PAST].iter().any(|mark| has_mark(copy, self.original(), mark));
        if !ours {
            return Err(Failure::refused(format!("`{copy}` is no copy of `{}`", self.original())).into());
        }
        self.clones
            .admin()
            .batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quote_identifier(copy)))
            .await
            .map_err(|error| failure(&format!("drop {copy}"), &error).into())
    }

    /// Puts the copy into the original's place, and returns the name under which the original is kept.
    pub async fn put_back(&self, copy: &str) -> Result<String> {
        let kept = copy.replacen(UNDO, FAIL, 1);
        // A run that was killed between the two renames has done the first already.
        let there: bool = self
            .clones
            .admin()
            .query_one("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", &[&self.original()])
            .await
            .context("look for the database")?
            .get(0);
        if there {
            self.rename(self.original(), &kept).await?;
        }
        self.rename(copy, self.original()).await?;
        Ok(kept)
    }

    /// Renames a database; whoever is connected to it is sent away.
    async fn rename(&self, from: &str, to: &str) -> Result<()> {
        let statement =
            format!("ALTER DATABASE {} RENAME TO {}", quote_identifier(from), quote_identifier(to));
        let start = Instant::now();
        loop {
            self.clones
                .admin()
                .execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()",
                    &[&from],
                )
                .await
                .context("close the sessions")?;
            match self.clones.admin().batch_execute(&statement).await {
                Ok(()) => return Ok(()),
                Err(error)
                    if error.code() == Some(&tokio_postgres::error::SqlState::OBJECT_IN_USE)
                        && start.elapsed() < PATIENCE => {}
                Err(error) => return Err(failure(&format!("rename {from} to {to}"), &error).into()),
            }
        }
    }
}
