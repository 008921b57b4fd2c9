//! `pg_dump`, where it fits the server: on this machine, or in a container of the server's image.

use std::process::Stdio;

use anyhow::{Context as _, Result};
use secrecy::ExposeSecret as _;
use tokio::io::AsyncReadExt as _;

use crate::engine::Engine;
use crate::engine::pipe::{Ended, Sink};
use crate::failure::Failure;
use crate::model::{DatabaseAddress, Encryption};

/// Where systems keep the public roots; before version 16, libpq has no word for them.
const SYSTEM_ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Runs a program that ends with us: its standard input is a pipe that the kernel closes when this
/// process is gone, however it went.
const TIED: &str = r#"exec 3<&0
"$@" 3<&- </dev/null & child=$!
(read -r _ <&3; kill "$child") >/dev/null 2>&1 & watcher=$!
wait "$child"; code=$?
kill "$watcher" 2>/dev/null
exit "$code""#;

/// Where client programs run.
#[derive(Debug, Clone)]
pub enum Place {
    /// On this machine.
    Local,
    /// In the database's own container, which reaches its server at 127.0.0.1:5432.
    Inside { engine: Engine, container: String },
    /// In a container of an image, on the host's network.
    OneShot { engine: Engine, project: String, image: String },
}

impl Place {
    /// This machine where its `pg_dump` is of `major` or newer, else a container of `image`.
    ///
    /// # Errors
    /// An environment failure where there is neither.
    pub async fn for_version(
        major: u32,
        engine: Option<&Engine>,
        project: &str,
        image: &str,
    ) -> Result<Self> {
        if local_major().await.is_some_and(|local| local >= major) {
            return Ok(Self::Local);
        }
        match engine {
            Some(engine) => Ok(Self::OneShot {
                engine: engine.clone(),
                project: project.to_owned(),
                image: image.to_owned(),
            }),
            None => Err(Failure::environment(format!("pg_dump {major} or newer is not here"))
                .hint(format!("install postgresql-client-{major}, or start the Docker Engine"))
                .into()),
        }
    }

    /// What to call it in reports.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Local => "this machine",
            Self::Inside { .. } => "the database's container",
            Self::OneShot { .. } => "a container of the database's image",
        }
    }

    /// Runs `pg_dump` and hands its output to `sink`.
    pub async fn pg_dump(&self, arguments: &[String], access: &Access, sink: &mut Sink<'_>) -> Result<()> {
        let mut command = vec!["pg_dump".to_owned(), "--no-password".to_owned()];
        command.extend_from_slice(arguments);
        let ended = match self {
            Self::Local => local(&command, &access.variables(), sink).await?,
            Self::Inside { engine, container } => {
                engine.exec_pipe(container, &command, &access.inside().lines(), sink).await?
            }
            Self::OneShot { engine, project, image } => {
                engine.one_shot(project, image, &command, &access.lines(), sink).await?
            }
        };
        if ended.code == 0 {
            return Ok(());
        }
        let words = ended.stderr.trim();
        Err(Failure::failed(format!("pg_dump ended with code {}: {words}", ended.code)).into())
    }
}

/// How a program reaches a database, as libpq's environment. Holds a password: never print it.
#[derive(Clone)]
pub struct Access {
    host: String,
    port: u16,
    database: String,
    user: String,
    password: String,
    encryption: Encryption,
}

impl Access {
    /// That of a database URL.
    ///
    /// # Errors
    /// Refuses one that cannot be read; the message never quotes it.
    pub fn of_url(url: &str) -> Result<Self> {
        Ok(Self::of_address(&super::address(url)?))
    }

    pub fn of_address(address: &DatabaseAddress) -> Self {
        Self {
            host: address.host.clone(),
            port: address.port,
            database: address.name.clone(),
            user: address.user.clone(),
            password: address.password.expose_secret().to_owned(),
            encryption: address.encryption.clone(),
        }
    }

    fn inside(&self) -> Self {
        let encryption = Encryption::Prefer;
        Self { host: "127.0.0.1".to_owned(), port: 5432, encryption, ..self.clone() }
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![
            ("PGHOST", self.host.clone()),
            ("PGPORT", self.port.to_string()),
            ("PGDATABASE", self.database.clone()),
            ("PGUSER", self.user.clone()),
            ("PGPASSWORD", self.password.clone()),
            ("PGSSLMODE", self.encryption.word().to_owned()),
            ("PGAPPNAME", "stagectl".to_owned()),
            // The server itself holds a dump to reading.
            ("PGOPTIONS", "-c default_transaction_read_only=on -c lock_timeout=30s".to_owned()),
        ];
        if let Encryption::VerifyCa(roots) | Encryption::VerifyFull(roots) = &self.encryption {
            let roots = roots.clone().unwrap_or_else(|| SYSTEM_ROOTS.into());
            variables.push(("PGSSLROOTCERT", roots.display().to_string()));
        }
        variables
    }

