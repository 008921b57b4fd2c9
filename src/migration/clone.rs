//! Clones of the staging database: made by the server itself, named so that a later run
//! recognises and drops those of a killed one. Nothing here writes to the original.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::names::{LONGEST_NAME, clone_name, is_clone_of};
use crate::failure::Failure;
use crate::model::{DatabaseAddress, quote_identifier, quote_literal};
use crate::postgres::programs::{self, Access};
use crate::postgres::{Session, connect, failure, settings};

/// How often a clone is tried while somebody works on the original; each try waits five seconds
/// inside the server.
const TRIES: u32 = 3;

/// Makes and drops databases on the twin's server.
pub struct Clones {
    admin: Session,
    /// The administrator, at the original.
    pub admin_address: DatabaseAddress,
    /// The migration's own role, at the original.
    pub user_address: DatabaseAddress,
    /// What that role turns into before it works.
    pub role: Option<String>,
    /// Who owns the original, and so the clones.
    owner: String,
    run_id: String,
    /// Clones made so far.
    count: AtomicU32,
    /// True where the server knows `STRATEGY`.
    has_strategy: bool,
    /// The server's major version.
    major: u32,
}

/// A session as the migration's own role, and the address by which a command gets its own.
pub struct Migrator {
    pub session: Session,
    pub address: DatabaseAddress,
}

impl std::ops::Deref for Migrator {
    type Target = Session;
    fn deref(&self) -> &Session {
        &self.session
    }
}

/// A clone that was made.
#[derive(Debug, Clone, Default)]
pub struct Made {
    pub name: String,
    pub ms: u64,
    /// Idle sessions on the original that had to be closed for the copy, as `application (n)`.
    pub closed: Vec<String>,
}

impl Clones {
    /// Connects beside the original, for making databases. `run_id` names this run's clones.
    pub async fn open(admin: DatabaseAddress, user: DatabaseAddress, run_id: &str) -> Result<Self> {
        let session = connect(&admin.database("postgres")).await?;
        let row = session
            .query_one("SELECT current_setting('server_version_num')::int", &[])
            .await
            .context("ask the server's version")?;
        let version: i32 = row.get(0);
        // The owner may do more than others, so it is kept where that is possible.
        let owner = session
            .query_opt(
                "SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = $1 AND pg_has_role(datdba, 'MEMBER')",
                &[&admin.name],
            )
            .await
            .context("ask who owns the database")?
            .map_or_else(|| user.user.clone(), |row| row.get(0));
        // The name by which a later run finds the session of a killed one.
        session
            .batch_execute(&format!("SET application_name = {}", quote_literal(&application(&admin.name))))
            .await
            .context("name the session")?;
        Ok(Self {
            admin: session,
            admin_address: admin,
            user_address: user,
            role: None,
            owner,
            run_id: run_id.to_owned(),
            count: AtomicU32::new(0),
            has_strategy: version >= 150_000,
            major: u32::try_from(version / 10_000).unwrap_or(0),
        })
    }

    pub fn admin(&self) -> &Session {
        &self.admin
    }

    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// The role that a migration's statements run as.
    pub fn migrates_as(&self) -> &str {
        self.role.as_ref().unwrap_or(&self.user_address.user)
    }

    fn original(&self) -> &str {
        &self.admin_address.name
    }

    /// Drops every clone of the original, this run's and those that killed runs have left, and
    /// returns their names. The project's lock is held, so nobody else's is among them.
    pub async fn sweep(&self) -> Result<Vec<String>> {
        // A copy that was cut off goes on in the server until its session ends.
        let rows = self
            .admin
            .query(
                "SELECT pid FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()",
                &[&application(self.original())],
            )
            .await?;
        for row in rows {
            self.terminate(row.get(0)).await?;
        }
        let rows = self.admin.query("SELECT datname::text FROM pg_database", &[]).await?;
        let stale: Vec<String> = rows
            .iter()
            .map(|row| row.get(0))
            .filter(|name: &String| is_clone_of(name, self.original()))
            .collect();
        for name in &stale {
            self.drop_clone(name).await?;
        }
        Ok(stale)
    }

