//! A tool's own command, run as a child process on one database: the address stands in its
//! environment, its output is kept without the password, and it ends with its whole process group.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::apply::{Applied, StatementRun, Stopped};
use crate::failure::Failure;
use crate::model::{DatabaseAddress, Encryption};

/// How much of a command's output is kept: its end, in bytes.
const KEPT: usize = 64 * 1024;
/// How many lines of it a finding quotes.
const QUOTED: usize = 12;

/// A command line for `/bin/sh`, with `{step}` and the like already filled in, and the parts of
/// the address (`{url}`, `{host}` …) not yet: what is shown never holds a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    pub line: String,
    pub folder: PathBuf,
    /// Set beside the address; the values may hold `{url}` and the like.
    pub environment: BTreeMap<String, String>,
    pub limit: Duration,
}

/// What a command said before it ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// Absent: a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    /// Standard output and standard error as they came, without the password.
    pub output: String,
    pub ms: f64,
}

impl Command {
    /// Runs it on the database at `address`.
    ///
    /// # Errors
    /// Where it cannot be started. A command that fails is no error of this function.
    pub async fn run(&self, address: &DatabaseAddress) -> Result<Ended> {
        let start = Instant::now();
        let mut command = tokio::process::Command::new("/bin/sh");
        command
            .arg("-c")
            .arg(fill(&self.line, address))
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        for (name, value) in std::env::vars() {
            if names_a_database(&name, &value) {
                command.env_remove(name);
            }
        }
        command.envs(variables(address));
        command.envs(self.environment.iter().map(|(name, value)| (name, fill(value, address))));
        let mut child =
            command.spawn().with_context(|| format!("start `{}` in {}", self.line, self.folder.display()))?;
        let group = Group(child.id());
        let (mut out, mut err) =
            (child.stdout.take().context("no output")?, child.stderr.take().context("no output")?);
        let (mut stdout, mut both) = (Vec::new(), Vec::new());
        let (mut out_open, mut err_open) = (true, true);
        let mut buffers = (vec![0; 8192], vec![0; 8192]);
        let deadline = tokio::time::sleep(self.limit);
        tokio::pin!(deadline);
        let mut too_long = false;
        while out_open || err_open {
            tokio::select! {
                count = read(&mut out, &mut buffers.0), if out_open => {
                    out_open = count > 0;
                    keep(&mut stdout, &buffers.0[..count]);
                    keep(&mut both, &buffers.0[..count]);
                }
                count = read(&mut err, &mut buffers.1), if err_open => {
                    err_open = count > 0;
                    keep(&mut both, &buffers.1[..count]);
                }
                () = &mut deadline => {
                    too_long = true;
                    break;
                }
            }
        }
        if too_long {
            group.end();
            both.extend_from_slice(format!("\nended after {} s, its limit", self.limit.as_secs()).as_bytes());
        }
        let status = child.wait().await.with_context(|| format!("wait for `{}`", self.line))?;
        Ok(Ended {
            code: if too_long { None } else { status.code() },
            stdout: redact(&stdout, address),
            output: redact(&both, address),
            ms: start.elapsed().as_secs_f64() * 1000.0,
        })
    }

    /// Runs it as a step's up or down.
    pub async fn apply(&self, address: &DatabaseAddress) -> Result<Applied> {
        let ended = self.run(address).await?;
        let mut applied = Applied { ms: ended.ms, ..Applied::default() };
        if ended.code == Some(0) {
            applied.statements.push(StatementRun {
                place: self.line.clone(),
                statement: self.line.clone(),
                ms: ended.ms,
                rows: 0,
                locks: Vec::new(),
                rewrites: Vec::new(),
                wal_bytes: 0,
            });
        } else {
            applied.stopped = Some(Stopped {
                place: self.line.clone(),
                statement: self.line.clone(),
                sqlstate: String::new(),
                message: ended.why(),
            });
        }
        Ok(applied)
    }

