//! Ctrl-C and SIGTERM: the work stops at the next safe place, then cleans up.
//! A second signal ends the process at once; the next run recovers.

use std::future::Future;

use anyhow::Result;
use tokio::sync::watch;

use crate::exit;
use crate::failure::Failure;

/// Tells whether the user asked to stop. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Interrupt(watch::Receiver<bool>);

impl Interrupt {
    /// Listens for SIGINT and SIGTERM from now on.
    pub fn listen() -> Self {
        let (sender, receiver) = watch::channel(false);
        tokio::spawn(async move {
            signal().await;
            let _ = sender.send(true);
            signal().await;
            exit_now();
        });
        Self(receiver)
    }

    /// One that never fires, for tests.
    pub fn never() -> Self {
        Self(watch::channel(false).1)
    }

    pub fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Resolves when the user asked to stop.
    pub async fn wait(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|set| *set).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Runs `work`, which is dropped at its next await when the user asks to stop.
    /// Clean up after the error that this returns then.
    pub async fn guard<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            () = self.wait() => Err(Failure::interrupted().into()),
            result = work => result,
        }
    }
}

async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[expect(clippy::disallowed_methods, reason = "the user asked twice: there is no main to return to in time")]
fn exit_now() {
    std::process::exit(i32::from(exit::INTERRUPTED));
}
