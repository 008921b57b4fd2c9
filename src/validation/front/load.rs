//! The load that several checks read: run once, with the containers' usage sampled beside it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::Edge;
use crate::engine::{Engine, Usage};
use crate::http::{self, Client, Load, LoadResult, Request};
use crate::validation::facts::Facts;

/// No run loads the twin for longer.
const LONGEST: Duration = Duration::from_secs(40);
const SAMPLE_EVERY: Duration = Duration::from_millis(250);

/// What the load showed.
#[derive(Debug)]
pub struct LoadRun {
    /// What was asked, and by which way.
    pub what: String,
    pub result: LoadResult,
    /// Of each running container; or why there is none.
    pub usage: Result<Vec<ContainerUsage>, String>,
}

/// The most that a container used while the load ran.
#[derive(Debug, Clone, PartialEq)]
pub struct ContainerUsage {
    pub name: String,
    pub memory_bytes: u64,
    /// Cores, on average over the load.
    pub cores: f64,
    /// 0: no limit.
    pub memory_limit: u64,
    pub cores_limit: f64,
}

impl Edge {
    /// Runs the load, or hands out what the first run showed.
    pub async fn load(&self, facts: &Facts) -> Result<Arc<LoadRun>, String> {
        self.load.get_or_init(|| run(self, facts)).await.clone()
    }

    /// What can be loaded without meeting the rate limit: the health route through the proxy if it is
    /// free, else the application's own port.
    fn unlimited(&self) -> Option<(&Client, String)> {
        let health = &self.paths.health;
        if self.paths.health_is_free() {
            return Some((&self.secure, format!("{health} through the proxy")));
        }
        self.app.as_ref().map(|app| (app, format!("{health} on the application's port")))
    }
}

async fn run(edge: &Edge, facts: &Facts) -> Result<Arc<LoadRun>, String> {
    let (client, way) = edge.unlimited().ok_or(
        "every way to the application is rate limited: add a route of kind `health` or publish its port",
    )?;
    let validation = &facts.settings.config.validation;
    let load = Load {
        request: Request::get(&edge.paths.health),
        connections: validation.load_connections,
        duration: Duration::from_secs(validation.load_seconds.max(1)).min(LONGEST),
    };
    let what = format!("{way}, {} connections for {} s", load.connections, load.duration.as_secs());
    let (result, usage) = tokio::join!(http::load(client, &load), sampled(facts, load.duration));
    Ok(Arc::new(LoadRun { what, result: result.map_err(|error| format!("{error:#}"))?, usage }))
}

async fn sampled(facts: &Facts, duration: Duration) -> Result<Vec<ContainerUsage>, String> {
    let engine = facts.engine.as_ref().map_err(|_| "the engine does not answer".to_owned())?;
    let containers: Vec<_> = facts.running().collect();
    let usages = containers.iter().map(|container| async {
        let limits = &container.host;
        let (cores, memory_bytes) = watch(engine, &container.id, duration).await?;
        anyhow::Ok(ContainerUsage {
            name: container.name.clone(),
            memory_bytes,
            cores,
            memory_limit: limits.memory.max(0) as u64,
            cores_limit: limits.nano_cpus.max(0) as f64 / 1e9,
        })
    });
    join_all(usages).await.into_iter().collect::<Result<_, _>>().map_err(|error| format!("{error:#}"))
}

/// Average cores and highest memory of a container over `duration`.
async fn watch(engine: &Engine, id: &str, duration: Duration) -> anyhow::Result<(f64, u64)> {
    let started = tokio::time::Instant::now();
    let first: Usage = engine.usage(id).await?;
    let mut memory = first.memory;
    let mut ticks = tokio::time::interval(SAMPLE_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let now = engine.usage(id).await?;
        memory = memory.max(now.memory);
        let elapsed = started.elapsed();
        if elapsed >= duration {
            let nanos = now.cpu_nanos.saturating_sub(first.cpu_nanos) as f64;
            return Ok((nanos / elapsed.as_nanos() as f64, memory));
        }
    }
}
