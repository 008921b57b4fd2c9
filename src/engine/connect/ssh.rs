//! An engine behind ssh: one connection, and every request a channel of it.
//!
//! `ssh` itself makes the connection, so that the user's keys, agent, jump hosts and configuration
//! count. It forwards a private local socket to the engine's socket over there, which needs no
//! docker on the other side; where the server forbids that, each connection runs
//! `docker system dial-stdio` through the same ssh, as docker's own command line does.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::endpoint::{DEFAULT_SOCKET, SshAddress};
use crate::failure::Failure;

/// How long ssh may take to connect; typing a passphrase counts.
const PATIENCE: Duration = Duration::from_secs(60);
/// What ssh says once it is connected and forwards.
const READY: &str = "stagectl-ready";
/// How much of ssh's own words is kept, in bytes.
const WORDS: usize = 4096;

/// An open ssh connection; it ends with the last clone of it.
#[derive(Debug)]
pub(super) struct Tunnel {
    address: SshAddress,
    /// Holds the sockets; nobody else may enter.
    folder: TempDir,
    words: Arc<Mutex<String>>,
    /// Its stdin is this process's: ssh ends with it, also when it is killed.
    _master: Child,
}

/// A connection through `docker system dial-stdio`; the process ends with it.
pub(super) struct Dialed {
    pub ends: tokio::io::Join<ChildStdout, ChildStdin>,
    _process: Child,
}

impl Tunnel {
    /// Connects, and waits until connections can be made through it.
    pub async fn open(address: &SshAddress) -> Result<Self, Failure> {
        let broken = |words: String| {
            Failure::environment(format!("ssh to {}: {words}", address.host))
                .hint(format!("try it by hand: `ssh {} true`", target(address)))
        };
        let folder = tempfile::Builder::new()
            .prefix("stagectl-ssh-")
            .tempdir()
            .map_err(|error| broken(format!("make a private folder: {error}")))?;
        let mut command = Command::new("ssh");
        command
            .args(["-T", "-o", "ControlMaster=yes", "-o", "ControlPersist=no", "-o", "ConnectTimeout=30"])
            .args(["-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4"])
            .args(["-o", "ExitOnForwardFailure=no", "-o", "StreamLocalBindUnlink=yes"])
            .args(["-o", "PermitLocalCommand=yes", "-o", &format!("LocalCommand=echo {READY}")])
            .arg("-o")
            .arg(format!("ControlPath={}", folder.path().join("control").display()))
            .arg("-L")
            .arg(format!("{}:{}", folder.path().join("engine").display(), address.socket));
        // `cat` lives as long as this process holds its end.
        host(&mut command, address).arg("cat");
        let mut master = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => {
                    Failure::environment("there is no `ssh` on this machine, and the engine is behind ssh")
                        .hint("install it (`apt-get install openssh-client`)")
                }
                _ => broken(error.to_string()),
            })?;
        let words = Arc::new(Mutex::new(String::new()));
        let listening = master.stderr.take().map(|stderr| tokio::spawn(listen(stderr, words.clone())));
        let mut lines = master.stdout.take().map(|stdout| BufReader::new(stdout).lines());
        let ready = async {
            while let Some(lines) = &mut lines
                && let Ok(Some(line)) = lines.next_line().await
            {
                if line.trim() == READY {
                    return true;
                }
            }
            false
        };
        match tokio::time::timeout(PATIENCE, ready).await {
            Ok(true) => {}
            Ok(false) => {
                // All that ssh had to say is there once its end is closed.
                if let Some(listening) = listening {
                    let _ = listening.await;
                }
                let words = last_words(&words);
                return Err(broken(if words.is_empty() { "it ended at once".to_owned() } else { words }));
            }
            Err(_) => return Err(broken(format!("no connection within {} s", PATIENCE.as_secs()))),
        }
        // Whatever comes on stdout from now on is `cat`'s, which is never told anything.
        Ok(Self { address: address.clone(), folder, words, _master: master })
    }

    /// The local end of the engine's socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("engine")
    }

    /// What ssh complained of last.
    pub fn words(&self) -> String {
        last_words(&self.words)
    }

    /// A connection through the other side's docker command line, over the same ssh.
    pub fn dial(&self) -> std::io::Result<Dialed> {
        let mut command = Command::new("ssh");
        command.args(["-T", "-o", "ControlMaster=no", "-o", "BatchMode=yes"]).arg("-o");
        command.arg(format!("ControlPath={}", self.control().display()));
        host(&mut command, &self.address).arg("docker");
        if self.address.socket != DEFAULT_SOCKET {
            command.arg("--host").arg(format!("unix://{}", self.address.socket));
        }
        command.args(["system", "dial-stdio"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        match (child.stdout.take(), child.stdin.take()) {
            (Some(output), Some(input)) => {
                Ok(Dialed { ends: tokio::io::join(output, input), _process: child })
            }
            _ => Err(std::io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn control(&self) -> PathBuf {
        self.folder.path().join("control")
    }
}

/// `USER@HOST`, with the port, as for ssh's command line.
fn target(address: &SshAddress) -> String {
    let user = address.user.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
    let port = address.port.map(|port| format!("-p {port} ")).unwrap_or_default();
    format!("{port}{user}{}", address.host)
}

fn host<'c>(command: &'c mut Command, address: &SshAddress) -> &'c mut Command {
    if let Some(port) = address.port {
        command.arg("-p").arg(port.to_string());
    }
    if let Some(user) = &address.user {
        command.arg("-l").arg(user);
    }
    command.arg("--").arg(&address.host)
}

/// Keeps the end of what ssh says.
async fn listen(mut stderr: tokio::process::ChildStderr, words: Arc<Mutex<String>>) {
    let mut buffer = [0; 1024];
    while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
        let Ok(mut words) = words.lock() else { return };
        words.push_str(&String::from_utf8_lossy(&buffer[..count]));
        let surplus = words.len().saturating_sub(WORDS);
        let start = (surplus..=words.len()).find(|&at| words.is_char_boundary(at)).unwrap_or_default();
        words.drain(..start);
    }
}

/// The last line that is not a mere notice.
fn last_words(words: &Mutex<String>) -> String {
    let words = words.lock().map(|words| words.clone()).unwrap_or_default();
    let mut lines = words.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.next_back().unwrap_or_default().to_owned()
}
