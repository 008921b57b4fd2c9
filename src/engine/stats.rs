//! What a container uses at this moment.

use anyhow::{Context as _, Result};
use bollard::query_parameters::StatsOptions;
use futures_util::StreamExt as _;

use super::Engine;

/// A reading of a container's counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time since its start, in nanoseconds, over all cores.
    pub cpu_nanos: u64,
    /// Memory in use, without the page cache that the kernel would give back, in bytes.
    pub memory_bytes: u64,
}

impl Engine {
    /// One reading; it takes the engine some milliseconds.
    pub async fn usage(&self, container: &str) -> Result<Usage> {
        let options = StatsOptions { stream: false, one_shot: true };
        let mut stream = self.docker.stats(container, Some(options));
        let stats = stream.next().await.context("the engine has no numbers")?;
        let stats = stats.with_context(|| format!("read the usage of {container}"))?;
        let memory = stats.memory_stats.unwrap_or_default();
        let details = memory.stats.unwrap_or_default();
        let cache = ["inactive_file", "total_inactive_file"].iter().find_map(|key| details.get(*key));
        Ok(Usage {
            cpu_nanos: stats
                .cpu_stats
                .and_then(|cpu| cpu.cpu_usage)
                .and_then(|usage| usage.total_usage)
                .unwrap_or_default(),
            memory_bytes: memory.usage.unwrap_or_default().saturating_sub(cache.copied().unwrap_or_default()),
        })
    }
}
