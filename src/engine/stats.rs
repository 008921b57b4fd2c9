//! One sample of what a container uses.

use anyhow::Result;
use bollard::models::{ContainerCpuStats, ContainerMemoryStats, ContainerStatsResponse};
use bollard::query_parameters::StatsOptions;
use futures_util::{Stream, StreamExt as _};
use serde::Serialize;

use super::{Engine, failed};
use crate::failure::Failure;

/// What a container uses. The engine measures CPU over about one second.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Stats {
    /// 100 is one core.
    pub cpu_percent: f64,
    /// Bytes, without the page cache, as `docker stats` shows it.
    pub memory: u64,
    /// Bytes; the host's memory when there is no limit.
    pub memory_limit: u64,
    pub pids: u64,
    pub rx_bytes: u64,
    pub tx_bytes: u64,
    /// Bytes read from and written to disks.
    pub read_bytes: u64,
    pub written_bytes: u64,
}

/// A reading of a container's counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time since its start, in nanoseconds, over all cores.
    pub cpu_nanos: u64,
    /// Bytes, without the page cache, as `docker stats` shows it.
    pub memory: u64,
}

impl Engine {
    /// Reads the counters once; takes milliseconds, because the engine measures nothing over time.
    pub async fn usage(&self, container: &str) -> Result<Usage> {
        let sample = self.sample(container, true).await?;
        Ok(Usage {
            cpu_nanos: cpu_nanos(&sample.cpu_stats.unwrap_or_default()),
            memory: memory(&sample.memory_stats.unwrap_or_default()),
        })
    }

    async fn sample(&self, container: &str, one_shot: bool) -> Result<ContainerStatsResponse> {
        let options = StatsOptions { stream: false, one_shot };
        Box::pin(self.docker.stats(container, Some(options)))
            .next()
            .await
            .ok_or_else(|| Failure::failed(format!("stats of {container}: no answer")))?
            .map_err(|error| failed(&format!("stats of {container}"), error))
    }

    /// Samples a running container; takes one to two seconds.
    pub async fn stats(&self, container: &str) -> Result<Stats> {
        Ok(stats(self.sample(container, false).await?))
    }

    /// A sample of a container every second, for as long as it runs.
    pub fn stats_stream(&self, container: &str) -> impl Stream<Item = Result<Stats>> + Send + use<> {
        let options = StatsOptions { stream: true, one_shot: false };
        let name = container.to_owned();
        Box::pin(self.docker.stats(container, Some(options)))
            // The first one has nothing before it to measure the processor against.
            .skip(1)
            .map(move |sample| sample.map(stats).map_err(|error| failed(&format!("stats of {name}"), error)))
    }
}

fn stats(sample: ContainerStatsResponse) -> Stats {
    let used = sample.memory_stats.unwrap_or_default();
    let networks = sample.networks.unwrap_or_default();
    let disks = sample.blkio_stats.and_then(|disks| disks.io_service_bytes_recursive).unwrap_or_default();
    let bytes = |operation: &str| {
        disks
            .iter()
            .filter(|entry| entry.op.as_deref().is_some_and(|op| op.eq_ignore_ascii_case(operation)))
            .filter_map(|entry| entry.value)
            .sum()
    };
    Stats {
        cpu_percent: cpu_percent(
            &sample.cpu_stats.unwrap_or_default(),
            &sample.precpu_stats.unwrap_or_default(),
        ),
        memory: memory(&used),
        memory_limit: used.limit.unwrap_or_default(),
        pids: sample.pids_stats.unwrap_or_default().current.unwrap_or_default(),
        rx_bytes: networks.values().filter_map(|network| network.rx_bytes).sum(),
        tx_bytes: networks.values().filter_map(|network| network.tx_bytes).sum(),
        read_bytes: bytes("read"),
        written_bytes: bytes("write"),
    }
}

fn memory(stats: &ContainerMemoryStats) -> u64 {
    let detail = |name: &str| stats.stats.as_ref().and_then(|details| details.get(name)).copied();
    let cache = detail("inactive_file").or_else(|| detail("total_inactive_file")).unwrap_or_default();
    stats.usage.unwrap_or_default().saturating_sub(cache)
}

fn cpu_nanos(stats: &ContainerCpuStats) -> u64 {
    stats.cpu_usage.as_ref().and_then(|usage| usage.total_usage).unwrap_or_default()
}

fn cpu_percent(now: &ContainerCpuStats, before: &ContainerCpuStats) -> f64 {
    let used = cpu_nanos(now).saturating_sub(cpu_nanos(before));
    let system =
        now.system_cpu_usage.unwrap_or_default().saturating_sub(before.system_cpu_usage.unwrap_or_default());
    if system == 0 {
        return 0.0;
    }
    used as f64 / system as f64 * f64::from(now.online_cpus.unwrap_or(1)) * 100.0
}
