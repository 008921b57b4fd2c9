//! Waiting for containers by events, not by ticks: a container is ready the moment its own
//! health command first succeeds, whatever the engine's interval is.

use std::time::Duration;

use anyhow::Result;
use futures_util::StreamExt as _;
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::explain::{self, LastProbe};
use super::plan::Until;
use crate::engine::{Container, Engine, EngineEvent, EventKind, ExecInput, Healthcheck};
use crate::failure::Failure;

/// A service without a health check must stay up for this long.
const STAYS_UP: Duration = Duration::from_secs(1);
/// Pauses between probes, doubling.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// The engine's own default for a probe.
const PROBE_TIMEOUT: Duration = Duration::from_secs(30);
/// So many deaths within a wait are a restart loop.
const LOOP: u32 = 3;

/// Listens to the engine for all waits of a run.
pub struct Watcher {
    engine: Engine,
    events: broadcast::Sender<EngineEvent>,
    listener: JoinHandle<()>,
    limit: Duration,
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Watcher {
    /// Subscribes to the events of the project. `limit` is how long one wait may take.
    pub fn new(engine: &Engine, project: &str, limit: Duration) -> Self {
        let (events, _) = broadcast::channel(1024);
        let sender = events.clone();
        let mut stream = Box::pin(engine.project_events(project));
        let listener = tokio::spawn(async move {
            while let Some(Ok(event)) = stream.next().await {
                let _ = sender.send(event);
            }
        });
        Self { engine: engine.clone(), events, listener, limit }
    }

    /// Waits for a container; the error says why it did not get there.
    /// Ends at once, with an error nobody shows, when `cancelled` turns true.
    pub async fn wait(&self, name: &str, until: Until, mut cancelled: watch::Receiver<bool>) -> Result<()> {
        let mut probe = LastProbe::default();
        let work = async {
            let events = self.events.subscribe();
            let container = self.inspect(name).await?;
            match (until, &container.healthcheck) {
                (Until::Completed, _) => self.completed(events, &container).await,
                (Until::Ready, Some(check)) => self.healthy(events, &container, check, &mut probe).await,
                (Until::Ready, None) => self.stays_up(events, &container).await,
            }
        };
        let result = tokio::select! {
            biased;
            _ = cancelled.wait_for(|&cancelled| cancelled) => return Err(Failure::interrupted().into()),
            result = timeout(self.limit, work) => result,
        };
        let why = match result {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(why)) => format!("{why:#}"),
            Err(_) => format!("it was not ready within {} s", self.limit.as_secs()),
        };
        Err(explain::not_ready(&self.engine, name, &why, &probe).await)
    }

    /// A last look at containers that were ready: what ended since then is a failure.
    pub async fn still_up(&self, names: &[String]) -> Result<()> {
        let looks = names.iter().map(async |name| (name, self.inspect(name).await));
        for (name, container) in futures_util::future::join_all(looks).await {
            let container = container?;
            let state = &container.state;
            let well = state.status == "exited" && state.exit_code == 0;
            let done = well && matches!(container.host.restart.as_str(), "no" | "on-failure");
            let unsteady = container.healthcheck.is_none() && state.restart_count > 0;
            if !done && (state.status != "running" || unsteady) {
                let why = format!("it was ready, and then {:#}", ended(&container));
                return Err(explain::not_ready(&self.engine, name, &why, &LastProbe::None).await);
            }
        }
        Ok(())
    }

    async fn inspect(&self, name: &str) -> Result<Container> {
        let container = self.engine.container(name).await?;
        container.ok_or_else(|| Failure::failed("it was removed").into())
    }

    /// Ready by the own probe or by the engine's, whichever is first.
    async fn healthy(
        &self,
        events: broadcast::Receiver<EngineEvent>,
        container: &Container,
        check: &Healthcheck,
        probe: &mut LastProbe,
    ) -> Result<()> {
        tokio::select! {
            result = self.probe(container, check, probe) => result,
            result = self.observe_events(events, container) => result,
        }
    }