    /// Copies the original. Its idle sessions are closed for the moment of the copy, and new ones
    /// wait for its end; a session at work is left alone, and after a while the copy gives up.
    pub async fn copy_original(&self) -> Result<Made> {
        let (name, start) = (self.name(), Instant::now());
        let statement = self.create(&name, self.original(), true);
        let mut closed = Vec::new();
        for attempt in 1.. {
            // CREATE DATABASE takes the original's lock first and then waits for its sessions to go,
            // so that closing them meanwhile needs no change to the original itself.
            let watcher = connect(&self.admin_address.database("postgres")).await?;
            let create = self.admin.batch_execute(&statement);
            let result = tokio::select! {
                result = create => result,
                error = close_idle(&watcher, self.original(), &mut closed) => return Err(error),
            };
            match result {
                Ok(()) => break,
                Err(error) if in_use(&error) && attempt < TRIES => {}
                Err(error) if in_use(&error) => return Err(self.busy(&watcher).await?.into()),
                Err(error) => {
                    return Err(failure(&format!("clone {}", self.original()), &error)
                        .hint("`database.admin_user` must be allowed to create databases")
                        .into());
                }
            }
        }
        settings::carry_over(&self.admin, self.original(), &name).await?;
        Ok(Made { name, ms: millis(start), closed: count(closed) })
    }

    /// Copies the original by dump and restore: its sessions go on.
    pub async fn dump_original(&self) -> Result<Made> {
        let start = Instant::now();
        let name = self.blank().await?;
        let (from, to) = (&self.admin_address, self.admin_address.database(&name));
        programs::copy(&Access::of_address(from), &Access::of_address(&to), self.major)
            .await
            .with_context(|| format!("copy {} by a dump", self.original()))?;
        Ok(Made { name, ms: millis(start), closed: Vec::new() })
    }

    /// A database with nothing in it, and the original's settings and grants.
    async fn blank(&self) -> Result<String> {
        let name = self.name();
        let statement = format!(
            "CREATE DATABASE {} TEMPLATE template0 OWNER {}",
            quote_identifier(&name),
            quote_identifier(&self.owner)
        );
        self.admin
            .batch_execute(&statement)
            .await
            .map_err(|error| failure("make an empty database", &error))?;
        settings::carry_over(&self.admin, self.original(), &name).await?;
        Ok(name)
    }

    /// Makes an empty database beside the original, with the extensions that the original has: a
    /// history's first step may count on what an administrator installed.
    pub async fn empty(&self) -> Result<String> {
        let name = self.blank().await?;
        let original = connect(&self.admin_address).await?;
        let session = self.as_admin(&name).await?;
        let extensions = "SELECT format('CREATE SCHEMA IF NOT EXISTS %I; CREATE EXTENSION IF NOT EXISTS %I SCHEMA %I', n.nspname, e.extname, n.nspname)
             FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE n.nspname <> 'pg_catalog'";
        for row in original.query(extensions, &[]).await.context("list the extensions")? {
            let statement: String = row.get(0);
            session.batch_execute(&statement).await.map_err(|error| failure(&statement, &error))?;
        }
        let owner = quote_identifier(&self.owner);
        session
            .batch_execute(&format!("ALTER SCHEMA public OWNER TO {owner}"))
            .await
            .map_err(|error| failure("prepare the empty database", &error))?;
        Ok(name)
    }

    /// Copies a clone, which nobody else is connected to.
    pub async fn copy(&self, template: &str) -> Result<String> {
        let name = self.name();
        let statement = self.create(&name, template, false);
        self.admin
            .batch_execute(&statement)
            .await
            .map_err(|error| failure(&format!("clone {template}"), &error))?;
        settings::carry_over(&self.admin, self.original(), &name).await?;
        Ok(name)
    }

    /// Copies a clone, or `template0`, into a tablespace. `None`: that has no room for it.
    pub async fn copy_into(&self, template: &str, tablespace: &str) -> Result<Option<String>> {
        let name = self.name();
        // By files: a copy through the log leaves holes in them, which find no room when a checkpoint fills
        // them, and then no database can be dropped any more.
        let statement =
            format!("{} TABLESPACE {}", self.create(&name, template, true), quote_identifier(tablespace));
        match self.admin.batch_execute(&statement).await {
            Ok(()) => settings::carry_over(&self.admin, self.original(), &name).await.map(|()| Some(name)),
            Err(error) if error.code() == Some(&tokio_postgres::error::SqlState::DISK_FULL) => Ok(None),
            Err(error) => Err(failure(&format!("clone {template} into {tablespace}"), &error)
                .hint("the administrator needs CREATE on the tablespace")
                .into()),
        }
    }

    fn create(&self, name: &str, template: &str, by_files: bool) -> String {
        // Copying files is fastest for anything of size, but costs two checkpoints.
        let strategy = match (self.has_strategy, by_files) {
            (true, true) => " STRATEGY file_copy",
            _ => "",
        };
        format!(
            "CREATE DATABASE {} TEMPLATE {} OWNER {}{strategy}",
            quote_identifier(name),
            quote_identifier(template),
            quote_identifier(&self.owner),
        )
    }

