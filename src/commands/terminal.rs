//! A command in a container, joined to this process's own input and output.

use std::io::{IsTerminal as _, Read as _, Write as _};

use anyhow::Result;
use futures_util::StreamExt as _;
use rustix::termios::{self, OptionalActions, Termios};
use tokio::io::AsyncWriteExt as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::Context;
use crate::engine::{Engine, ExecInput};
use crate::failure::Failure;

/// Exit codes above this one do not fit in a process's exit code.
const LARGEST: i64 = 255;

/// Runs the command with this process's stdin, stdout and stderr; with a terminal where one is
/// asked for and both ends are one. Returns the command's exit code.
pub async fn run(context: &Context, engine: &Engine, container: &str, input: ExecInput) -> Result<u8> {
    let tty = input.tty && std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let mut running = engine.exec_start(container, ExecInput { tty, ..input }).await?;
    let _raw = if tty { Raw::enter() } else { None };
    if tty {
        follow_size(engine.clone(), running.id.clone());
    }
    let mut keys = read_stdin();
    let send = async {
        while let Some(bytes) = keys.recv().await {
            if running.input.write_all(&bytes).await.is_err() || running.input.flush().await.is_err() {
                break;
            }
        }
        let _ = running.input.shutdown().await;
        std::future::pending::<()>().await;
    };
    let receive = async {
        while let Some(chunk) = running.output.next().await {
            let (stderr, bytes) = chunk?;
            let written = if stderr {
                std::io::stderr().lock().write_all(&bytes)
            } else {
                let mut out = std::io::stdout().lock();
                out.write_all(&bytes).and_then(|()| out.flush())
            };
            // Nobody reads any more: that is the reader's choice.
            if written.is_err() {
                break;
            }
        }
        anyhow::Ok(())
    };
    tokio::select! {
        // In raw mode Ctrl-C goes to the command.
        () = context.interrupt.wait() => return Err(Failure::interrupted().into()),
        () = send => {}
        result = receive => result?,
    }
    let code = engine.exec_code(&running.id).await?;
    Ok(u8::try_from(code.clamp(0, LARGEST)).unwrap_or(u8::MAX))
}

/// A thread of its own: a read that nobody answers must not hold up the end of the process.
fn read_stdin() -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel(16);
    std::thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(count @ 1..) = std::io::stdin().lock().read(&mut buffer) {
            if sender.blocking_send(buffer[..count].to_vec()).is_err() {
                break;
            }
        }
    });
    receiver
}

/// Tells the command the terminal's size, now and when it changes.
fn follow_size(engine: Engine, id: String) {
    tokio::spawn(async move {
        let Ok(mut changes) = signal(SignalKind::window_change()) else { return };
        loop {
            if let Ok(size) = termios::tcgetwinsize(std::io::stdout()) {
                let _ = engine.exec_resize(&id, size.ws_col, size.ws_row).await;
            }
            if changes.recv().await.is_none() {
                return;
            }
        }
    });
}

/// The terminal in raw mode; as it was before on drop.
struct Raw(Termios);

impl Raw {
    fn enter() -> Option<Self> {
        let before = termios::tcgetattr(std::io::stdin()).ok()?;
        let mut raw = before.clone();
        raw.make_raw();
        termios::tcsetattr(std::io::stdin(), OptionalActions::Now, &raw).ok()?;
        Some(Self(before))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = termios::tcsetattr(std::io::stdin(), OptionalActions::Now, &self.0);
    }
}
