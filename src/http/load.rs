//! A bounded load: so many connections for so long, each asking again as soon as it is answered.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::task::JoinSet;

use super::client::{Client, Connection};
use super::latency::Latencies;
use super::request::Request;
use super::response::Response;

/// What to send, and its bounds.
#[derive(Debug, Clone)]
pub struct Load {
    pub request: Request,
    pub connections: u32,
    pub duration: Duration,
}

/// No load sends more requests than this, however fast the server is.
const MOST_REQUESTS: usize = 400_000;
/// Nor opens more connections.
const MOST_CONNECTIONS: u32 = 256;

/// What came back.
#[derive(Debug, Clone, Default)]
pub struct LoadResult {
    /// Of the requests that were answered below 400.
    pub latencies: Latencies,
    /// What went wrong (a status, or words) and how often.
    pub errors: BTreeMap<String, u64>,
    pub elapsed: Duration,
}

impl LoadResult {
    pub fn failed(&self) -> u64 {
        self.errors.values().sum()
    }

    pub fn sent(&self) -> u64 {
        self.latencies.count() as u64 + self.failed()
    }

    pub fn error_percent(&self) -> f64 {
        if self.sent() == 0 { 100.0 } else { 100.0 * self.failed() as f64 / self.sent() as f64 }
    }

    pub fn per_second(&self) -> f64 {
        self.sent() as f64 / self.elapsed.as_secs_f64().max(0.001)
    }
}

/// Runs the load to its end. The client can only have a loopback target.
pub async fn run(client: &Client, load: &Load) -> Result<LoadResult> {
    let started = Instant::now();
    let end = started + load.duration;
    let connections = load.connections.clamp(1, MOST_CONNECTIONS);
    let share = MOST_REQUESTS / connections as usize;
    let mut workers = JoinSet::new();
    for _ in 0..connections {
        workers.spawn(worker(client.clone(), load.request.clone(), end, share));
    }
    let mut times = Vec::new();
    let mut errors = BTreeMap::new();
    while let Some(worker) = workers.join_next().await {
        let (own_times, own_errors) = worker?;
        times.extend(own_times);
        for (what, count) in own_errors {
            *errors.entry(what).or_insert(0) += count;
        }
    }
    Ok(LoadResult { latencies: Latencies::new(times), errors, elapsed: started.elapsed() })
}

async fn worker(
    client: Client,
    request: Request,
    end: Instant,
    share: usize,
) -> (Vec<Duration>, BTreeMap<String, u64>) {
    let mut times = Vec::new();
    let mut errors = BTreeMap::new();
    let mut idle = None;
    for _ in 0..share {
        if Instant::now() >= end {
            break;
        }
        note(&mut times, &mut errors, once(&client, &request, &mut idle).await);
    }
    (times, errors)
}

/// One request, on the idle connection if there is one. A server may close an idle or spent connection at
/// any moment: then the request goes out again on a new one, and only that answer counts.
async fn once(client: &Client, request: &Request, idle: &mut Option<Connection>) -> Result<Response> {
    if let Some(mut connection) = idle.take() {
        match connection.send(request).await {
            Ok(response) => {
                *idle = Some(connection).filter(|c| !c.is_closed());
                return Ok(response);
            }
            Err(error) if !connection.is_closed() => return Err(error),
            Err(_) => {}
        }
    }
    let mut connection = client.open().await?;
    let response = connection.send(request).await?;
    *idle = Some(connection).filter(|c| !c.is_closed());
    Ok(response)
}

fn note(times: &mut Vec<Duration>, errors: &mut BTreeMap<String, u64>, answer: Result<Response>) {
    let what = match answer {
        Ok(response) if response.status < 400 => return times.push(response.timings.total),
        Ok(response) => format!("status {}", response.status),
        Err(error) => error.root_cause().to_string(),
    };
    *errors.entry(what).or_insert(0) += 1;
}