    fn lines(&self) -> Vec<String> {
        self.variables().into_iter().map(|(name, value)| format!("{name}={value}")).collect()
    }
}

/// Copies a database into an empty one by `pg_dump` and `pg_restore` of this machine, through a pipe:
/// nobody who works in `from` is disturbed, and nothing lies on a disk in between.
///
/// # Errors
/// An environment failure where the programs are not here or older than the server (`major`).
pub async fn copy(from: &Access, to: &Access, major: u32) -> Result<()> {
    if local_major().await.is_none_or(|local| local < major) {
        return Err(Failure::environment(format!("pg_dump {major} or newer is not here"))
            .hint(format!("install postgresql-client-{major}, or leave out `clone: dump`"))
            .into());
    }
    let program = |name: &str, access: &Access, arguments: &[&str]| {
        let mut command = tokio::process::Command::new(name);
        command.args(arguments).envs(access.variables()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    };
    let mut dump = program("pg_dump", from, &["--no-password", "--format=custom", "--compress=0"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("start pg_dump")?;
    let pipe: Stdio = dump.stdout.take().context("no output")?.try_into().context("connect the programs")?;
    let restore = program("pg_restore", to, &["--no-password", "--exit-on-error", "--dbname", &to.database])
        .env_remove("PGOPTIONS")
        .stdin(pipe)
        .stdout(Stdio::null())
        .spawn()
        .context("start pg_restore")?;
    let (dumped, restored) = tokio::try_join!(dump.wait_with_output(), restore.wait_with_output())?;
    for (name, output) in [("pg_restore", restored), ("pg_dump", dumped)] {
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(Failure::failed(format!("{name} stops: {words}")).into());
        }
    }
    Ok(())
}

/// The major version of this machine's `pg_dump`, if there is one.
async fn local_major() -> Option<u32> {
    let output = tokio::process::Command::new("pg_dump").arg("--version").output().await.ok()?;
    major(&String::from_utf8_lossy(&output.stdout))
}

/// `pg_dump (PostgreSQL) 15.18 (Debian …)` is 15.
fn major(text: &str) -> Option<u32> {
    let version = text.split_once("(PostgreSQL) ")?.1;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

async fn local(command: &[String], env: &[(&str, String)], sink: &mut Sink<'_>) -> Result<Ended> {
    let program = command.first().context("no command")?;
    let mut child = tokio::process::Command::new("sh")
        .args(["-c", TIED, "stagectl"])
        .args(command)
        .envs(env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("start {program}"))?;
    // Open until the program has ended; `wait` would close it first.
    let _tie = child.stdin.take();
    let (mut out, mut err) =
        (child.stdout.take().context("no output")?, child.stderr.take().context("no output")?);
    let mut ended = Ended::default();
    let (mut out_buffer, mut err_buffer) = (vec![0; 64 * 1024], vec![0; 4096]);
    let (mut out_open, mut err_open) = (true, true);
    while out_open || err_open {
        tokio::select! {
            read = out.read(&mut out_buffer), if out_open => match read? {
                0 => out_open = false,
                count => sink(&out_buffer[..count])?,
            },
            read = err.read(&mut err_buffer), if err_open => match read? {
                0 => err_open = false,
                count => ended.error_output(&err_buffer[..count]),
            },
        }
    }
    ended.code = child.wait().await?.code().map_or(-1, i64::from);
    Ok(ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_urls_are_read() {
        assert_eq!(major("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major("pg_dump (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major("no"), None);
        let access = Access::of_url("postgresql://u:p%40ss@h.example:5499/shop?sslmode=require").unwrap();
        let lines = access.lines();
        for line in ["PGHOST=h.example", "PGPORT=5499", "PGPASSWORD=p@ss", "PGSSLMODE=require"] {
            assert!(lines.iter().any(|found| found == line), "{line}");
        }
        assert!(access.inside().lines().contains(&"PGHOST=127.0.0.1".to_owned()));
    }
}