    async fn probe(&self, container: &Container, check: &Healthcheck, last: &mut LastProbe) -> Result<()> {
        let command = match check.test.split_first() {
            Some((kind, rest)) if kind == "CMD-SHELL" => {
                vec!["/bin/sh".to_owned(), "-c".to_owned(), rest.join(" ")]
            }
            Some((_, rest)) => rest.to_vec(),
            None => Vec::new(),
        };
        let limit = check.timeout.unwrap_or(PROBE_TIMEOUT);
        let mut pause = FIRST_PAUSE;
        loop {
            let input = ExecInput { command: command.clone(), ..ExecInput::default() };
            match self.engine.exec_within(&container.id, input, limit).await {
                Ok(Some(output)) if output.code == 0 => return Ok(()),
                Ok(Some(output)) => *last = LastProbe::Answered(output),
                Ok(None) => *last = LastProbe::TimedOut(limit),
                // A container that is down for a moment cannot be asked; its state says more.
                Err(_) => self.alive(&container.id).await?,
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn alive(&self, id: &str) -> Result<()> {
        let container = self.inspect(id).await?;
        let state = &container.state;
        if state.restart_count >= i64::from(LOOP) {
            return Err(restart_loop(state.exit_code));
        }
        match state.status.as_str() {
            "running" | "restarting" | "paused" => Ok(()),
            _ => Err(ended(&container)),
        }
    }

    /// Ends when the engine calls the container healthy, unhealthy, dead or gone.
    async fn observe_events(
        &self,
        mut events: broadcast::Receiver<EngineEvent>,
        container: &Container,
    ) -> Result<()> {
        let mut deaths = 0;
        loop {
            match next(&mut events, &container.id).await {
                EventKind::Healthy => return Ok(()),
                EventKind::Unhealthy => return Err(Failure::failed("its health check fails").into()),
                EventKind::Destroy => return Err(Failure::failed("it was removed").into()),
                EventKind::Die { exit_code } => {
                    deaths += 1;
                    if !restarts(container, exit_code) {
                        return Err(Failure::failed(format!("it ended with exit code {exit_code}")).into());
                    }
                    if deaths >= LOOP {
                        return Err(restart_loop(exit_code));
                    }
                }
                EventKind::Start => {}
            }
        }
    }

    async fn stays_up(
        &self,
        mut events: broadcast::Receiver<EngineEvent>,
        container: &Container,
    ) -> Result<()> {
        let quiet = async {
            loop {
                if let EventKind::Die { exit_code } = next(&mut events, &container.id).await {
                    return exit_code;
                }
            }
        };
        let died = timeout(STAYS_UP, quiet).await.ok();
        let now = self.inspect(&container.id).await?;
        let ended_well = now.state.status == "exited" && now.state.exit_code == 0;
        match died {
            _ if ended_well && matches!(container.host.restart.as_str(), "no" | "on-failure") => Ok(()),
            Some(exit_code) => Err(Failure::failed(format!("it ended with exit code {exit_code}")).into()),
            None if now.state.status != "running"
                || now.state.restart_count > container.state.restart_count =>
            {
                Err(ended(&now))
            }
            None => Ok(()),
        }
    }

    async fn completed(
        &self,
        mut events: broadcast::Receiver<EngineEvent>,
        container: &Container,
    ) -> Result<()> {
        let mut failures = 0;
        let mut now = container.clone();
        loop {
            if now.state.status == "exited" {
                if now.state.exit_code == 0 {
                    return Ok(());
                }
                if !restarts(container, now.state.exit_code) {
                    return Err(ended(&now));
                }
                failures += 1;
                if failures >= LOOP {
                    return Err(restart_loop(now.state.exit_code));
                }
            }
            // An event that was missed is caught by the next look.
            let _ = timeout(STAYS_UP, next(&mut events, &container.id)).await;
            now = self.inspect(&container.id).await?;
        }
    }
}

/// The next event of one container. Pending for ever when the stream has ended: the probes
/// and the time limit still work.
async fn next(events: &mut broadcast::Receiver<EngineEvent>, id: &str) -> EventKind {
    loop {
        match events.recv().await {
            Ok(event) if event.container == id => return event.kind,
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// Whether the engine starts the container again after this exit.
fn restarts(container: &Container, exit_code: i64) -> bool {
    match container.host.restart.as_str() {
        "always" | "unless-stopped" => true,
        "on-failure" => exit_code != 0,
        _ => false,
    }
}

fn ended(container: &Container) -> anyhow::Error {
    let state = &container.state;
    let memory = if state.oom_killed { " (out of memory: raise its limit)" } else { "" };
    let error = if state.error.is_empty() { String::new() } else { format!(": {}", state.error) };
    Failure::failed(format!("it ended with exit code {}{memory}{error}", state.exit_code)).into()
}

fn restart_loop(exit_code: i64) -> anyhow::Error {
    Failure::failed(format!("it ends again and again, the last time with exit code {exit_code}")).into()
}
