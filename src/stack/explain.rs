//! Why a start failed, in the words of the container itself: its last probe, its last lines,
//! who holds its port.

use std::time::Duration;

use super::labels;
use super::ports;
use crate::engine::{Container, Engine, ExecOutput, Published};
use crate::failure::Failure;

/// How many log lines are shown.
const LINES: u64 = 20;

/// The last answer of a health check.
#[derive(Debug, Default)]
pub enum LastProbe {
    #[default]
    None,
    Answered(ExecOutput),
    TimedOut(Duration),
}

/// The failure of a container that did not get ready.
pub async fn not_ready(engine: &Engine, name: &str, why: &str, probe: &LastProbe) -> anyhow::Error {
    let container = engine.container(name).await.ok().flatten();
    let service = container.as_ref().map_or(name, Container::service).to_owned();
    let mut text = format!("{service} did not start: {why}");
    match probe {
        LastProbe::None => {}
        LastProbe::TimedOut(limit) => {
            text.push_str(&format!("\n  its last health check did not answer within {} s", limit.as_secs()));
        }
        LastProbe::Answered(output) => {
            text.push_str(&format!("\n  its last health check ended with exit code {}", output.code));
            for line in output.stdout.lines().chain(output.stderr.lines()).take(5) {
                text.push_str(&format!("\n    {line}"));
            }
        }
    }
    if let Ok(lines) = engine.last_lines(name, LINES).await {
        if lines.is_empty() {
            text.push_str("\n  it wrote no log");
        } else {
            text.push_str("\n  its last log lines:");
        }
        for line in lines {
            text.push_str(&format!("\n    {line}"));
        }
    }
    Failure::failed(text).into()
}

/// The failure of a start that the engine refused; names who holds the port, when it is one.
pub async fn not_started(engine: &Engine, name: &str, error: anyhow::Error) -> anyhow::Error {
    let text = format!("{error:#}");
    let taken = text.contains("already allocated") || text.contains("address already in use");
    if !taken {
        return error.context(format!("start {name}"));
    }
    let wanted = engine.container(name).await.ok().flatten().map(|c| c.host.wanted_ports).unwrap_or_default();
    for port in wanted.iter().filter(|port| {
        text.contains(&format!(":{} ", port.host_port)) || text.contains(&format!(":{}:", port.host_port))
    }) {
        if let Some(holder) = holder(engine, name, port).await {
            return Failure::failed(format!("start {name}: port {} is taken by {holder}", port.host_port))
                .hint("stop that, or choose another port in stagectl.yml")
                .into();
        }
    }
    error.context(format!("start {name}"))
}

async fn holder(engine: &Engine, name: &str, wanted: &Published) -> Option<String> {
    let Published { host_port: port, protocol, .. } = wanted;
    let containers = engine.all_containers().await.ok()?;
    let other = containers
        .iter()
        .find(|c| c.name != name && c.ports.iter().any(|p| p.host_port == *port && p.protocol == *protocol));
    if let Some(other) = other {
        let owner = other.labels.get(labels::PROJECT).map(|p| format!(" of project {p}")).unwrap_or_default();
        return Some(format!("the container {}{owner}", other.name));
    }
    let listener = ports::listeners(&[*port]).into_iter().find(|listener| listener.protocol == protocol)?;
    Some(match listener.process {
        Some(process) => format!("the process {} (pid {})", process.name, process.pid),
        None => "a process of another user".to_owned(),
    })
}