    /// Runs it for what it prints.
    ///
    /// # Errors
    /// A failure with the end of its output where it does not end with 0.
    pub async fn ask(&self, address: &DatabaseAddress) -> Result<String> {
        let ended = self.run(address).await?;
        if ended.code == Some(0) {
            return Ok(ended.stdout);
        }
        Err(Failure::config(format!("`{}` {}", self.line, ended.why()))
            .hint("run it by hand in the same folder; `migration.commands` says folder and environment")
            .into())
    }
}

impl Ended {
    /// The code and the last lines.
    pub fn why(&self) -> String {
        let code =
            self.code.map_or("did not end by itself".to_owned(), |code| format!("ended with code {code}"));
        format!("{code}: {}", last_words(&self.output))
    }
}

/// The last lines; of a Python traceback those after its last frame, which are the error itself.
fn last_words(output: &str) -> String {
    let lines: Vec<&str> = output.lines().filter(|line| !line.trim().is_empty()).collect();
    let frame = lines.iter().rposition(|line| line.starts_with("  File \""));
    let error = frame.and_then(|frame| (frame..lines.len()).find(|at| !lines[*at].starts_with(' ')));
    let from = error.unwrap_or(lines.len().saturating_sub(QUOTED));
    lines[from..].iter().take(QUOTED).copied().collect::<Vec<_>>().join("\n")
}

/// A child's process group, which ends with whoever waits for it.
struct Group(Option<u32>);

