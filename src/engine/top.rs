//! The processes of a container, as its host sees them.

use anyhow::Result;
use bollard::query_parameters::TopOptions;

use super::{Engine, failed};

impl Engine {
    /// The user ids of a container's processes, its first process's before all others.
    pub async fn process_users(&self, container: &str) -> Result<Vec<u32>> {
        let options = TopOptions { ps_args: "-eo uid,pid".to_owned() };
        let top = self
            .docker
            .top_processes(container, Some(options))
            .await
            .map_err(|error| failed(&format!("list the processes of {container}"), error))?;
        let processes = top.processes.unwrap_or_default();
        Ok(processes.iter().filter_map(|columns| columns.first()?.trim().parse().ok()).collect())
    }
}