    fn name(&self) -> String {
        let number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        clone_name(self.original(), &self.run_id.to_lowercase().replace('-', "_"), number)
    }

    async fn busy(&self, watcher: &Session) -> Result<Failure> {
        let rows = watcher
            .query(
                "SELECT pid, coalesce(nullif(application_name, ''), 'unnamed'), coalesce(state, 'unknown'),
                        coalesce(extract(epoch FROM now() - xact_start)::int, 0)
                 FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid() ORDER BY xact_start",
                &[&self.original()],
            )
            .await?;
        let sessions: Vec<String> = rows
            .iter()
            .map(|row| {
                let (pid, application, state, age): (i32, String, String, i32) =
                    (row.get(0), row.get(1), row.get(2), row.get(3));
                format!("process {pid} of {application} is {state} for {age} s")
            })
            .collect();
        Ok(Failure::environment(format!(
            "{} cannot be cloned while sessions are at work in it: {}",
            self.original(),
            sessions.join("; ")
        ))
        .hint("wait until they have finished, or end them; stagectl closes idle sessions only"))
    }

    /// A session on a clone as the migration's own role.
    pub async fn as_user(&self, clone: &str) -> Result<Migrator> {
        self.migrator(self.user_address.database(clone)).await
    }

    /// The migration's own role at this address, which may be a proxy's.
    pub async fn migrator(&self, address: DatabaseAddress) -> Result<Migrator> {
        let session = connect(&address).await?;
        session
            .batch_execute(&format!("SET stagectl.run_id = {}", quote_literal(&self.run_id)))
            .await
            .context("name the run")?;
        if let Some(role) = &self.role {
            let statement = format!("SET ROLE {}", quote_identifier(role));
            session.batch_execute(&statement).await.map_err(|error| failure(&statement, &error))?;
        }
        Ok(Migrator { session, address })
    }

    /// A session on a clone as the administrator, who sees every row and lock.
    pub async fn as_admin(&self, clone: &str) -> Result<Session> {
        connect(&self.admin_address.database(clone)).await
    }

    /// Ends a backend and waits until it has gone.
    pub async fn terminate(&self, pid: i32) -> Result<()> {
        self.admin.execute("SELECT pg_terminate_backend($1)", &[&pid]).await?;
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            let rows = self.admin.query("SELECT 1 FROM pg_stat_activity WHERE pid = $1", &[&pid]).await?;
            if rows.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Err(Failure::failed(format!("server process {pid} does not end")).into())
    }

    /// Drops one clone of this run, with whoever is connected to it.
    pub async fn drop_clone(&self, name: &str) -> Result<()> {
        // The last line of defence: nothing but a clone is ever dropped here.
        if !is_clone_of(name, self.original()) {
            return Err(Failure::refused(format!("`{name}` is no clone of `{}`", self.original())).into());
        }
        self.admin
            .batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quote_identifier(name)))
            .await
            .map_err(|error| failure(&format!("drop the clone {name}"), &error).into())
    }

    /// Gives a clone a name that no later run sweeps, and returns it.
    pub async fn keep(&self, name: &str) -> Result<String> {
        let new = name.replacen("__clone_", "__kept_", 1);
        self.admin
            .batch_execute(&format!(
                "ALTER DATABASE {} RENAME TO {}",
                quote_identifier(name),
                quote_identifier(&new)
            ))
            .await
            .map_err(|error| failure("keep the clone", &error))?;
        Ok(new)
    }
}

/// The name of the session that makes and drops databases.
fn application(original: &str) -> String {
    format!("stagectl clones of {original}").chars().take(LONGEST_NAME).collect()
}

/// Closes idle sessions on the original again and again. Returns only when that fails.
async fn close_idle(watcher: &Session, original: &str, closed: &mut Vec<String>) -> anyhow::Error {
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let rows = watcher
            .query(
                // Materialised, or the planner may end sessions before it asks for their database.
                "WITH idle AS MATERIALIZED (
                   SELECT pid, coalesce(nullif(application_name, ''), 'unnamed') AS application FROM pg_stat_activity
                   WHERE datname = $1 AND state = 'idle' AND backend_type = 'client backend')
                 SELECT application FROM idle WHERE pg_terminate_backend(pid)",
                &[&original],
            )
            .await;
        match rows {
            Ok(rows) => closed.extend(rows.iter().map(|row| row.get::<_, String>(0))),
            Err(error) => return anyhow::Error::new(error).context("close idle sessions for the copy"),
        }
    }
}

fn count(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names.chunk_by(|a, b| a == b).map(|same| format!("{} ({})", same[0], same.len())).collect()
}

fn in_use(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&tokio_postgres::error::SqlState::OBJECT_IN_USE)
}

fn millis(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}