impl Group {
    fn end(&self) {
        let pid = self.0.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            // It may have ended by itself.
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}

/// A pipe that breaks has ended.
async fn read(from: &mut (impl AsyncRead + Unpin), into: &mut [u8]) -> usize {
    from.read(into).await.unwrap_or(0)
}

fn keep(kept: &mut Vec<u8>, more: &[u8]) {
    kept.extend_from_slice(more);
    if kept.len() > 2 * KEPT {
        kept.drain(..kept.len() - KEPT);
    }
}

/// What libpq, its kin and most tools read.
fn variables(address: &DatabaseAddress) -> Vec<(&'static str, String)> {
    let mut variables = vec![
        ("DATABASE_URL", url(address)),
        ("PGHOST", address.host.clone()),
        ("PGPORT", address.port.to_string()),
        ("PGDATABASE", address.name.clone()),
        ("PGUSER", address.user.clone()),
        ("PGPASSWORD", address.password.expose_secret().to_owned()),
        ("PGSSLMODE", address.encryption.word().to_owned()),
        ("PGAPPNAME", "stagectl".to_owned()),
    ];
    variables.extend(address.encryption.roots().map(|roots| ("PGSSLROOTCERT", roots.display().to_string())));
    variables
}

/// True for a variable by which a command could reach another database than the one it is given.
fn names_a_database(name: &str, value: &str) -> bool {
    name.starts_with("PG") && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
        || name.ends_with("DATABASE_URL")
        || ["postgres://", "postgresql://", "postgresql+"].iter().any(|scheme| value.contains(scheme))
}

/// The address as a URL, each part escaped. `sslmode` stands in it where it was asked for: not every
/// driver takes the word.
pub fn url(address: &DatabaseAddress) -> String {
    let mut url = format!(
        "postgresql://{}:{}@{}:{}/{}",
        escape(&address.user),
        escape(address.password.expose_secret()),
        address.host,
        address.port,
        escape(&address.name)
    );
    if address.encryption != Encryption::Prefer {
        url.push_str(&format!("?sslmode={}", address.encryption.word()));
    }
    if let Some(roots) = address.encryption.roots() {
        url.push_str(&format!("&sslrootcert={}", escape(&roots.display().to_string())));
    }
    url
}

/// Fills in the parts of the address. User, password and database are escaped as a URL needs it.
fn fill(text: &str, address: &DatabaseAddress) -> String {
    text.replace("{url}", &url(address))
        .replace("{host}", &address.host)
        .replace("{port}", &address.port.to_string())
        .replace("{user}", &escape(&address.user))
        .replace("{password}", &escape(address.password.expose_secret()))
        .replace("{database}", &escape(&address.name))
}

fn escape(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn redact(bytes: &[u8], address: &DatabaseAddress) -> String {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let password = address.password.expose_secret();
    if password.is_empty() {
        return text;
    }
    text.replace(password, "****").replace(&escape(password), "****")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> DatabaseAddress {
        DatabaseAddress {
            host: "h".into(),
            port: 5,
            name: "d b".into(),
            user: "u".into(),
            encryption: Encryption::Prefer,
            password: "p@ss/word".to_owned().into(),
        }
    }

    fn command(line: &str) -> Command {
        Command {
            line: line.into(),
            folder: "/".into(),
            environment: BTreeMap::from([("ASYNC".into(), "pg+x://{user}:{password}@{host}".into())]),
            limit: Duration::from_secs(600),
        }
    }

    #[tokio::test]
    async fn the_address_is_in_the_environment_and_the_password_in_no_output() {
        let ended =
            command("echo $DATABASE_URL $ASYNC $PGPASSWORD; echo {host} >&2").run(&address()).await.unwrap();
        assert_eq!(ended.stdout, "postgresql://u:****@h:5/d%20b pg+x://u:****@h ****\n");
        // The two streams meet in whatever order they come.
        assert!(ended.output.lines().any(|line| line == "h"), "{}", ended.output);
        assert_eq!(ended.code, Some(0));
    }

    #[tokio::test]
    async fn a_command_that_fails_says_its_code_and_its_last_lines() {
        let applied = command("echo p@ss/word is wrong; exit 3").apply(&address()).await.unwrap();
        assert_eq!(applied.stopped.unwrap().message, "ended with code 3: **** is wrong");
    }

    #[tokio::test]
    async fn a_command_over_its_limit_ends_with_all_its_children() {
        let mut slow = command("sleep 600 & echo $!; wait");
        slow.limit = Duration::from_millis(300);
        let ended = slow.run(&address()).await.unwrap();
        assert_eq!(ended.code, None);
        let child = ended.stdout.trim().to_owned();
        for _ in 0..200 {
            // Gone, or a zombie that nobody has waited for yet.
            let state = fs_err::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
            if state.is_empty() || state.contains(") Z") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("process {child} is still there");
    }

    #[test]
    fn of_a_traceback_the_error_is_quoted() {
        let traceback = "INFO  [alembic] up\nTraceback (most recent call last):\n  File \"env.py\", line 80, in <module>\n    run()\n    ^^^^^\nsqlalchemy.Error: no\n[SQL: CREATE TYPE kind]\n";
        assert_eq!(last_words(traceback), "sqlalchemy.Error: no\n[SQL: CREATE TYPE kind]");
        assert_eq!(last_words("one\n\ntwo\n"), "one\ntwo");
    }

    #[test]
    fn a_url_says_sslmode_where_it_was_asked_for() {
        assert_eq!(url(&address()), "postgresql://u:p%40ss%2Fword@h:5/d%20b");
        let roots = Encryption::VerifyFull(Some("/etc/my roots.pem".into()));
        let address = DatabaseAddress { encryption: roots, ..address() };
        let end = "/d%20b?sslmode=verify-full&sslrootcert=%2Fetc%2Fmy%20roots.pem";
        assert!(url(&address).ends_with(end), "{}", url(&address));
        assert!(variables(&address).contains(&("PGSSLROOTCERT", "/etc/my roots.pem".to_owned())));
    }

    #[test]
    fn no_other_database_can_be_reached_by_a_variable() {
        for (name, value) in [
            ("PGHOST", "x"),
            ("PROD_DATABASE_URL", "x"),
            ("ANY", "postgresql+asyncpg://x"),
            ("PGSERVICE", "x"),
        ] {
            assert!(names_a_database(name, value), "{name}");
        }
        assert!(!names_a_database("PATH", "/usr/lib/postgresql/15/bin"));
    }
}
